package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// healthz says that the process answers.
func (s install) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says whether requests should come here: the control plane can be read
// and the program isn't stopping.
func (s install) readyz(c echo.Context) error {
	if s.Ready != nil {
		if err := s.Ready(); err != nil {
			return c.String(http.StatusServiceUnavailable, "stopping\n")
		}
	}
	if err := s.Operators.Ready(c.Request().Context()); err != nil {
		s.Log.Error("not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the control plane does not answer\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
