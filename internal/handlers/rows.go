package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// withCatalog opens the database and table that the path names.
func (s *Server) withCatalog(c echo.Context, f func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error) error {
	table, err := tableName(c)
	if err != nil {
		return err
	}
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		cat, err := browse.Load(c.Request().Context(), conn)
		if err != nil {
			return err
		}
		return f(d, conn, cat, table)
	})
}

// write runs a write between an intent and an outcome in the audit log. Once
// begun it isn't stopped by the browser that asked for it.
func (s *Server) write(c echo.Context, d fleet.Database, action audit.Action, target, statement string, run func(context.Context) (rows int64, err error)) error {
	ctx := context.WithoutCancel(c.Request().Context())
	o, _ := middleware.Operator(c)
	intent := s.sessionEntry(c, action, audit.Intent, o)
	intent.Org, intent.Database, intent.Target = d.OrgSlug, d.Name, target
	intent.Statement = strings.ToValidUTF8(statement[:min(len(statement), maxLogged)], "\uFFFD")
	if err := s.Operators.Record(ctx, intent); err != nil {
		return err
	}
	rows, err := run(ctx)
	out := intent
	out.ID, out.At, out.Intent, out.Outcome, out.Rows, out.Statement = id.New[string](), s.Now(), intent.ID, audit.Done, rows, ""
	switch {
	case fault.Is(err, fault.Unknown):
		out.Outcome, out.Detail = audit.Unknown, fault.Message(err)
	case err != nil:
		out.Outcome, out.Detail = audit.Failed, fault.Message(err)
	}
	return errors.Join(err, s.Operators.Record(ctx, out))
}

func (s *Server) rowsWrite(c echo.Context, d fleet.Database, conn d1.Conn, table string, w *browse.Write) (browse.Written, error) {
	var done browse.Written
	err := s.write(c, d, audit.DatabaseRows, table, w.SQL(), func(ctx context.Context) (int64, error) {
		var err error
		done, err = w.Run(ctx, conn)
		return done.Changes, err
	})
	return done, err
}

// rowForm fills a row's form from the row itself.
func rowForm(d fleet.Database, rec browse.Record, insert bool, back string) views.RowForm {
	v := views.RowForm{Database: d.Name, Record: rec, Insert: insert, Back: back}
	n := len(rec.Columns)
	v.Inputs, v.Olds, v.Fixed = make([]browse.Input, n), make([]browse.Seen, n), make([]bool, n)
	for i, col := range rec.Columns {
		if insert {
			v.Inputs[i] = browse.Input{As: browse.AsDefault}
			continue
		}
		in, ok := col.InputOf(rec.Values[i])
		v.Olds[i] = browse.See(rec.Values[i])
		if !ok || rec.Long[i] {
			in, v.Fixed[i] = browse.Input{As: browse.AsKeep}, true
		}
		v.Inputs[i] = in
	}
	return v
}

// fill puts what was sent into a row's form: a draft, or a form that is shown
// again.
func fill(v *views.RowForm, form url.Values) {
	for i, col := range v.Record.Columns {
		if as := form.Get(views.FieldName("as", col.Name)); as != "" {
			v.Inputs[i] = typedInput(form, col.Name)
		}
		if seen, ok := browse.ParseSeen(form.Get(views.FieldName("old", col.Name))); ok {
			v.Olds[i] = seen
		}
	}
}

// typedInput reads a cell of a form. A text field's lines end in CR LF on their
// way here, whatever they were.
func typedInput(form url.Values, column string) browse.Input {
	text := strings.ReplaceAll(form.Get(views.FieldName("v", column)), "\r\n", "\n")
	in := browse.Input{As: browse.As(form.Get(views.FieldName("as", column))), Text: text}
	// Who types into a field means what was typed, whatever the choice beside says.
	if text != "" && (in.As == browse.AsDefault || in.As == browse.AsNull || in.As == browse.AsEmpty) {
		in.As = browse.AsValue
	}
	return in
}

func (s *Server) rowPage(c echo.Context, status int, d fleet.Database, v views.RowForm) error {
	title := "Edit a row"
	if v.Insert {
		title = "Insert a row"
	}
	p := s.databasePage(c, d, "data", title, layout.Crumb{Text: v.Record.Table, Href: v.BackHref(), Mono: true}, layout.Crumb{Text: title})
	return render(c, status, views.RowPage(p, v))
}

func (s *Server) rowsNew(c echo.Context) error {
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		rec, err := cat.Blank(c.Request().Context(), conn, table)
		if err != nil {
			return err
		}
		v := rowForm(d, rec, true, c.QueryParam("back"))
		if form := draft(c); form != nil {
			fill(&v, form)
		}
		return s.rowPage(c, http.StatusOK, d, v)
	})
}

func (s *Server) rowsCreate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		ctx := c.Request().Context()
		rec, err := cat.Blank(ctx, conn, table)
		if err != nil {
			return err
		}
		cells := map[string]browse.Input{}
		for _, col := range rec.Columns {
			cells[col.Name] = typedInput(form, col.Name)
		}
		v := rowForm(d, rec, true, form.Get("back"))
		fill(&v, form)
		w, err := cat.Insert(ctx, conn, table, cells, s.Now())
		if err == nil && form.Get("do") == "sql" {
			v.SQL = w.SQL()
			return s.rowPage(c, http.StatusOK, d, v)
		}
		if err == nil {
			_, err = s.rowsWrite(c, d, conn, rec.Table, w)
		}
		if expected(err) {
			v.Error, v.ErrorColumn = fault.Message(err), columnOf(err, rec)
			return s.rowPage(c, statusOf(err), d, v)
		}
		if err != nil {
			return err
		}
		return redirect(c, done(v.BackHref(), "inserted"))
	})
}

// columnOf is the column an error is about: the field of ours, or the one that the
// database's words name.
func columnOf(err error, rec browse.Record) string {
	if f := fault.FieldOf(err); f != "" {
		return f
	}
	for _, col := range rec.Columns {
		if strings.HasSuffix(fault.Message(err), ": "+rec.Table+"."+col.Name) {
			return col.Name
		}
	}
	return ""
}

func (s *Server) rowShow(c echo.Context) error {
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		keys := c.QueryParams()["key"]
		if len(keys) != 1 {
			return fault.New(fault.Invalid, "Choose one row to edit, by its box.")
		}
		rec, err := cat.Record(c.Request().Context(), conn, table, keys[0])
		if err != nil {
			return err
		}
		return s.rowPage(c, http.StatusOK, d, rowForm(d, rec, false, c.QueryParam("back")))
	})
}

// rowUpdate saves what was changed in a row's form: what differs from what was
// seen.
func (s *Server) rowUpdate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		ctx := c.Request().Context()
		rec, err := cat.Record(ctx, conn, table, form.Get("key"))
		if err != nil {
			return err
		}
		v := rowForm(d, rec, false, form.Get("back"))
		before := append([]browse.Input{}, v.Inputs...)
		fill(&v, form)
		edit := browse.RowEdit{Key: rec.Key}
		for i, col := range rec.Columns {
			// An untouched field says what the row says, or what it said when it was seen.
			if v.Inputs[i] == before[i] || unchanged(col, v.Olds[i], v.Inputs[i]) || !form.Has(views.FieldName("as", col.Name)) {
				continue
			}
			edit.Cells = append(edit.Cells, browse.CellEdit{Column: col.Name, Old: v.Olds[i], New: v.Inputs[i]})
		}
		w, err := cat.Update(ctx, conn, table, []browse.RowEdit{edit}, s.Now())
		if err == nil && form.Get("do") == "sql" {
			v.SQL = w.SQL()
			return s.rowPage(c, http.StatusOK, d, v)
		}
		if err == nil {
			_, err = s.rowsWrite(c, d, conn, rec.Table, w)
		}
		if ce, ok := errors.AsType[*browse.ConflictError](err); ok {
			v.Conflicts = ce.Conflicts
			s.seeAgain(&v, ce.Conflicts)
		}
		if expected(err) {
			v.Error, v.ErrorColumn = fault.Message(err), columnOf(err, rec)
			return s.rowPage(c, statusOf(err), d, v)
		}
		if err != nil {
			return err
		}
		return redirect(c, done(v.BackHref(), "saved"))
	})
}

// unchanged reports whether a field still says what was seen.
func unchanged(col browse.Column, old browse.Seen, in browse.Input) bool {
	v, ok := old.Value()
	if !ok {
		return false
	}
	was, ok := col.InputOf(v)
	return ok && was == in
}

// seeAgain makes the form compare with what is there now: sent once more, it
// overwrites what the page then shows.
func (s *Server) seeAgain(v *views.RowForm, cs []browse.Conflict) {
	for _, conflict := range cs {
		for i, col := range v.Record.Columns {
			if col.Name == conflict.Column.Name {
				v.Olds[i] = browse.See(conflict.Now)
			}
		}
	}
}

// queued is a change of a row as the script sends it.
type queued struct {
	Key   string `json:"key"`
	Row   int    `json:"row"`
	Cells []struct {
		Column string    `json:"column"`
		Kind   string    `json:"kind"`
		Old    string    `json:"old"`
		As     browse.As `json:"as"`
		Text   string    `json:"text"`
	} `json:"cells"`
}

// parseQueue reads the script's queue. What was seen is a storage class and a
// text, or what a conflict said to compare with.
func parseQueue(text string) ([]queued, []browse.RowEdit, error) {
	bad := fault.New(fault.Invalid, "The changes can't be read. Nothing was saved; reload the page.")
	var queue []queued
	if err := json.Unmarshal([]byte(text), &queue); err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, "%s", bad.Msg)
	}
	edits := make([]browse.RowEdit, len(queue))
	for i, q := range queue {
		edits[i].Key = q.Key
		for _, cell := range q.Cells {
			old, ok := seenOf(cell.Kind, cell.Old)
			if !ok {
				return nil, nil, bad
			}
			edits[i].Cells = append(edits[i].Cells, browse.CellEdit{Column: cell.Column, Old: old, New: browse.Input{As: cell.As, Text: cell.Text}})
		}
	}
	return queue, edits, nil
}

func seenOf(kind, text string) (browse.Seen, bool) {
	switch kind {
	case "seen":
		return browse.ParseSeen(text)
	case d1.Null.String():
		return browse.See(d1.Value{}), true
	case d1.Text.String():
		return browse.See(d1.Str(text)), true
	case d1.Integer.String():
		i, err := strconv.ParseInt(text, 10, 64)
		return browse.See(d1.Int(i)), err == nil
	case d1.Real.String():
		f, err := strconv.ParseFloat(text, 64)
		return browse.See(d1.Float(f)), err == nil
	}
	return browse.Seen{}, false
}

// rowsChanges saves the queue of changes of a page in one batch, and answers with
// the rows as they are now.
func (s *Server) rowsChanges(c echo.Context) error {
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		ctx := c.Request().Context()
		queue, edits, err := parseQueue(c.FormValue("changes"))
		if err != nil {
			return err
		}
		w, err := cat.Update(ctx, conn, table, edits, s.Now())
		if err == nil && c.FormValue("do") == "sql" {
			return render(c, http.StatusOK, views.ChangesAnswer(views.Changes{SQL: w.SQL()}))
		}
		var written browse.Written
		if err == nil {
			written, err = s.rowsWrite(c, d, conn, table, w)
		}
		if expected(err) || fault.Is(err, fault.NotFound) {
			v := views.Changes{Error: fault.Message(err)}
			if ce, ok := errors.AsType[*browse.ConflictError](err); ok {
				v.Conflicts = ce.Conflicts
			}
			return render(c, statusOf(err), views.ChangesAnswer(v))
		}
		if err != nil {
			return err
		}
		req, err := browse.ParseRequest(table, url.Values{"cols": {c.FormValue("cols")}})
		if err != nil {
			return err
		}
		page, err := browse.FetchRows(ctx, conn, cat, req, written.Keys)
		if err != nil {
			return err
		}
		v := views.Saved{Table: views.Table{Database: d.Name, Page: page, Editable: true}}
		for i := range page.Rows {
			v.Rows = append(v.Rows, queue[i].Row)
		}
		c.Response().Header().Set("HX-Trigger", "rows:saved")
		return render(c, http.StatusOK, views.SavedRows(v))
	})
}

func (s *Server) rowsAskDelete(c echo.Context) error {
	return s.deletePage(c, http.StatusOK, c.QueryParams()["key"], c.QueryParam("back"), nil)
}

func (s *Server) deletePage(c echo.Context, status int, keys []string, back string, cause error) error {
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		ctx := c.Request().Context()
		w, err := cat.Delete(ctx, conn, table, keys)
		if err != nil {
			return err
		}
		v := views.DeleteRows{Database: d.Name, Table: table, Keys: keys, SQL: w.SQL(), Back: back}
		if v.Page, err = browse.FetchRows(ctx, conn, cat, browse.Request{Table: table}, keys); err != nil {
			return err
		}
		if v.Dependents, err = cat.Dependents(ctx, conn, table, keys); err != nil {
			return err
		}
		if cause != nil {
			v.Error = fault.Message(cause)
		}
		p := s.databasePage(c, d, "data", "Delete rows", layout.Crumb{Text: table, Href: views.BackHref(d.Name, table, back), Mono: true}, layout.Crumb{Text: "Delete rows"})
		return render(c, status, views.DeleteRowsPage(p, v))
	})
}

func (s *Server) rowsDelete(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	keys, back := form["key"], form.Get("back")
	err = s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		w, err := cat.Delete(c.Request().Context(), conn, table, keys)
		if err != nil {
			return err
		}
		_, err = s.rowsWrite(c, d, conn, table, w)
		return err
	})
	if expected(err) && len(keys) > 0 {
		return s.deletePage(c, statusOf(err), keys, back, err)
	}
	if err != nil {
		return err
	}
	table, _ := tableName(c) // it was read above
	return redirect(c, done(views.BackHref(c.Param("db"), table, back), "rows-deleted"))
}

// mayWrite says whether who is signed in may change rows.
func mayWrite(c echo.Context) bool {
	o, _ := middleware.Operator(c)
	return o.Role.Can(auth.DatabasesWrite)
}
