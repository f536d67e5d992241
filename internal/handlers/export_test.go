package handlers

import (
	"github.com/labstack/echo/v4"
)

// Routes are the program's routes, for the tests that walk them.
func (s *Server) Routes() []Route { return s.routes() }

// AddRoute adds a route behind the same chain as the program's own.
func (s *Server) AddRoute(r Route) { s.addRoute(r) }

// MaxFiles is how many files an import takes.
const MaxFiles = maxFiles

// Import is the handler that takes a database's file.
func (s *Server) Import(c Context) error { return settings{s}.databasesImport(c) }

// IsFormError is whether an error is answered with the form that was sent.
func IsFormError(err error) bool { return isFormError(err) }

// LocalPath is where a login leads.
func LocalPath(next string) string { return localPath(next) }

// The most bytes of a body.
const (
	MaxForm   = maxForm
	MaxSQL    = maxSQL
	MaxSchema = maxSchema
	MaxRow    = maxRow
)

// HandlerFunc is what answers a route.
type HandlerFunc = echo.HandlerFunc

// Context is a request.
type Context = echo.Context
