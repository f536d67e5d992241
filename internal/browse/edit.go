package browse

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
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

// Write is a batch that changes rows of one table, ready to be sent. It begins by
// asserting that the table still is what it was compiled for.
type Write struct {
	t     table
	stmts []d1.Stmt
	// keys are the keys that rows have after an update, nil for one that can't be known
	// before; shown is how the rows are read at the end, nil for not at all.
	keys  [][]d1.Value
	shown *query
	edits []RowEdit
	now   time.Time
	// sums are what rows to be deleted held, nil for other writes.
	sums []string
	// large says of the rows to be deleted which of their values are too large to be read:
	// by the places of the row and the column.
	large map[int]map[int]bool
	cat   *Catalog
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

// The assertions of a batch; their detail is the number of the statement.
const (
	// conflicting fails where a row isn't what was seen any more.
	seenAssertion = "seen"
	// kept fails where a row outlives its deletion.
	goneAssertion = "deleted"
)

// Update prepares a change of cells. Errors: fault.Invalid for what can't be
// written, at the column's name; fault.NotFound for what isn't there.
func (c *Catalog) Update(ctx context.Context, conn d1.Conn, table string, edits []RowEdit, now time.Time) (*Write, error) {
	t, err := c.writableTable(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	if len(edits) == 0 || len(edits) > maxRows {
		return nil, fault.New(fault.Invalid, "Between 1 and %d rows are changed at once, not %d.", maxRows, len(edits))
	}
	w := c.newWrite(t)
	w.edits, w.now = edits, now
	for _, e := range edits {
		if err := w.update(ctx, conn, e); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (c *Catalog) newWrite(t table) *Write {
	return &Write{t: t, cat: c, stmts: []d1.Stmt{c.Unaltered(t.Name)}}
}

func (w *Write) update(ctx context.Context, conn d1.Conn, e RowEdit) error {
	row, err := w.rowQuery(e.Key)
	if err != nil {
		return err
	}
	sets := orm.Values{}
	for _, cell := range e.Cells {
		place, ok := w.t.Column(cell.Column)
		if !ok {
			return fault.New(fault.NotFound, "%s has no column %.100q.", w.t.Name, cell.Column)
		}
		column := w.t.column(place)
		value, err := column.resolve(cell.New, cell.Old, w.now)
		if err != nil {
			return err
		}
		if value == nil {
			continue
		}
		old, err := w.oldValue(ctx, conn, e.Key, place, cell.Old)
		if err != nil {
			return err
		}
		sets[column.Name] = value
		row = row.Where(orm.Is(column.Name, old))
	}
	if len(sets) == 0 {
		return fault.New(fault.Invalid, "Nothing of the row is changed.")
	}
	w.keys = append(w.keys, w.t.keyAfter(e.Key, sets))
	s, err := row.Returning(w.t.Key.Places()).UpdateStmt(sets)
	return w.addChange(s, err)
}

// rowQuery is the row of that key, for statements.
func (w *Write) rowQuery(key string) (orm.Query, error) {
	values, err := DecodeKey(key)
	return orm.Seen(nil, w.t.Table).Where(orm.Key(values)), err
}

// oldValue returns the value a cell must still have. A long one was only summed up; it
// is read again, and is used if it is still the same.
func (w *Write) oldValue(ctx context.Context, conn d1.Conn, key string, col int, seen Seen) (d1.Value, error) {
	if seen.sum == "" {
		return seen.value, nil
	}
	now, err := w.readCells(ctx, conn, key, []int{col})
	if err != nil {
		return d1.Value{}, err
	}
	if now == nil || !seen.matches(now[0]) {
		return d1.BlobOf(seen.sum), nil // nothing has it, so the batch finds the conflict
	}
	return now[0], nil
}

// readCells returns a row's values of those columns, nil for a row that is gone.
func (w *Write) readCells(ctx context.Context, conn d1.Conn, key string, places []int) ([]d1.Value, error) {
	row, err := w.rowQuery(key)
	if err != nil {
		return nil, err
	}
	s, err := row.Cut(orm.Whole(places)).Limit(1).SelectStmt()
	if err != nil {
		return nil, err
	}
	result, err := conn.Query(ctx, s)
	if err != nil || len(result.Rows) == 0 {
		return nil, err
	}
	return result.Rows[0], nil
}

// addChange adds a write that was compiled, and its guard: it undoes the whole batch unless
// the write changed one row.
func (w *Write) addChange(s d1.Stmt, err error) error {
	if e, ok := errors.AsType[*orm.LimitError](err); ok && e.What == "values" {
		return fault.New(fault.Invalid,
			"A row's change holds %d values, and a statement can hold %d. Change fewer columns of a row at once.", e.Count, e.Most)
	}
	if err != nil {
		return err
	}
	w.stmts = append(w.stmts, s, d1.Assertion{Name: seenAssertion, Detail: strconv.Itoa(len(w.stmts))}.Changed())
	return nil
}

// Insert prepares a new row. A column without an input gets its default.
func (c *Catalog) Insert(ctx context.Context, conn d1.Conn, table string, cells map[string]Input, now time.Time) (*Write, error) {
	t, err := c.insertableTable(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	w, values := c.newWrite(t), orm.Values{}
	for _, col := range t.columns() {
		in, ok := cells[col.Name]
		if !ok || in.As == AsDefault || in.As == AsKeep || in.As == "" {
			continue
		}
		if values[col.Name], err = col.resolve(in, Seen{}, now); err != nil {
			return nil, err
		}
	}
	row := orm.Seen(nil, t.Table).Returning(t.Key.Places())
	insert := func() (d1.Stmt, error) { return row.InsertStmt(values) }
	if len(values) == 0 {
		insert = row.InsertDefaultStmt
	}
	s, err := insert()
	return w, w.addChange(s, err)
}
