package handlers

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// writesFor is how long the console may write once that was allowed.
const writesFor = 10 * time.Minute

// consoleView starts what the console shows: whether this session may write, and
// what its operator ran on this database before.
func (s query) consoleView(c echo.Context, d fleet.Database) (views.Console, error) {
	v := views.Console{Database: d.Name, Cap: s.SQLRowCap, Timeout: s.SQLTimeout, MayWrite: mayWrite(c), MayDraft: mayDraft(c),
		Guard: s.consoleLimits(d).Guard}
	sess, _ := middleware.Session(c)
	var err error
	if v.MayWrite {
		v.WritesUntil, err = s.Operators.WritesUntil(c.Request().Context(), sess.Hash, d.ID)
	}
	return v, err
}

// history is what an operator ran on a database before, each text once, the newest
// first.
func (s query) history(c echo.Context, d fleet.Database) ([]audit.Entry, error) {
	o, _ := middleware.Operator(c)
	es, err := s.Operators.Audit(c.Request().Context(), audit.Filter{
		Actions: []audit.Action{audit.DatabaseQuery, audit.DatabaseWrite}, Actor: o.Email, Database: d.Name, Limit: 100,
	})
	if err != nil {
		return nil, err
	}
	seen, out := map[string]bool{}, es[:0]
	outcomes := map[string]audit.Outcome{}
	for _, e := range es {
		if e.Intent != "" {
			outcomes[e.Intent] = e.Outcome
		}
		if e.Statement == "" || seen[e.Statement] || len(out) == maxHistory {
			continue
		}
		seen[e.Statement] = true
		if o, ok := outcomes[e.ID]; ok { // of a write, the outcome stands in an entry of its own
			e.Outcome = o
		}
		out = append(out, e)
	}
	return out, nil
}

// maxHistory is how many texts the history shows.
const maxHistory = 25

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

func (s query) consolePage(c echo.Context, status int, d fleet.Database, conn d1.Conn, v views.Console) error {
	if isFragment(c) {
		return render(c, status, views.ConsoleResult(v))
	}
	var err error
	if v.History, err = s.history(c, d); err != nil {
		return err
	}
	v.Tables = s.completions(c, d, conn)
	p := s.databasePage(c, d, "sql", "SQL", layout.Crumb{Text: "SQL"})
	p.Editor = true
	return render(c, status, views.ConsolePage(p, v))
}

// consoleSwitch allows this session to write for ten minutes, or takes that back.
// What was typed stays.
func (s query) consoleSwitch(c echo.Context) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		o, _ := middleware.Operator(c)
		sess, _ := middleware.Session(c)
		e := s.sessionEntry(c, audit.DatabaseUnlock, audit.Done, o)
		e.Org, e.Database, e.Detail = d.OrgSlug, d.Name, "back to read-only"
		until := time.Time{}
		if c.FormValue("writes") == "on" {
			until = e.At.Add(writesFor)
			e.Detail = "until " + until.UTC().Format("15:04:05 UTC")
		}
		if err := s.Operators.AllowWrites(c.Request().Context(), sess.Hash, d.ID, until, e); err != nil {
			return err
		}
		v, err := s.consoleView(c, d)
		if err != nil {
			return err
		}
		v.SQL, v.Params = c.FormValue("sql"), c.FormValue("params")
		return s.consolePage(c, http.StatusOK, d, conn, v)
	})
}

// completions are the names the editor proposes, as JSON; none when they can't
// be read.
func (s query) completions(c echo.Context, d fleet.Database, conn d1.Conn) string {
	cat, err := tables{s.Server}.catalog(c, d, conn)
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

// consoleRun runs statements and leaves an audit entry: reading only, unless this
// session may write. What is dangerous is asked about first.
func (s query) consoleRun(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	ctx, ended := s.runs.begin(c, form.Get("run"))
	defer ended()
	leave, err := s.enterConsole(ctx)
	if err != nil {
		return err
	}
	defer leave() // only once the answer is written: it holds the results meanwhile
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		v, err := s.consoleView(c, d)
		if err != nil {
			return err
		}
		v.SQL, v.Params = form.Get("sql"), form.Get("params")
		if v.WritesUntil.IsZero() {
			return s.consoleRead(ctx, c, d, conn, v)
		}
		script := consoleScript(d, form)
		v.Reason = script.Reason
		v.Judgement, err = console.Judge(ctx, conn, script, s.consoleLimits(d))
		switch {
		case err != nil:
			return s.consoleAnswer(c, d, conn, v, err)
		case !v.Judgement.Writes:
			return s.consoleRead(ctx, c, d, conn, v)
		case len(v.Judgement.Dangers) > 0:
			v.Ask = true
			return s.consolePage(c, http.StatusOK, d, conn, v)
		}
		return s.consoleWrite(ctx, c, d, conn, v)
	})
}

// consoleScript is what a form of the console asks to be run.
func consoleScript(d fleet.Database, form url.Values) console.Script {
	return console.Script{Database: string(d.ID), SQL: form.Get("sql"), Params: form.Get("params"), Confirm: form.Get("confirm"),
		Reason: form.Get("reason")}
}

func (s query) consoleLimits(d fleet.Database) console.Limits {
	l := console.Limits{Rows: s.SQLRowCap, Timeout: s.SQLTimeout}
	switch {
	case d.Provider != fleet.D1:
	case s.Account.State().ReadToken:
		l.Guard = console.ByToken
	default:
		l.Guard = console.ByCompiler
	}
	return l
}

// consoleRead runs statements reading only. Leaving the page stops them.
func (s query) consoleRead(ctx context.Context, c echo.Context, d fleet.Database, conn d1.Conn, v views.Console) error {
	began := time.Now()
	var err error
	v.Results, err = console.Run(ctx, conn, v.SQL, v.Params, s.consoleLimits(d))
	v.Total, v.Ran = time.Since(began), err == nil
	return s.consoleAnswer(c, d, conn, v, err)
}

// consoleAnswer records and shows a run that changed nothing. The error is why it
// is none.
func (s query) consoleAnswer(c echo.Context, d fleet.Database, conn d1.Conn, v views.Console, err error) error {
	status := http.StatusOK
	if err != nil {
		v.Error, status = fault.Message(err), statusOf(err)
	}
	if err := s.Operators.Record(context.WithoutCancel(c.Request().Context()), s.consoleEntry(c, d, v)); err != nil {
		return err
	}
	return s.consolePage(c, status, d, conn, v)
}

// consoleWrite runs statements in one transaction, between an intent and an
// outcome in the audit log. Until it commits, cancelling the run or leaving the
// page undoes all of it, and the outcome says so.
func (s query) consoleWrite(ctx context.Context, c echo.Context, d fleet.Database, conn d1.Conn, v views.Console) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	began, status := time.Now(), http.StatusOK
	what := writing{statement: v.SQL, detail: v.Judgement.Overridden}
	err = tables{s.Server}.write(c, d, audit.DatabaseWrite, what, func(context.Context) (int64, error) {
		var err error
		v.Results, err = console.Write(ctx, conn, consoleScript(d, form), s.consoleLimits(d), v.Judgement)
		var rows int64
		for _, r := range v.Results {
			rows += r.Changes
			if r.Err != nil {
				err = r.Err
			}
		}
		return rows, err
	})
	v.Total, v.Ran = time.Since(began), true
	if err != nil && len(v.Results) == 0 {
		v.Error, status = fault.Message(err), statusOf(err)
	}
	return s.consolePage(c, status, d, conn, v)
}

// How many runs of the console go on at once in the process, and how long one
// more waits. A run holds up to 4 MiB of values and their page.
const (
	consoleRuns = 6
	consoleWait = 2 * time.Second
)

// enterConsole takes one of the places for runs.
func (s query) enterConsole(ctx context.Context) (leave func(), err error) {
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

func (s query) consoleEntry(c echo.Context, d fleet.Database, v views.Console) audit.Entry {
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
