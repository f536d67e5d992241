// Package handlers is the program's HTTP side: every route with its permission
// (routes.go), a file a resource, and how errors become pages (error.go).
//
// A handler parses, makes one call into the domain, and renders. No GET changes
// anything but the note of when a session was last used.
package handlers
