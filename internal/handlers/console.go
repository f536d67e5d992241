package handlers

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s *Server) consoleView(d fleet.Database) views.Console {
	return views.Console{Database: d.Name, Cap: s.SQLRowCap, Timeout: s.SQLTimeout}
}

// consoleShow shows the console. A statement in the URL is shown and not run: a
// link must not query a database.
func (s *Server) consoleShow(c echo.Context) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		v := s.consoleView(d)
		v.SQL, v.Params = c.QueryParam("sql"), c.QueryParam("params")
		if form := draft(c); form != nil {
			v.SQL, v.Params = form.Get("sql"), form.Get("params")
		}
		return s.consolePage(c, http.StatusOK, d, conn, v)
	})
}

func (s *Server) consolePage(c echo.Context, status int, d fleet.Database, conn d1.Conn, v views.Console) error {
	if isFragment(c) {
		return render(c, status, views.ConsoleResult(v))
	}
	v.Tables = completions(c.Request().Context(), conn)
	p := s.databasePage(c, d, "sql", "SQL", layout.Crumb{Text: "SQL"})
	p.Editor = true
	return render(c, status, views.ConsolePage(p, v))
}

// completions are the names the editor proposes, as JSON; none when they can't
// be read.
func completions(ctx context.Context, conn d1.Conn) string {
	cat, err := browse.Load(ctx, conn)
	if err != nil {
		return "{}"
	}
	names := map[string][]string{}
	for _, st := range cat.Structures() {
		columns := make([]string, len(st.Columns))
		for i, col := range st.Columns {
			columns[i] = col.Name
		}
		names[st.Name] = columns
	}
	b, err := json.Marshal(names)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// consoleRun runs statements, reading only, and leaves an audit entry. Leaving
// the page stops them.
func (s *Server) consoleRun(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	leave, err := s.enterConsole(c.Request().Context())
	if err != nil {
		return err
	}
	defer leave() // only once the answer is written: it holds the results meanwhile
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		v := s.consoleView(d)
		v.SQL, v.Params = form.Get("sql"), form.Get("params")
		began := time.Now()
		v.Results, err = console.Run(c.Request().Context(), conn, v.SQL, v.Params, console.Limits{Rows: s.SQLRowCap, Timeout: s.SQLTimeout})
		v.Total, v.Ran = time.Since(began), err == nil
		status := http.StatusOK
		if err != nil {
			v.Error, status = fault.Message(err), statusOf(err)
		}
		if err := s.Operators.Record(context.WithoutCancel(c.Request().Context()), s.consoleEntry(c, d, v)); err != nil {
			return err
		}
		return s.consolePage(c, status, d, conn, v)
	})
}

// How many runs of the console go on at once in the process, and how long one
// more waits. A run holds up to 4 MiB of values and their page.
const (
	consoleRuns = 6
	consoleWait = 2 * time.Second
)

// enterConsole takes one of the places for runs.
func (s *Server) enterConsole(ctx context.Context) (leave func(), err error) {
	wait := time.NewTimer(consoleWait)
	defer wait.Stop()
	select {
	case s.console <- struct{}{}:
		return func() { <-s.console }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), fault.Limited, "The run was cancelled before it began.")
	case <-wait.C:
		return nil, fault.New(fault.Limited, "%d runs of the console are going on already. Try again in a moment.", consoleRuns)
	}
}

// maxLogged is how many bytes of a statement the audit log keeps.
const maxLogged = 20_000

func (s *Server) consoleEntry(c echo.Context, d fleet.Database, v views.Console) audit.Entry {
	o, _ := middleware.Operator(c)
	e := s.sessionEntry(c, audit.DatabaseQuery, audit.Done, o)
	e.Org, e.Database, e.Target = d.OrgSlug, d.Name, paths.SQL(d.Name)
	e.Statement, e.Detail = strings.ToValidUTF8(v.SQL[:min(len(v.SQL), maxLogged)], "\uFFFD"), v.Error
	if v.Error != "" {
		e.Outcome = audit.Failed
	}
	for _, r := range v.Results {
		e.Rows += int64(len(r.Rows))
		if r.Err != nil {
			e.Outcome, e.Detail = audit.Failed, fault.Message(r.Err)
		}
	}
	return e
}
