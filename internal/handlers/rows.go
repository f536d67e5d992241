package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// openTable is a table of an open database, as a path names it: whether it is there,
// its first use tells.
type openTable struct {
	d    fleet.Database
	conn d1.Conn
	cat  *browse.Catalog
	name string
}

// withTable opens the database and table that the path names, as they are now: for what
// reads nothing that would tell.
func (s tables) withTable(c echo.Context, f func(openTable) error) error {
	return s.namedTable(c, func(t openTable) (err error) {
		if t.cat, err = s.catalog(c, t.d, t.conn); err != nil {
			return err
		}
		return f(t)
	})
}

// readTable is withTable for what reads rows first: they tell whether a kept catalog is true.
func (s tables) readTable(c echo.Context, f func(openTable) error) error {
	return s.namedTable(c, func(t openTable) error {
		return s.catalogs.Read(c.Request().Context(), t.d.ProviderID, t.conn, t.do(f))
	})
}

// changeTable is withTable for what changes rows. f answers nothing: where the table is
// another one than a kept catalog says, it is done once more.
func (s tables) changeTable(c echo.Context, f func(openTable) error) error {
	return s.namedTable(c, func(t openTable) error {
		return s.catalogs.Change(c.Request().Context(), t.d.ProviderID, t.conn, t.do(f))
	})
}

func (t openTable) do(f func(openTable) error) func(d1.Conn, *live.Database) error {
	return func(conn d1.Conn, db *live.Database) error {
		return f(openTable{t.d, conn, &browse.Catalog{Database: db}, t.name})
	}
}

// namedTable opens the database of the path, without its catalog.
func (s tables) namedTable(c echo.Context, f func(openTable) error) error {
	table, err := tableName(c)
	if err != nil {
		return err
	}
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		return f(openTable{d: d, conn: conn, name: table})
	})
}

func (s rows) rowsWrite(c echo.Context, t openTable, w *browse.Write) (browse.Written, error) {
	return s.Desk.Save(c.Request().Context(), middleware.Actor(c), t.d, t.conn, t.name, w)
}

// rowForm fills a row's form from the row itself.
func rowForm(d fleet.Database, rec browse.Record, insert bool, back string) views.RowForm {
	v := views.RowForm{Database: d.Name, Record: rec, Insert: insert, Back: back}
	n := len(rec.Columns)
	v.Inputs, v.Olds, v.Fixed = make([]browse.Input, n), append([]browse.Seen{}, rec.Seen...), make([]bool, n)
	for i, col := range rec.Columns {
		if insert {
			v.Inputs[i] = browse.Input{As: browse.AsDefault}
			continue
		}
		in, ok := col.InputOf(rec.Values[i])
		if !ok || rec.Long[i] {
			in, v.Fixed[i] = browse.Input{As: browse.AsKeep}, true
		}
		v.Inputs[i] = in
	}
	return v
}

// fillRow puts what was sent into a row's form: a draft, or a form that is shown
// again.
func fillRow(v *views.RowForm, form url.Values) {
	for i, col := range v.Record.Columns {
		if as := form.Get(views.FieldName("as", col.Name)); as != "" {
			v.Inputs[i] = typedInput(form, col.Name, v.Inputs[i].As)
		}
		if seen, ok := browse.ParseSeen(form.Get(views.FieldName("old", col.Name))); ok {
			v.Olds[i] = seen
		}
	}
}

// typedInput reads a cell of a form. A text field's lines end in CR LF on their
// way here, whatever they were. The choice wins, unless it is the one that the
// page was made with, was, which leaves the field empty: who then types into the
// field means what was typed.
func typedInput(form url.Values, column string, was browse.As) browse.Input {
	text := strings.ReplaceAll(form.Get(views.FieldName("v", column)), "\r\n", "\n")
	in := browse.Input{As: browse.As(form.Get(views.FieldName("as", column))), Text: text}
	if made := form.Get(views.FieldName("was", column)); made != "" {
		was = browse.As(made)
	}
	switch {
	case in.As.Typed():
	case text != "" && in.As == was:
		in.As = browse.AsValue
	default:
		in.Text = ""
	}
	return in
}

func (s rows) rowPage(c echo.Context, status int, d fleet.Database, v views.RowForm) error {
	title := "Edit a row"
	if v.Insert {
		title = "Insert a row"
	}
	p := s.databasePage(c, d, "data", title, layout.Crumb{Text: v.Record.Table, Href: v.BackHref(), Mono: true}, layout.Crumb{Text: title})
	return render(c, status, views.RowPage(p, v))
}

func (s rows) rowsNew(c echo.Context) error {
	return tables(s).withTable(c, func(t openTable) error {
		rec, err := t.cat.Blank(c.Request().Context(), t.conn, t.name)
		if err != nil {
			return err
		}
		v := rowForm(t.d, rec, true, c.QueryParam("back"))
		if form := draft(c); form != nil {
			fillRow(&v, form)
		}
		return s.rowPage(c, http.StatusOK, t.d, v)
	})
}

func (s rows) rowsCreate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	show := form.Get("do") == "sql"
	open := tables(s).changeTable
	if show { // nothing is written that would tell whether the catalog is true
		open = tables(s).withTable
	}
	var v views.RowForm
	var d fleet.Database
	err = open(c, func(t openTable) error {
		ctx := c.Request().Context()
		rec, err := t.cat.Blank(ctx, t.conn, t.name)
		if err != nil {
			return err
		}
		d, v = t.d, rowForm(t.d, rec, true, form.Get("back"))
		fillRow(&v, form)
		cells := map[string]browse.Input{}
		for i, col := range rec.Columns {
			cells[col.Name] = v.Inputs[i]
		}
		w, err := t.cat.Insert(ctx, t.conn, t.name, cells, s.Now())
		if err != nil {
			return err
		}
		if show {
			v.SQL = w.SQL()
			return nil
		}
		t.name = rec.Table // as the database spells it
		_, err = s.rowsWrite(c, t, w)
		return err
	})
	return s.rowAnswer(c, d, v, err, "inserted")
}

// rowAnswer answers a row's form: with itself where it shows its SQL or can't be saved as it
// is, else with the page of its table.
func (s rows) rowAnswer(c echo.Context, d fleet.Database, v views.RowForm, err error, done string) error {
	if ce, ok := errors.AsType[*browse.ConflictError](err); ok {
		v.Conflicts = ce.Conflicts
		s.refreshSeen(&v, ce.Conflicts)
	}
	switch {
	case isFormError(err) && v.Record.Table != "":
		v.Error, v.ErrorColumn = fault.Message(err), columnOf(err, v.Record)
		return s.rowPage(c, statusOf(err), d, v)
	case err != nil:
		return err
	case v.SQL != "":
		return s.rowPage(c, http.StatusOK, d, v)
	}
	return redirect(c, donePath(v.BackHref(), done))
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

func (s rows) rowShow(c echo.Context) error {
	return tables(s).readTable(c, func(t openTable) error {
		keys, back := c.QueryParams()["key"], c.QueryParam("back")
		form := draft(c)
		if form != nil {
			keys, back = form["key"], form.Get("back")
		}
		if len(keys) != 1 {
			return fault.New(fault.Invalid, "Choose one row to edit, by its box.")
		}
		rec, err := t.cat.Record(c.Request().Context(), t.conn, t.name, keys[0])
		if err != nil {
			return err
		}
		v := rowForm(t.d, rec, false, back)
		if form != nil {
			fillRow(&v, form)
		}
		return s.rowPage(c, http.StatusOK, t.d, v)
	})
}

// rowUpdate saves what was changed in a row's form: what differs from what was
// seen.
func (s rows) rowUpdate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	var v views.RowForm
	var d fleet.Database
	err = tables(s).changeTable(c, func(t openTable) error {
		ctx := c.Request().Context()
		rec, err := t.cat.Record(ctx, t.conn, t.name, form.Get("key"))
		if err != nil {
			return err
		}
		d, v = t.d, rowForm(t.d, rec, false, form.Get("back"))
		before := append([]browse.Input{}, v.Inputs...)
		fillRow(&v, form)
		edit := browse.RowEdit{Key: rec.Key}
		for i, col := range rec.Columns {
			// An untouched field says what the row says, or what it said when it was seen.
			if v.Inputs[i] == before[i] || col.Says(v.Inputs[i], v.Olds[i]) || !form.Has(views.FieldName("as", col.Name)) {
				continue
			}
			edit.Cells = append(edit.Cells, browse.CellEdit{Column: col.Name, Old: v.Olds[i], New: v.Inputs[i]})
		}
		w, err := t.cat.Update(ctx, t.conn, t.name, []browse.RowEdit{edit}, s.Now())
		if err != nil {
			return err
		}
		if form.Get("do") == "sql" {
			v.SQL = w.SQL()
			return nil
		}
		t.name = rec.Table // as the database spells it
		_, err = s.rowsWrite(c, t, w)
		return err
	})
	return s.rowAnswer(c, d, v, err, "saved")
}

// refreshSeen makes the form compare with what is there now: sent once more, it
// overwrites what the page then shows.
func (s rows) refreshSeen(v *views.RowForm, cs []browse.Conflict) {
	for _, conflict := range cs {
		for i, col := range v.Record.Columns {
			if col.Name == conflict.Column.Name {
				v.Olds[i] = browse.See(conflict.Now)
			}
		}
	}
}
