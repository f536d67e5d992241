package handlers

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
)

// How long a page may take, and a form once it has come: less than the 60 s after which
// a proxy often gives up (nginx's proxy_read_timeout), so that whoever waits for Cloudflare, or for a disk, is told why nothing
// came; and more than the 30 s a statement may take, so that its own words come first.
const (
	pageTime = 35 * time.Second
	formTime = 50 * time.Second
)

// asideTimeout is how long a page waits for what it can do without: 5 s.
func (s *Server) asideTimeout() time.Duration { return s.PageTime / 7 }

// timeout ends what a handler waits for before nobody may be left to be answered.
func (s *Server) timeout(r Route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if r.Slow {
			return next
		}
		limit := s.PageTime
		if r.Method == http.MethodPost {
			limit = s.FormTime
		}
		return func(c echo.Context) error {
			whole := c.Request()
			ctx, cancel := context.WithTimeout(whole.Context(), limit)
			defer cancel()
			c.SetRequest(whole.WithContext(ctx))
			defer c.SetRequest(whole) // what went wrong is still to be answered
			err := next(c)
			if fault.Is(err, fault.Limited) && ctx.Err() != nil { // no limit of theirs was met
				err = fault.Wrap(err, fault.Unavailable, "%s", fault.Message(err))
			}
			return err
		}
	}
}
