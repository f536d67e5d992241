package browse

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
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
	r, err := cat.relation(ctx, conn, req.Table)
	if err != nil {
		return nil, err
	}
	q, err := r.query(req)
	if err != nil {
		return nil, err
	}
	result, err := q.run(ctx, conn)
	if err != nil {
		return nil, err
	}
	if req.Before != "" && len(result.Rows) == 0 { // the rows before are gone by now
		return Fetch(ctx, conn, cat, req.First())
	}
	return q.page(req, result), nil
}

// query is a page's statement with what its rows mean.
type query struct {
	r      *relation
	order  order
	sel    selection
	limit  int
	stmt   d1.Stmt
	exists *d1.Stmt // finds the row the cursor leaves values to
}

// query compiles a request.
func (r *relation) query(req Request) (*query, error) {
	column, desc, err := req.SortColumn()
	if err != nil {
		return nil, err
	}
	q := &query{r: r, limit: req.limit()}
	if q.order, err = r.order(column, desc); err != nil {
		return nil, err
	}
	shown, err := r.shown(req.Columns)
	if err != nil {
		return nil, err
	}
	if q.sel, err = r.selection(shown, q.order); err != nil {
		return nil, err
	}
	a := &args{}
	conds, err := r.conditions(req.Filters, a)
	if err != nil {
		return nil, err
	}
	way, arms := q.order, []string{""}
	if token := req.After + req.Before; token != "" {
		if r.keyless != "" {
			return nil, fault.New(fault.Invalid, "%s has one page only. %s", r.Name, r.keyless)
		}
		p, err := r.position(q.order, token)
		if err != nil {
			return nil, err
		}
		if err := q.check(p); err != nil {
			return nil, err
		}
		way.desc = q.order.desc != (req.Before != "")
		arms = r.beyond(way, r.bind(way, p, a))
	}
	q.stmt, err = a.read(q.sql(way, conds, arms), len(q.sel.all))
	return q, err
}

// check makes the statement that finds the row a cursor leaves values to:
// without it those values would be NULL.
func (q *query) check(p position) error {
	if !slices.Contains(p.lookup, true) {
		return nil
	}
	a := &args{}
	where := q.r.rowOf(q.order, p, a)("t")
	s, err := a.stmt("SELECT 1 FROM " + sqltext.Quote(q.r.Name) + " AS t WHERE " + where)
	q.exists = &s
	return err
}

// sql writes the statement: one SELECT, or one an arm, which SQLite runs one
// after the other until there are enough rows.
func (q *query) sql(way order, conds, arms []string) string {
	head, tail := q.r.selectSQL(q.sel), q.r.orderSQL(way)+" LIMIT "+strconv.Itoa(q.limit+1)
	parts := make([]string, len(arms))
	for n, arm := range arms {
		all := slices.Clone(conds)
		if arm != "" {
			all = append(all, arm)
		}
		parts[n] = head
		if len(all) > 0 {
			parts[n] += " WHERE " + and(all)
		}
		parts[n] += tail
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "SELECT * FROM (" + strings.Join(parts, ") UNION ALL SELECT * FROM (") + ") LIMIT " + strconv.Itoa(q.limit+1)
}

func (q *query) run(ctx context.Context, conn d1.Conn) (*d1.Result, error) {
	if q.exists == nil {
		return conn.Query(ctx, q.stmt)
	}
	rs, err := conn.Batch(ctx, []d1.Stmt{*q.exists, q.stmt})
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
		Table: q.r.Name, Kind: q.r.Kind, All: q.r.columns, Keyless: q.r.keyless, ReadOnly: q.r.readOnly(),
		Stmt: q.stmt, Duration: result.Meta.Duration,
	}
	for _, i := range q.sel.shown {
		p.Columns = append(p.Columns, q.r.columns[i])
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
	p.Rows = make([]Row, len(rows))
	for n, values := range rows {
		p.Rows[n] = q.row(values)
	}
	q.edges(p, req, rows)
	return p
}

// edges sets the cursors. A page without rows, whose rows are gone by now, leads
// back by its own cursor.
func (q *query) edges(p *Page, req Request, rows [][]d1.Value) {
	if q.r.keyless != "" {
		return
	}
	if len(rows) == 0 {
		p.Prev = req.After
		return
	}
	at := func(row []d1.Value) string {
		return q.r.cursor(q.order, func(col int) d1.Value { return row[q.sel.place(col)] })
	}
	if p.HasNext {
		p.Next = at(rows[len(rows)-1])
	}
	if p.HasPrev {
		p.Prev = at(rows[0])
	}
}

func (q *query) row(values []d1.Value) Row {
	row := Row{Cells: make([]Cell, len(q.sel.shown))}
	for n := range q.sel.shown {
		row.Cells[n] = cell(values[n])
	}
	key := q.r.keyOf(func(col int) d1.Value { return values[q.sel.place(col)] })
	if len(key) > 0 {
		row.Key = EncodeKey(key)
	}
	return row
}
