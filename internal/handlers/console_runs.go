package handlers

import (
	"context"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

// runs are the console's runs that go on, by session and the name their page gave
// them. Cancelling one doesn't drop its request, so its own answer says whether it
// was stopped or had ended before.
type runs struct{ m sync.Map }

type runKey struct{ session, run string }

// begin returns the context of a run; ended must be called. A run without a name
// ends with its request only.
func (r *runs) begin(c echo.Context, run string) (ctx context.Context, ended func()) {
	ctx, cancel := context.WithCancelCause(c.Request().Context())
	sess, _ := middleware.Session(c)
	if run == "" || len(run) > 64 {
		return ctx, func() { cancel(nil) }
	}
	key, own := runKey{sess.Hash, run}, &cancel
	r.m.Store(key, own)
	return ctx, func() {
		r.m.CompareAndDelete(key, own)
		cancel(nil)
	}
}

// consoleCancel stops a run of this session. One that isn't there has ended, or
// hasn't come yet.
func (s query) consoleCancel(c echo.Context) error {
	sess, _ := middleware.Session(c)
	cancel, ok := s.runs.m.Load(runKey{sess.Hash, c.FormValue("run")})
	if !ok {
		return fault.New(fault.NotFound, "No such run goes on. Its answer says what became of it.")
	}
	(*cancel.(*context.CancelCauseFunc))(console.ErrCancelled)
	return c.NoContent(http.StatusNoContent)
}
