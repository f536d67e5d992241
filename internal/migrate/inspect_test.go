package migrate_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// asked is a connection that counts its calls and those that the engine refused.
type asked struct {
	d1.Conn
	calls, refused int
}

func (a *asked) count(err error) {
	a.calls++
	if err != nil {
		a.refused++
	}
}

func (a *asked) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	r, err := a.Conn.Query(ctx, s)
	a.count(err)
	return r, err
}

func (a *asked) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	rs, err := a.Conn.Batch(ctx, ss)
	a.count(err)
	return rs, err
}

// TestALookAsksForOurTablesWhereTheyAre: in the call that reads the schema once they are
// known, in a second one before, and in none where they aren't there.
func TestALookAsksForOurTablesWhereTheyAre(t *testing.T) {
	t.Parallel()
	file, err := local.OpenFile(filepath.Join(t.TempDir(), "app.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	conn := &asked{Conn: file}
	target, err := schema.Parse([]byte(`{"name": "app", "version": 3, "tables": {"users": {"id": "integer primary key not null"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Conn.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	synchronize := func() {
		t.Helper()
		if _, err := migrate.Synchronize(t.Context(), conn.Conn, target, migrate.Attempt{ID: "a", Actor: "test", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	var own migrate.Own
	for _, step := range []struct {
		what           string
		before         func()
		calls, refused int
		version        int
	}{
		{"without our tables", nil, 1, 0, 0},
		{"once more", nil, 1, 0, 0},
		{"somebody made them", synchronize, 2, 0, 3},
		{"known", nil, 1, 0, 3},
		{"put back to before them", func() { exec("drop table kuratchi_schema_state") }, 2, 1, 0},
		{"known to be gone", nil, 1, 0, 0},
		{"made by this program", func() {
			exec("drop table kuratchi_ledger")
			synchronize()
			own = migrate.AllOwn()
		}, 1, 0, 3},
	} {
		if step.before != nil {
			step.before()
		}
		conn.calls, conn.refused = 0, 0
		db, state, known, err := own.State(t.Context(), conn, "app")
		if err != nil || db == nil || state.Version != step.version || known != (step.version > 0) {
			t.Errorf("%s: %+v %v %v", step.what, state, known, err)
		}
		if conn.calls != step.calls || conn.refused != step.refused {
			t.Errorf("%s: %d calls, %d refused, want %d and %d", step.what, conn.calls, conn.refused, step.calls, step.refused)
		}
	}
	conn.calls = 0
	db, entries, err := own.Ledger(t.Context(), conn)
	if err != nil || len(entries) != 1 || len(db.Tables) != 1 || conn.calls != 1 {
		t.Errorf("the ledger: %+v %v, %d calls", entries, err, conn.calls)
	}
	if _, _, known, err := own.State(t.Context(), conn, "other"); err != nil || known {
		t.Errorf("a schema that it doesn't have: %v %v", known, err)
	}
	exec("alter table kuratchi_schema_state rename column schema_hash to hash")
	if db, _, _, err := own.State(t.Context(), conn, "app"); err == nil || db == nil {
		t.Errorf("a table of ours that somebody changed: %v %v", db, err)
	}
}
