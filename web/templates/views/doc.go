// Package views is the pages: a view struct and a component each. They print
// what the handlers decided, and decide nothing.
package views
