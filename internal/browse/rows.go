package browse

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// FetchRows reads rows by their keys, as Fetch shows them: the same columns in the
// same order. A row that is gone is left out, so a result may be shorter.
func FetchRows(ctx context.Context, conn d1.Conn, cat *Catalog, req Request, keys []string) (*Page, error) {
	r, err := cat.relation(ctx, conn, req.Table)
	if err != nil {
		return nil, err
	}
	q, err := r.query(req.First())
	if err != nil {
		return nil, err
	}
	var stmts []d1.Stmt
	for _, key := range keys {
		values, err := DecodeKey(key)
		if err != nil {
			return nil, err
		}
		a := &args{}
		where, ok := r.match(values, a)
		if !ok {
			return nil, fault.New(fault.NotFound, "This is not the key of a row of %s.", r.Name)
		}
		s, err := a.stmt(r.selectSQL(q.sel) + " WHERE " + where + " LIMIT 1")
		if err != nil {
			return nil, err
		}
		stmts = append(stmts, s)
	}
	results, err := conn.Batch(ctx, stmts)
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
}

// MaxTyped is how many bytes of a value a form shows. A longer one is left as it
// is or replaced.
const MaxTyped = 64 << 10

// Blank returns the columns of a table, for a new row. A view or virtual table is
// fault.Invalid.
func (c *Catalog) Blank(ctx context.Context, conn d1.Conn, table string) (Record, error) {
	r, err := c.insertable(ctx, conn, table)
	if err != nil {
		return Record{}, err
	}
	return Record{Table: r.Name, Columns: r.columns, Values: make([]d1.Value, len(r.columns)), Long: make([]bool, len(r.columns))}, nil
}

// Record reads one row whole. A table whose rows can't be changed is
// fault.Invalid, a row that is gone fault.NotFound.
func (c *Catalog) Record(ctx context.Context, conn d1.Conn, table, key string) (Record, error) {
	r, err := c.writable(ctx, conn, table)
	if err != nil {
		return Record{}, err
	}
	w := &Write{r: r}
	rec := Record{Table: r.Name, Key: key, Columns: r.columns, Values: make([]d1.Value, len(r.columns)), Long: make([]bool, len(r.columns))}
	sizes := make([]string, len(r.columns))
	for i := range r.columns {
		sizes[i] = "octet_length(" + r.ref("t", i) + ")"
	}
	a := &args{}
	where, err := w.where(key, a)
	if err != nil {
		return rec, err
	}
	s, err := a.stmt("SELECT " + strings.Join(sizes, ", ") + " FROM " + quote(r.Name) + " AS t WHERE " + where + " LIMIT 1")
	if err != nil {
		return rec, err
	}
	result, err := conn.Query(ctx, s)
	if err != nil {
		return rec, err
	}
	if len(result.Rows) == 0 {
		return rec, fault.New(fault.NotFound, "This row of %s is gone.", r.Name)
	}
	var cols []int
	for i, size := range result.Rows[0] {
		if rec.Long[i] = size.Int() > MaxTyped; !rec.Long[i] {
			cols = append(cols, i)
		}
	}
	values, err := w.read(ctx, conn, key, cols)
	if err != nil {
		return rec, err
	}
	if values == nil {
		return rec, fault.New(fault.NotFound, "This row of %s is gone.", r.Name)
	}
	for n, i := range cols {
		rec.Values[i] = values[n]
	}
	return rec, nil
}

// Dependents are rows of another table that point at rows to be deleted.
type Dependents struct {
	Table string
	// Action is what their foreign key says: CASCADE, SET NULL, and so on.
	Action string
	// Rows counts them, up to MaxDependents.
	Rows int
}

// MaxDependents is where counting rows that point at others stops.
const MaxDependents = 1000

// maxReferences is how many foreign keys are looked at.
const maxReferences = 20

// Dependents counts, for rows about to be deleted, the rows of other tables that
// point at them: what a cascade would take along, or what forbids it.
func (c *Catalog) Dependents(ctx context.Context, conn d1.Conn, table string, keys []string) ([]Dependents, error) {
	r, err := c.writable(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	w := &Write{r: r}
	var out []Dependents
	for n, ref := range c.referencesTo(r.Name) {
		if n == maxReferences {
			break
		}
		total := 0
		for _, key := range keys {
			count, err := w.dependents(ctx, conn, ref, key)
			if err != nil {
				return nil, err
			}
			if total += count; total > MaxDependents {
				break
			}
		}
		if total > 0 {
			action := ref.OnDelete
			if action == "" {
				action = "NO ACTION"
			}
			out = append(out, Dependents{Table: ref.From, Action: action, Rows: total})
		}
	}
	return out, nil
}

func (w *Write) dependents(ctx context.Context, conn d1.Conn, ref Reference, key string) (int, error) {
	a := &args{}
	where, err := w.where(key, a)
	if err != nil {
		return 0, err
	}
	var conds []string
	for i, from := range ref.Columns {
		if i >= len(ref.RefColumns) {
			return 0, nil // a key to nothing points at no row
		}
		col, ok := w.r.column(ref.RefColumns[i])
		if !ok {
			return 0, nil
		}
		conds = append(conds, "c."+quote(from)+" = (SELECT "+w.r.ref("t", col)+" FROM "+quote(w.r.Name)+" AS t WHERE "+where+")")
	}
	s, err := a.stmt("SELECT count(*) FROM (SELECT 1 FROM " + quote(ref.From) + " AS c WHERE " + and(slices.Clone(conds)) + " LIMIT " + strconv.Itoa(MaxDependents+1) + ")")
	if err != nil {
		return 0, err
	}
	result, err := conn.Query(ctx, s)
	if err != nil {
		return 0, err
	}
	return int(result.Rows[0][0].Int()), nil
}
