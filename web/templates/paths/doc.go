// Package paths builds the program's URLs, each from one function, so that
// templates, handlers and tests agree. Names are encoded so that every table,
// whatever it is called, has a path of its own.
package paths
