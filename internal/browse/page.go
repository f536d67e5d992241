package browse

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/orm"
)

// Page is one page of a table.
type Page struct {
	Table string
	// Kind is one of KindTable, KindView and KindVirtual.
	Kind string
	// Columns are the shown columns, in the order of the cells.
	Columns []Column
	// All are all columns of the table, to filter by and to choose from.
	All  []Column
	Rows []Row
	// First says that this is the first page.
	First bool
	// HasNext and HasPrev say whether there are rows after and before.
	HasNext, HasPrev bool
	// Next and Prev are the cursors for Request.After and Request.Before. One
	// is "" where there are no such rows, where the relation is keyless, or
	// where the key of the row at that edge is too long for a link.
	Next, Prev string
	// Keyless says why the rows have no keys and there is one page, "" when
	// they have.
	Keyless string
	// TooLarge says what of the page is so because a value is too large to be read, "" for
	// nothing.
	TooLarge string
	// ReadOnly says why rows can't be changed, "" when they can.
	ReadOnly string
	// Stmt is the statement that was run.
	Stmt d1.Stmt
	// Duration is the time inside the engine.
	Duration time.Duration
}

// Row is one row of a page.
type Row struct {
	Cells []Cell
	// Key is the row's key by EncodeKey, "" for a row that can't be linked.
	Key string
}

// Fetch reads one page: in one round trip for a table, in two for a view or
// virtual table. A column or cursor that doesn't fit the table is
// fault.Invalid, a table that isn't there fault.NotFound.
func Fetch(ctx context.Context, conn d1.Conn, cat *Catalog, req Request) (*Page, error) {
	if req.After != "" && req.Before != "" {
		return nil, fault.New(fault.Invalid, "A page is after a row or before one, not both.")
	}
	t, err := cat.table(ctx, conn, req.Table)
	if err != nil {
		return nil, err
	}
	q, err := t.query(req)
	if err != nil {
		return nil, err
	}
	result, err := q.run(ctx, conn)
	if tooBig(err) {
		if q, err = t.sized(req); err == nil {
			result, err = q.run(ctx, conn)
		}
		err = t.sortError(req, err)
	}
	if err != nil {
		return nil, live.Explain(req.Table, err)
	}
	if req.Before != "" && len(result.Rows) == 0 { // the rows before are gone by now
		return Fetch(ctx, conn, cat, req.First())
	}
	return q.page(req, result), nil
}

// query is a page's statements with what their rows mean.
type query struct {
	t     table
	order orm.Order
	cut   orm.Selection
	limit int
	// sized says that values which are too large to be read come as their size.
	sized bool
	orm.PageStmts
}

// query compiles a request.
func (t table) query(req Request) (*query, error) { return t.compile(req, false) }

// sized compiles a request so that values which are too large to be read are stepped over.
func (t table) sized(req Request) (*query, error) { return t.compile(req, true) }

func (t table) compile(req Request, sized bool) (*query, error) {
	q := &query{t: t, limit: req.limit(), sized: sized}
	var err error
	if q.order, err = t.order(req); err != nil {
		return nil, err
	}
	shown, err := t.shownPlaces(req.Columns)
	if err != nil {
		return nil, err
	}
	if q.cut, err = orm.Cut(q.order, shown, maxFetched); err != nil {
		return nil, limitError(err)
	}
	if sized {
		q.cut = q.cut.Sized()
	}
	p := orm.Page{Order: q.order, Cut: q.cut, Back: req.Before != "", Limit: q.limit + 1}
	if p.Where, err = t.conditions(req.Filters); err != nil {
		return nil, err
	}
	if sized {
		p.Where = readable(p.Where)
	}
	if p.From, err = t.position(q.order, req.After+req.Before); err != nil {
		return nil, err
	}
	q.PageStmts, err = p.Compile()
	return q, limitError(err)
}

// order is what a request's rows are sorted by.
func (t table) order(req Request) (orm.Order, error) {
	column, desc, err := req.SortColumn()
	if err != nil {
		return orm.Order{}, err
	}
	if column == "" {
		return orm.ByKey(t.Table, desc), nil
	}
	i, ok := t.Column(column)
	if !ok {
		return orm.Order{}, fault.New(fault.Invalid, "%s has no column %.100q to sort by.", t.Name, column).At("sort")
	}
	return orm.By(t.Table, i, desc), nil
}

// position reads a cursor, nil for none.
func (t table) position(o orm.Order, cursor string) (*orm.Position, error) {
	if cursor == "" {
		return nil, nil //nolint:nilnil // the first page begins after nothing
	}
	if t.Key.Missing != "" {
		return nil, fault.New(fault.Invalid, "%s has one page only. %s", t.Name, t.Key.Missing)
	}
	at, ok := o.Position(cursor)
	if !ok {
		return nil, fault.New(fault.Invalid, "This link leads into the middle of %s in another order, "+
			"or as the table was before. Start from the first page.", t.Name)
	}
	return &at, nil
}

// limitError says in a page's words what makes a statement too big.
func limitError(err error) error {
	e, ok := errors.AsType[*orm.LimitError](err)
	if !ok {
		return err
	}
	switch e.What {
	case "values":
		return fault.New(fault.Invalid, "The filters hold %d values, and a statement can hold %d. Use fewer.", e.Count, e.Most)
	case "bytes":
		return fault.New(fault.Invalid, "The statement is %d bytes long, and %d is the most. Choose fewer columns.", e.Count, e.Most)
	}
	return fault.New(fault.KindOf(err), "%s", fault.Message(err)).At("cols")
}

func (q *query) run(ctx context.Context, conn d1.Conn) (*d1.Result, error) {
	if q.Exists == nil {
		return conn.Query(ctx, q.Rows)
	}
	rs, err := conn.Batch(ctx, []d1.Stmt{*q.Exists, q.Rows})
	if err != nil {
		return nil, err
	}
	if len(rs[0].Rows) == 0 {
		return nil, fault.New(fault.Invalid, "The row this page continues from is gone. Start from the first page.")
	}
	return rs[1], nil
}

// page puts the rows into the order asked for and cuts them to the limit.
func (q *query) page(req Request, result *d1.Result) *Page {
	p := &Page{
		Table: q.t.Name, Kind: q.t.Kind, All: q.t.columns(), Keyless: q.t.Key.Missing, ReadOnly: q.t.readOnlyReason(),
		Stmt: q.Rows, Duration: result.Meta.Duration,
	}
	for _, i := range q.shownPlaces() {
		p.Columns = append(p.Columns, p.All[i])
	}
	rows := result.Rows
	more := len(rows) > q.limit
	rows = slices.Clone(rows[:min(len(rows), q.limit)])
	p.HasNext, p.HasPrev = more, req.After != ""
	if req.Before != "" {
		slices.Reverse(rows)
		p.HasNext, p.HasPrev = true, more
	}
	p.First = !p.HasPrev
	p.Rows = q.rows(rows)
	p.TooLarge = q.tooLargeWords(req)
	q.setCursors(p, req, rows)
	return p
}

// setCursors sets the cursors. A page without rows, whose rows are gone by now, leads
// back by its own cursor.
func (q *query) setCursors(p *Page, req Request, rows [][]d1.Value) {
	if q.t.Key.Missing != "" {
		return
	}
	if len(rows) == 0 {
		p.Prev = req.After
		return
	}
	at := func(row []d1.Value) string {
		return q.order.Cursor(q.valueOf(row))
	}
	if p.HasNext {
		p.Next = at(rows[len(rows)-1])
	}
	if p.HasPrev {
		p.Prev = at(rows[0])
	}
}

// rows are a result's rows with their keys.
func (q *query) rows(result [][]d1.Value) []Row {
	rows, shown := make([]Row, len(result)), q.cut.Shown
	cells := make([]Cell, len(result)*shown)
	var key, row []d1.Value
	get := func(column int) d1.Value { return row[q.cut.Place(column)] }
	for n, values := range result {
		rows[n].Cells, cells = cells[:shown:shown], cells[shown:]
		for i := range rows[n].Cells {
			rows[n].Cells[i] = q.cell(values[i])
		}
		row = values
		if key = q.t.Key.AppendTo(key[:0], get); len(key) > 0 {
			rows[n].Key = EncodeKey(key)
		}
	}
	return rows
}

// valueOf is how a column's value is found in a row.
func (q *query) valueOf(row []d1.Value) func(column int) d1.Value {
	return func(column int) d1.Value { return row[q.cut.Place(column)] }
}

func (q *query) shownPlaces() []int { return q.cut.Places[:q.cut.Shown] }
