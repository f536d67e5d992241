package handlers

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// consoleFrame starts what the console shows.
func (s query) consoleFrame(c echo.Context, d fleet.Database) views.Console {
	l := s.Desk.Limits(d)
	return views.Console{Database: d.Name, Cap: l.Rows, Timeout: l.Timeout, Guard: l.Guard, Rights: rightsOf(c)}
}

// consoleView is consoleFrame with what the session may do.
func (s query) consoleView(c echo.Context, d fleet.Database) (v views.Console, err error) {
	v = s.consoleFrame(c, d)
	v.WritesUntil, err = s.Desk.WritesUntil(c.Request().Context(), middleware.Actor(c), d)
	return v, err
}

// consoleShow shows the console. A statement in the URL is shown and not run: a
// link must not query a database.
func (s query) consoleShow(c echo.Context) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		v, err := s.consoleView(c, d)
		if err != nil {
			return err
		}
		v.SQL, v.Params = c.QueryParam("sql"), c.QueryParam("params")
		if form := draft(c); form != nil {
			v.SQL, v.Params = form.Get("sql"), form.Get("params")
		}
		return s.consolePage(c, http.StatusOK, d, conn, v)
	})
}

// consoleSwitch allows this session to write for ten minutes, or takes that back.
// What was typed stays.
func (s query) consoleSwitch(c echo.Context) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		v := s.consoleFrame(c, d)
		v.SQL, v.Params = c.FormValue("sql"), c.FormValue("params")
		var err error
		v.WritesUntil, err = s.Desk.Allow(c.Request().Context(), middleware.Actor(c), d, c.FormValue("writes") == "on")
		if isFormError(err) {
			return s.consoleAgain(c, d, conn, err)
		}
		if err != nil {
			return err
		}
		return s.consolePage(c, http.StatusOK, d, conn, v)
	})
}

// consoleAgain shows what was typed again, with why nothing was done.
func (s query) consoleAgain(c echo.Context, d fleet.Database, conn d1.Conn, cause error) error {
	v, err := s.consoleView(c, d)
	if err != nil {
		return cause
	}
	v.SQL, v.Params, v.Error = c.FormValue("sql"), c.FormValue("params"), fault.Message(cause)
	return s.consolePage(c, statusOf(cause), d, conn, v)
}

// consoleRun runs what was typed, or asks about it. Leaving the page stops it.
func (s query) consoleRun(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	script := desk.Script{SQL: form.Get("sql"), Params: form.Get("params"), Confirm: form.Get("confirm"), Reason: form.Get("reason"),
		Name: form.Get("run")}
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		a, err := s.Desk.Run(c.Request().Context(), middleware.Actor(c), d, conn, script)
		if isFormError(err) {
			return s.consoleAgain(c, d, conn, err)
		}
		if err != nil {
			return err
		}
		defer a.Close() // only once the answer is written: it holds the results meanwhile
		v, status := s.consoleFrame(c, d), http.StatusOK
		v.SQL, v.Params = script.SQL, script.Params
		v.WritesUntil, v.Judgement, v.Ask, v.Reason = a.WritesUntil, a.Judgement, a.Ask, script.Reason
		v.Results, v.Ran, v.Total = a.Results, a.Ran, a.Total
		if a.Err != nil {
			v.Error, status = fault.Message(a.Err), statusOf(a.Err)
		}
		return s.consolePage(c, status, d, conn, v)
	})
}

// consoleCancel stops a run of this session.
func (s query) consoleCancel(c echo.Context) error {
	if err := s.Desk.Cancel(middleware.Actor(c), c.FormValue("run")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s query) consolePage(c echo.Context, status int, d fleet.Database, conn d1.Conn, v views.Console) error {
	if isFragment(c) {
		return render(c, status, views.ConsoleResult(v))
	}
	var err error
	if v.History, err = s.Desk.History(c.Request().Context(), middleware.Actor(c), d); err != nil {
		return err
	}
	v.Tables = s.completions(c, d, conn)
	p := s.databasePage(c, d, "sql", "SQL", layout.Crumb{Text: "SQL"})
	p.Editor = true
	return render(c, status, views.ConsolePage(p, v))
}

// completions are the names the editor proposes, as JSON; none when they can't
// be read.
func (s query) completions(c echo.Context, d fleet.Database, conn d1.Conn) string {
	cat, err := tables(s).catalog(c, d, conn)
	if err != nil {
		return "{}"
	}
	names := map[string][]string{}
	for _, t := range cat.Tables {
		names[t.Name] = []string{}
	}
	for _, t := range cat.Schema.Tables {
		for _, col := range t.Columns {
			names[t.Name] = append(names[t.Name], col.Name)
		}
	}
	b, err := json.Marshal(names)
	if err != nil {
		return "{}"
	}
	return string(b)
}
