package browse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// CellEdit is a change of one cell.
type CellEdit struct {
	Column string
	// Old is the value that was seen; the edit is refused when it isn't there
	// any more.
	Old Seen
	New Input
}

// RowEdit is a change of one row, by its Row.Key.
type RowEdit struct {
	Key   string
	Cells []CellEdit
}

// maxRows is how many rows one save or delete may touch.
const maxRows = 500

// Write is a batch that changes rows of one table, ready to be sent.
type Write struct {
	r     *relation
	stmts []d1.Stmt
	// of says which row edit each statement belongs to; a guard belongs to the
	// one before it.
	of    []int
	edits []RowEdit
	now   time.Time
	// sums are what rows to be deleted held, nil for other writes.
	sums []string
	cat  *Catalog
}

// SQL is what the batch changes, one statement a line, values written out.
func (w *Write) SQL() string {
	var lines []string
	for _, s := range w.stmts {
		if s.Mode == d1.Write {
			lines = append(lines, inline(s)+";")
		}
	}
	return strings.Join(lines, "\n")
}

// inline writes a statement's values where they stand.
func inline(s d1.Stmt) string {
	places, _ := sqltext.Params(s.SQL, len(s.Args))
	var b strings.Builder
	at := 0
	for _, p := range places {
		if p.Number > len(s.Args) {
			continue
		}
		b.WriteString(s.SQL[at:p.Offset] + shortLiteral(s.Args[p.Number-1]))
		at = p.End()
	}
	return b.String() + s.SQL[at:]
}

// maxLiteral is how long a written-out value may be.
const maxLiteral = 200

func shortLiteral(v d1.Value) string {
	lit := strings.ToValidUTF8(v.Literal(), "\uFFFD")
	if len(lit) <= maxLiteral {
		return lit
	}
	return strings.ToValidUTF8(lit[:maxLiteral], "") + fmt.Sprintf("…' /* %d bytes */", v.Len())
}

// conflictMark is what a guard fails with, and after it the statement's number.
const conflictMark = "kuratchi conflict "

// guard undoes the whole batch unless the statement before it changed one row.
func guard(n int) d1.Stmt {
	return d1.Query("select iif(changes() = 1, 1, json_extract('{}', " + sqltext.QuoteText(conflictMark+strconv.Itoa(n)) + "))")
}

// writable returns the relation of a table whose rows can be changed.
func (c *Catalog) writable(ctx context.Context, conn d1.Conn, table string) (*relation, error) {
	r, err := c.relation(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	if why := r.readOnly(); why != "" {
		return nil, fault.New(fault.Invalid, "Rows of %s can't be changed here: %s", r.Name, why)
	}
	return r, nil
}

// readOnly says why rows can't be changed, "" when they can.
func (r *relation) readOnly() string {
	switch {
	case r.Kind == live.KindView:
		return "a view shows rows of other tables."
	case r.Kind == live.KindVirtual:
		return "a virtual table is written by its own rules, with SQL."
	}
	return r.keyless
}

// Update prepares a change of cells. Errors: fault.Invalid for what can't be
// written, at the column's name; fault.NotFound for what isn't there.
func (c *Catalog) Update(ctx context.Context, conn d1.Conn, table string, edits []RowEdit, now time.Time) (*Write, error) {
	r, err := c.writable(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	if len(edits) == 0 || len(edits) > maxRows {
		return nil, fault.New(fault.Invalid, "Between 1 and %d rows are changed at once, not %d.", maxRows, len(edits))
	}
	w := &Write{r: r, edits: edits, now: now, cat: c}
	for i, e := range edits {
		if err := w.update(ctx, conn, i, e); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *Write) update(ctx context.Context, conn d1.Conn, i int, e RowEdit) error {
	a := &args{}
	var sets, olds []string
	for _, cell := range e.Cells {
		col, ok := w.r.column(cell.Column)
		if !ok {
			return fault.New(fault.NotFound, "%s has no column %.100q.", w.r.Name, cell.Column)
		}
		sql, err := w.r.columns[col].resolve(cell.New, cell.Old, w.now, a)
		if err != nil {
			return err
		}
		if sql == "" {
			continue
		}
		old, err := w.old(ctx, conn, e.Key, col, cell.Old)
		if err != nil {
			return err
		}
		sets = append(sets, sqltext.Quote(w.r.columns[col].Name)+" = "+sql)
		olds = append(olds, w.r.same("t", []int{col}, []string{a.add(old)}))
	}
	if len(sets) == 0 {
		return fault.New(fault.Invalid, "Nothing of the row is changed.")
	}
	where, err := w.where(e.Key, a)
	if err != nil {
		return err
	}
	sql := "UPDATE " + sqltext.Quote(w.r.Name) + " AS t SET " + strings.Join(sets, ", ") + " WHERE " + where + " AND " + and(olds)
	return w.add(i, sql, a, w.r.returning()...)
}

// old returns the value a cell must still have. A long one was only summed up; it
// is read again, and is used if it is still the same.
func (w *Write) old(ctx context.Context, conn d1.Conn, key string, col int, seen Seen) (d1.Value, error) {
	if seen.sum == "" {
		return seen.value, nil
	}
	now, err := w.read(ctx, conn, key, []int{col})
	if err != nil {
		return d1.Value{}, err
	}
	if now == nil || !seen.is(now[0]) {
		return d1.BlobOf(seen.sum), nil // nothing has it, so the batch finds the conflict
	}
	return now[0], nil
}

// read returns a row's values of those columns, nil for a row that is gone.
func (w *Write) read(ctx context.Context, conn d1.Conn, key string, cols []int) ([]d1.Value, error) {
	a := &args{}
	where, err := w.where(key, a)
	if err != nil {
		return nil, err
	}
	refs := make([]string, len(cols))
	for n, col := range cols {
		refs[n] = w.r.ref("t", col)
	}
	s, err := a.read("SELECT "+strings.Join(refs, ", ")+" FROM "+sqltext.Quote(w.r.Name)+" AS t WHERE "+where+" LIMIT 1", len(refs))
	if err != nil {
		return nil, err
	}
	result, err := conn.Query(ctx, s)
	if err != nil || len(result.Rows) == 0 {
		return nil, err
	}
	return result.Rows[0], nil
}

func (w *Write) where(key string, a *args) (string, error) {
	values, err := DecodeKey(key)
	if err != nil {
		return "", err
	}
	where, ok := w.r.match(values, a)
	if !ok {
		return "", fault.New(fault.NotFound, "This is not the key of a row of %s.", w.r.Name)
	}
	return where, nil
}

// returning gives back the key a row has after the write, by these columns.
func (r *relation) returning() (names []string) {
	for _, i := range r.keyColumns() {
		if i == rowidColumn {
			names = append(names, r.rowid)
		} else {
			names = append(names, sqltext.Quote(r.columns[i].Name))
		}
	}
	return names
}

// add adds a write and its guard. returning are the columns it gives back, if any.
func (w *Write) add(of int, sql string, a *args, returning ...string) error {
	if len(returning) > 0 {
		sql += " RETURNING " + strings.Join(returning, ", ")
	}
	s, err := a.stmt(sql)
	if err != nil {
		return fault.New(fault.Invalid, "A row's change holds %d values, and a statement can hold %d. Change fewer columns of a row at once.", len(a.values), d1.MaxParams)
	}
	s.Mode, s.Columns = d1.Write, returning // named, so that the key comes back exactly
	w.stmts = append(w.stmts, s, guard(len(w.stmts)))
	w.of = append(w.of, of, of)
	return nil
}

// Insert prepares a new row. A column without an input gets its default.
func (c *Catalog) Insert(ctx context.Context, conn d1.Conn, table string, cells map[string]Input, now time.Time) (*Write, error) {
	r, err := c.insertable(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	w, a := &Write{r: r, now: now, cat: c}, &args{}
	var names, values []string
	for i, col := range r.columns {
		in, ok := cells[col.Name]
		if !ok || in.As == AsDefault || in.As == AsKeep || in.As == "" {
			continue
		}
		sql, err := r.columns[i].resolve(in, Seen{}, now, a)
		if err != nil {
			return nil, err
		}
		names, values = append(names, sqltext.Quote(col.Name)), append(values, sql)
	}
	sql := "INSERT INTO " + sqltext.Quote(r.Name)
	if len(names) == 0 {
		sql += " DEFAULT VALUES"
	} else {
		sql += " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")"
	}
	if r.keyless != "" {
		return w, w.add(0, sql, a)
	}
	return w, w.add(0, sql, a, r.returning()...)
}

// insertable is writable, but for tables without a key too.
func (c *Catalog) insertable(ctx context.Context, conn d1.Conn, table string) (*relation, error) {
	r, err := c.relation(ctx, conn, table)
	if err == nil && r.Kind != live.KindTable {
		return c.writable(ctx, conn, table)
	}
	return r, err
}

// Written is what a batch did.
type Written struct {
	// Keys are the keys the rows have now, in the order of the edits; none for
	// rows that were deleted.
	Keys []string
	// Changes counts the rows, those that foreign keys and triggers changed too.
	Changes int64
}

// Run sends the batch: all of it or nothing happens. A row that isn't what was
// seen any more is a *ConflictError, a fault.Conflict. What the database refuses
// comes back in its own words.
func (w *Write) Run(ctx context.Context, conn d1.Conn) (Written, error) {
	results, err := conn.Batch(ctx, w.stmts)
	if err != nil {
		return Written{}, w.explain(ctx, conn, err)
	}
	var out Written
	for i, r := range results {
		if w.stmts[i].Mode != d1.Write {
			continue
		}
		out.Changes += r.Meta.Changes
		if len(r.Rows) == 1 {
			cols := w.r.keyColumns()
			key := w.r.keyOf(func(col int) d1.Value { return r.Rows[0][slices.Index(cols, col)] })
			out.Keys = append(out.Keys, EncodeKey(key))
		}
	}
	return out, nil
}
