package controlplane

import (
	"context"
	_ "embed"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/schema"
)

//go:embed schema.json
var source []byte

// Schema returns the declaration of the control plane's tables.
func Schema() (*schema.Schema, error) { return schema.Parse(source) }

// Store reads and writes the control plane.
type Store struct {
	conn   d1.Conn
	db     *orm.DB
	schema *schema.Schema
	kept   *kept // nil where the database can't tell whether it has changed
	now    func() time.Time
	steady func() bool // whether the clock can be trusted with removing what is old
}

func newStore(conn d1.Conn, s *schema.Schema, now func() time.Time) *Store {
	return &Store{conn: conn, db: orm.New(conn, s), schema: s, kept: newKept(conn), now: now, steady: func() bool { return true }}
}

// Open brings the control plane's database to this program's version and returns
// the store. A database written by a newer version is fault.Conflict and is not
// touched.
func Open(ctx context.Context, conn d1.Conn, now func() time.Time) (*Store, error) {
	s, err := Schema()
	if err != nil {
		return nil, err
	}
	at := now()
	_, err = migrate.Synchronize(ctx, conn, s, migrate.Attempt{ID: id.At[string](at), Actor: "system:start", At: at})
	if fault.Is(err, fault.Conflict) {
		return nil, fault.Wrap(err, fault.Conflict,
			"This data folder was written by a newer version of the dashboard. Start that version, or use another folder. Nothing was changed.")
	}
	if err != nil {
		return nil, err
	}
	if _, err := conn.Query(ctx, d1.Exec(markPoints)); err != nil {
		return nil, err
	}
	return newStore(conn, s, now), nil
}

// Is reports whether a database is a control plane, of any version.
func Is(ctx context.Context, conn d1.Conn) (bool, error) {
	s, err := Schema()
	if err != nil {
		return false, err
	}
	_, known, err := migrate.Recorded(ctx, conn, s.Name)
	return known, err
}

// Attach returns the store of a database that this very version has opened
// before; another version's is fault.Conflict. Nothing is changed: it is for
// commands that run beside the program.
func Attach(ctx context.Context, conn d1.Conn, now func() time.Time) (*Store, error) {
	s, err := Schema()
	if err != nil {
		return nil, err
	}
	state, known, err := migrate.Recorded(ctx, conn, s.Name)
	if err != nil {
		return nil, err
	}
	if !known || state.Hash != s.Hash() {
		return nil, fault.New(fault.Conflict, "This data folder belongs to another version of the dashboard. "+
			"Start the dashboard once with this version, or use the other one.")
	}
	return newStore(conn, s, now), nil
}

// Ready returns nil when the control plane can be written: it takes the write
// lock and changes no row.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.conn.Query(ctx, d1.Exec("update setup set id = id where 0"))
	return err
}

func (s *Store) table(name string) orm.Query { return s.db.Table(name) }

// batch gathers the statements of one change; the first error wins.
type batch struct {
	s   *Store
	ss  []d1.Stmt
	err error
}

func (s *Store) change() *batch { return &batch{s: s} }

func (b *batch) add(st d1.Stmt, err error) *batch {
	if b.err == nil {
		b.err = err
	}
	b.ss = append(b.ss, st)
	return b
}

func (b *batch) insert(table string, v orm.Values) *batch {
	return b.add(b.s.table(table).InsertStmt(v))
}

// update changes exactly one row, or the whole batch fails.
func (b *batch) update(table string, v orm.Values, conds ...orm.Cond) *batch {
	return b.add(b.s.table(table).Where(conds...).UpdateStmt(v)).add(orm.Changed(table), nil)
}

func (b *batch) audit(es ...audit.Entry) *batch {
	for _, e := range es {
		b.insert("audit", auditValues(e))
	}
	return b
}

// run sends the batch. lost is what a failed condition means, taken what a
// duplicate means; nil leaves the error as it is.
func (b *batch) run(ctx context.Context, lost, taken error) error {
	if b.err != nil {
		return b.err
	}
	_, err := b.s.conn.Batch(ctx, b.ss)
	switch {
	case lost != nil && orm.IsUnchanged(err):
		return lost
	case taken != nil && orm.IsDuplicate(err):
		return taken
	}
	return err
}

// each makes what the rows stand for.
func each[T any](rows []orm.Row, of func(orm.Row) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

// anys are values for a condition.
func anys[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// named gives a missing row its name.
func named(err error, format string, args ...any) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, format, args...)
	}
	return err
}
