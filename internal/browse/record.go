package browse

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

// FetchRows reads rows by their keys, as Fetch shows them: the same columns in the
// same order. A row that is gone is left out, so a result may be shorter.
func FetchRows(ctx context.Context, conn d1.Conn, cat *Catalog, req Request, keys []string) (*Page, error) {
	t, err := cat.table(ctx, conn, req.Table)
	if err != nil {
		return nil, err
	}
	q, err := t.query(req.First())
	if err != nil {
		return nil, err
	}
	var stmts []d1.Stmt
	for _, key := range keys {
		values, err := DecodeKey(key)
		if err != nil {
			return nil, err
		}
		s, err := orm.Seen(nil, t.Table).Where(orm.Key(values)).Cut(q.cut).Limit(1).SelectStmt()
		if err != nil {
			return nil, err
		}
		stmts = append(stmts, s)
	}
	results, err := conn.Batch(ctx, stmts)
	if tooBig(err) {
		return nil, t.tooLargeError()
	}
	if err != nil {
		return nil, err
	}
	all := &d1.Result{}
	for _, res := range results {
		all.Rows = append(all.Rows, res.Rows...)
	}
	q.limit = len(all.Rows)
	return q.page(req.First(), all), nil
}

// Record is one row, whole, with what its form needs.
type Record struct {
	Table   string
	Key     string
	Columns []Column
	// Values are in the order of the columns; a value of more than MaxTyped bytes
	// is Long and not there.
	Values []d1.Value
	Long   []bool
	// TooLarge are the columns whose values are too large to be read. Such a row can be
	// deleted; the engine refuses to write it anew.
	TooLarge []string
	// Seen are all of them, as an edit compares with them.
	Seen []Seen
}

// MaxTyped is how many bytes of a value a form shows. A longer one is left as it
// is or replaced.
const MaxTyped = 64 << 10

// Blank returns the columns of a table, for a new row. A view or virtual table is
// fault.Invalid.
func (c *Catalog) Blank(ctx context.Context, conn d1.Conn, table string) (Record, error) {
	t, err := c.insertableTable(ctx, conn, table)
	if err != nil {
		return Record{}, err
	}
	n := len(t.Columns)
	return Record{Table: t.Name, Columns: t.columns(), Values: make([]d1.Value, n), Long: make([]bool, n), Seen: make([]Seen, n)}, nil
}

// Record reads one row whole. A table whose rows can't be changed is
// fault.Invalid, a row that is gone fault.NotFound.
func (c *Catalog) Record(ctx context.Context, conn d1.Conn, table, key string) (Record, error) {
	t, err := c.writableTable(ctx, conn, table)
	if err != nil {
		return Record{}, err
	}
	w := &Write{t: t}
	n := len(t.Columns)
	rec := Record{Table: t.Name, Key: key, Columns: t.columns(), Values: make([]d1.Value, n), Long: make([]bool, n), Seen: make([]Seen, n)}
	values, large, err := w.readAll(ctx, conn, key)
	if err != nil {
		return rec, err
	}
	if values == nil {
		return rec, fault.New(fault.NotFound, "This row of %s is gone.", t.Name)
	}
	for i, v := range values {
		if large[i] {
			rec.Long[i] = true
			rec.TooLarge = append(rec.TooLarge, t.Columns[i].Name)
			continue
		}
		rec.Seen[i] = See(v)
		if rec.Long[i] = v.Len() > MaxTyped; !rec.Long[i] {
			rec.Values[i] = v
		}
	}
	return rec, nil
}
