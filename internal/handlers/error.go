package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// statuses are the status, heading and icon of each kind of error.
var statuses = map[fault.Kind]struct {
	status      int
	title, icon string
}{
	fault.Invalid:     {http.StatusUnprocessableEntity, "That can't be done as asked", "circle-alert"},
	fault.NotFound:    {http.StatusNotFound, "Not found", "search"},
	fault.Conflict:    {http.StatusConflict, "It changed meanwhile", "rotate-ccw"},
	fault.Denied:      {http.StatusForbidden, "Not allowed", "key-round"},
	fault.Limited:     {http.StatusTooManyRequests, "Not now", "clock"},
	fault.Unavailable: {http.StatusServiceUnavailable, "It can't be reached", "zap"},
	fault.Unknown:     {http.StatusBadGateway, "The outcome is not known", "triangle-alert"},
	fault.Internal:    {http.StatusInternalServerError, "Something went wrong", "circle-alert"},
}

// statusClientClosed is how the log calls a request whose client left (nginx's
// number; HTTP has none).
const statusClientClosed = 499

// statusOf returns the status an error is answered with.
func statusOf(err error) int { return statuses[fault.KindOf(err)].status }

// isFormError is the one rule which errors are answered with the form that was sent, as it
// was filled in, with the error at its field or above it, and the error's own status: those
// after which nothing was done and the same form can be sent again, once it is corrected
// (Invalid, 422), read again (Conflict, 409) or later (Unavailable, 503, and Limited, 429).
// Any other error is a page of its own: there is nothing to fill in again (NotFound, Denied),
// it must not be sent twice (Unknown), or it is ours and its page has the request's id.
func isFormError(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Unavailable, fault.Limited:
		return err != nil
	}
	return false
}

// placed is what a form says of an error: the text at each field, or the one above it.
func placed(err error) (fields map[string]string, above string) {
	fields = map[string]string{}
	if err == nil {
		return fields, ""
	}
	if field := fault.FieldOf(err); field != "" {
		fields[field] = fault.Message(err)
		return fields, ""
	}
	return fields, fault.Message(err)
}

// asFault gives errors of echo and of net/http a kind.
func asFault(err error) error {
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Wrap(err, fault.Invalid, "What was sent is larger than the %s that are taken here. Nothing was changed.",
			limitText(tooBig.Limit))
	}
	if errors.Is(err, middleware.ErrSlow) {
		return fault.Wrap(err, fault.Invalid, "What was sent came too slowly, or not to its end. Nothing was changed. "+
			"Send it again, over a faster connection if there is one.")
	}
	he, ok := errors.AsType[*echo.HTTPError](err)
	if !ok {
		return err
	}
	switch he.Code {
	case http.StatusNotFound:
		return fault.Wrap(err, fault.NotFound, "There is no page at this address.")
	case http.StatusMethodNotAllowed:
		return fault.Wrap(err, fault.NotFound, "This address does not take that kind of request.")
	}
	if he.Code < 500 {
		return fault.Wrap(err, fault.Invalid, "The request can't be read.")
	}
	return err
}

// limitText writes a limit as the documentation and the pages do, in the larger unit.
func limitText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// handleError answers an error as a page, or as a message in place of the part
// that htmx asked for.
func (s *Server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if errors.Is(err, context.Canceled) && c.Request().Context().Err() != nil {
		c.Response().Status = statusClientClosed // nobody is left to answer
		return
	}
	err = asFault(err)
	kind := fault.KindOf(err)
	st := statuses[kind]
	v := views.Problem{Status: st.status, Title: st.title, Text: fault.Message(err), Icon: st.icon,
		Ref: fault.RefOf(err), Request: middleware.RequestID(c), Home: paths.Fleet, HomeText: "Go to the fleet"}
	if c.Request().Method == http.MethodGet && kind != fault.NotFound && kind != fault.Denied {
		v.Retry = c.Request().URL.RequestURI()
	}
	if said := doneWords[c.QueryParam("done")]; said != "" && c.Request().Method == http.MethodGet {
		v.Title, v.Text = "Done, but this page can't be shown", said+" "+afterDone.Replace(v.Text)
	}
	v.Form, _ = c.Get(keptKey).(string)
	p := s.page(c, st.title, "", layout.Crumb{Text: st.title})
	if d, ok := s.failedDatabase(c, kind); ok {
		p = s.databasePage(c, d, "", st.title)
		v.Backups = paths.Backups(d.Name)
	}
	if table, err := tableName(c); err == nil && kind == fault.Unknown { // of a change of rows
		v.Home, v.HomeText = paths.Table(c.Param("db"), table), "Read the rows again"
	}
	if _, ok := middleware.Operator(c); !ok {
		v.Home, v.HomeText = paths.Login, "Sign in"
	}
	component := views.ProblemPage(p, v)
	if isFragment(c) {
		component = views.ProblemFragment(v)
	}
	if renderErr := render(c, st.status, component); renderErr != nil {
		s.Log.Error("error page", "error", renderErr)
		_ = c.String(st.status, v.Text)
	}
}

// failedDatabase is the database that a page is of which can't be reached. Its other
// pages are the way on: restore points and settings are known without it.
func (s *Server) failedDatabase(c echo.Context, kind fault.Kind) (fleet.Database, bool) {
	name := c.Param("db")
	if _, ok := middleware.Operator(c); !ok || name == "" || kind != fault.Unavailable || isFragment(c) {
		return fleet.Database{}, false
	}
	d, err := s.Fleet.Database(c.Request().Context(), s.actor(c), name)
	return d, err == nil && d.State == fleet.Ready
}

// afterDone takes away what is true of what only reads, and would be read as of what was
// done before it.
var afterDone = strings.NewReplacer(" Nothing was changed.", "", "Nothing was changed; ", "")

// notFound answers every address without a route.
func (s *Server) notFound(c echo.Context) error {
	return fault.New(fault.NotFound, "There is no page at this address.")
}
