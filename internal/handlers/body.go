package handlers

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

// readBody reads the form of a POST, so that a handler finds all of its fields, or
// leaves it to a handler that takes a file.
func readBody(c echo.Context, r Route) error {
	switch {
	case r.Method != http.MethodPost:
		return nil
	case r.Takes:
		return middleware.Limit(c, r.limit())
	default:
		return readForm(c, r.limit())
	}
}

// readForm reads a form of either kind, of n bytes at most: all of it is in memory then.
func readForm(c echo.Context, n int64) error {
	if err := middleware.Limit(c, n); err != nil {
		return err
	}
	r := c.Request()
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(n) // what is beyond would go to a file, and nothing is
	}
	if err == nil || errors.Is(err, http.ErrNotMultipart) {
		_, err = io.Copy(io.Discard, r.Body) // what comes after the last field counts too
	}
	return readingError(err)
}

// readingError gives what went wrong with reading a body its words.
func readingError(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || err == nil || errors.Is(err, middleware.ErrSlow) {
		return err // which have words of their own
	}
	return fault.Wrap(err, fault.Invalid, "What was sent can't be read as a form. Nothing was changed.")
}
