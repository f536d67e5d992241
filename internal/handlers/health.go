package handlers

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
)

// healthz says that the process answers.
func (s install) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz says whether requests should come here: the control plane can be written, the
// audit log, without which nothing is changed, can be read, and the program isn't stopping.
// It reads one entry at most, and waits no longer than for what a page can do without.
func (s install) readyz(c echo.Context) error {
	if s.Ready != nil {
		if err := s.Ready(); err != nil {
			return c.String(http.StatusServiceUnavailable, "stopping\n")
		}
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), s.asideTimeout())
	defer cancel()
	if err := s.Operators.Ready(ctx); err != nil {
		s.Log.Error("not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the control plane does not answer\n")
	}
	if _, err := s.Operators.Audit(ctx, audit.Filter{Limit: 1}); err != nil {
		s.Log.Error("not ready", "error", err)
		return c.String(http.StatusServiceUnavailable, "the audit log can't be read\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
