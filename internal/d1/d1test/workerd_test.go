package d1test_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

// onEach runs a test on each runtime.
func onEach(t *testing.T, test func(t *testing.T, rt d1test.Runtime)) {
	t.Parallel()
	for _, rt := range d1test.Runtimes {
		t.Run(string(rt), func(t *testing.T) {
			t.Parallel()
			test(t, rt)
		})
	}
}

func TestDatabasesAreFreshAndApart(t *testing.T) {
	onEach(t, func(t *testing.T, rt d1test.Runtime) {
		rig := d1test.Workerd(t, rt)
		// More than one process has.
		for range 70 {
			mustQuery(t, rig.Database(t), "create table t(a)")
		}
	})
}

// The folder's name is the version of SQLite, which no statement may ask for: a
// form that came between the two tells them apart.
func TestRuntimesAreTheOnesTheyAreCalled(t *testing.T) {
	onEach(t, func(t *testing.T, rt d1test.Runtime) {
		_, err := d1test.Workerd(t, rt).Database(t).Query(t.Context(), "select iif(1, 2)")
		if newer := err == nil; newer != (rt == d1test.Newest) {
			t.Errorf("iif() of two: %v", err)
		}
	})
}

func TestParams(t *testing.T) {
	t.Parallel()
	db := d1test.Workerd(t, d1test.Older).Database(t)
	got := mustQuery(t, db, "select typeof(?1) t, ?1 b, typeof(?2) n, ?3 s, ?4 raw",
		[]byte{0, 255}, 7, "<é\x00>", json.RawMessage("null"))
	wantRows(t, `[{"t":"blob","b":[0,255],"n":"real","s":"<é\u0000>","raw":null}]`, got)
}

func TestBatchIsOneTransaction(t *testing.T) {
	t.Parallel()
	db := d1test.Workerd(t, d1test.Older).Database(t)
	mustQuery(t, db, "create table t(a unique)")
	_, err := db.Batch(t.Context(),
		d1test.Stmt{SQL: "insert into t values(?)", Params: []any{"x"}},
		d1test.Stmt{SQL: "insert into t values(?)", Params: []any{"x"}})
	var refused *d1test.D1Error
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a D1Error", err)
	}
	wantRows(t, `[{"n":0}]`, mustQuery(t, db, "select count(*) n from t"))
}

func TestCancelledQueryIsNotD1sRefusal(t *testing.T) {
	t.Parallel()
	db := d1test.Workerd(t, d1test.Older).Database(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := db.Query(ctx, "with recursive c(n) as (select 1 union all select n+1 from c where n<3000000) select count(*) from c")
	var refused *d1test.D1Error
	if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &refused) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestPersistentRigKeepsItsDatabases(t *testing.T) {
	onEach(t, func(t *testing.T, rt d1test.Runtime) {
		dir := t.TempDir()
		first := d1test.PersistentWorkerd(t, rt, dir)
		mustQuery(t, first.Database(t), "create table t as select 1 a")
		first.Stop()
		again := d1test.PersistentWorkerd(t, rt, dir)
		wantRows(t, `[{"a":1}]`, mustQuery(t, again.Database(t), "select a from t"))
		if _, err := again.Database(t).Query(t.Context(), "select a from t"); err == nil {
			t.Error("the second database has the table of the first")
		}
	})
}

// mustQuery returns the results alone.
func mustQuery(t *testing.T, db *d1test.Database, sql string, params ...any) json.RawMessage {
	t.Helper()
	answer, err := db.Query(t.Context(), sql, params...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var a struct{ Results json.RawMessage }
	if err := json.Unmarshal(answer, &a); err != nil {
		t.Fatal(err)
	}
	return a.Results
}

func wantRows(t *testing.T, want string, got json.RawMessage) {
	t.Helper()
	if diff := d1test.SameRows(json.RawMessage(want), got); diff != "" {
		t.Error(diff)
	}
}
