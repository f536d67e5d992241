package orm

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// DB is a database seen through a schema.
type DB struct {
	conn   d1.Conn
	name   string            // the schema's
	tables map[string]*table // by the folded name
}

// New returns a view of conn by the schema. A nil conn compiles statements and
// runs none.
func New(conn d1.Conn, s *schema.Schema) *DB {
	db := &DB{conn: conn, name: s.Name, tables: make(map[string]*table, len(s.Tables))}
	for i := range s.Tables {
		db.tables[sqltext.Fold(s.Tables[i].Name)] = declared(&s.Tables[i])
	}
	return db
}

// Table starts a query on a table. A table the schema doesn't have is reported
// by what runs or compiles the query.
func (db *DB) Table(name string) Query {
	t, err := db.table(name)
	return Query{db: db, table: t, err: err}
}

func (db *DB) table(name string) (*table, error) {
	if t, ok := db.tables[sqltext.Fold(name)]; ok {
		return t, nil
	}
	return nil, fault.New(fault.Invalid, "The schema %s has no table %q.", db.name, name)
}

// Seen starts a query on a table that was found in the database of conn. A nil conn
// compiles statements and runs none.
func Seen(conn d1.Conn, t *live.Table) Query {
	return Query{db: &DB{conn: conn}, table: &table{Table: t}}
}

// Query is a query that is being built. It is a value: each method returns
// another one, so a query can be kept and refined in several ways.
type Query struct {
	db      *DB
	table   *table
	columns []string
	cut     *Selection
	conds   []Cond
	order   []string
	limit   int
	offset  int
	back    []int // places of the columns that a write gives back
	err     error
}

// Where adds conditions, all of which must hold.
func (q Query) Where(conds ...Cond) Query {
	q.conds = append(q.conds[:len(q.conds):len(q.conds)], conds...)
	return q
}

// Select names the columns to return; without it, all.
func (q Query) Select(columns ...string) Query {
	q.columns = columns
	return q
}

// Cut returns the columns of a selection, long values cut, in place of Select's.
func (q Query) Cut(s Selection) Query {
	q.cut = &s
	return q
}

// Returning has a write give back columns of the rows it wrote, by their places.
func (q Query) Returning(places []int) Query {
	q.back = places
	return q
}

// OrderBy names the columns to sort by, "-column" for descending. "rowid" is the order in which
// the rows were inserted, in a table that has one and no column of that name.
func (q Query) OrderBy(columns ...string) Query {
	q.order = columns
	return q
}

// Limit caps the number of rows; 0 means no cap.
func (q Query) Limit(n int) Query {
	q.limit = n
	return q
}

// Offset skips rows. Paging by key is faster: see Gt and Limit.
func (q Query) Offset(n int) Query {
	q.offset = n
	return q
}

// Many returns all matching rows.
func (q Query) Many(ctx context.Context) ([]Row, error) {
	s, err := q.SelectStmt()
	if err != nil {
		return nil, err
	}
	r, err := q.db.conn.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	return rowsOf(r), nil
}

func rowsOf(r *d1.Result) []Row {
	index := make(map[string]int, len(r.Columns))
	for i, c := range r.Columns {
		index[c] = i
	}
	rows := make([]Row, len(r.Rows))
	for i, v := range r.Rows {
		rows[i] = Row{index: index, values: v}
	}
	return rows
}

// First returns the first matching row, or fault.NotFound.
func (q Query) First(ctx context.Context) (Row, error) {
	rows, err := q.Limit(1).Many(ctx)
	if err != nil {
		return Row{}, err
	}
	if len(rows) == 0 {
		return Row{}, fault.New(fault.NotFound, "There is no such row in %s.", q.table.Name)
	}
	return rows[0], nil
}

// Count returns how many rows match.
func (q Query) Count(ctx context.Context) (int64, error) {
	s, err := q.countStmt()
	if err != nil {
		return 0, err
	}
	r, err := q.db.conn.Query(ctx, s)
	if err != nil {
		return 0, err
	}
	return r.Rows[0][0].Int(), nil
}

// CountBy returns how many rows match for each value of a column, as text; without
// those of which there are none.
func (q Query) CountBy(ctx context.Context, column string) (map[string]int, error) {
	s, err := q.countByStmt(column)
	if err != nil {
		return nil, err
	}
	r, err := q.db.conn.Query(ctx, s)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int, len(r.Rows))
	for _, row := range r.Rows {
		out[row[0].Text()] = int(row[1].Int())
	}
	return out, nil
}

// Insert adds a row.
func (q Query) Insert(ctx context.Context, v Values) error {
	s, err := q.InsertStmt(v)
	if err != nil {
		return err
	}
	_, err = q.db.conn.Query(ctx, s)
	return err
}

// Update changes all matching rows and returns how many the engine counts as
// changed. Without a condition it is refused.
func (q Query) Update(ctx context.Context, v Values) (int64, error) {
	s, err := q.UpdateStmt(v)
	if err != nil {
		return 0, err
	}
	return q.run(ctx, s)
}

// Delete removes all matching rows and returns how many, cascades included.
// Without a condition it is refused.
func (q Query) Delete(ctx context.Context) (int64, error) {
	s, err := q.DeleteStmt()
	if err != nil {
		return 0, err
	}
	return q.run(ctx, s)
}

func (q Query) run(ctx context.Context, s d1.Stmt) (int64, error) {
	r, err := q.db.conn.Query(ctx, s)
	if err != nil {
		return 0, err
	}
	return r.Meta.Changes, nil
}
