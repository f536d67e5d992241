package local_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

// file opens a handle on a file beside others on it, which see it as those of another
// process do.
func file(tb testing.TB, path string) d1.Conn {
	tb.Helper()
	c, err := local.OpenFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

func version(tb testing.TB, c d1.Conn) int64 {
	tb.Helper()
	v, err := c.(d1.Versioned).Version(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestEveryCommitMakesAnotherVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.db")
	ours, other := file(t, path), file(t, path)
	before := version(t, ours)
	for _, step := range []struct {
		what  string
		on    d1.Conn
		ss    []d1.Stmt
		fails bool
		same  bool
	}{
		{what: "a table is made", on: ours, ss: []d1.Stmt{d1.Exec("create table t (id integer primary key, x)")}},
		{what: "nothing happens", on: ours, same: true},
		{what: "a row is written", on: ours, ss: []d1.Stmt{d1.Exec("insert into t values (1, 1)")}},
		{what: "a row is read", on: ours, ss: []d1.Stmt{d1.Query("select * from t")}, same: true},
		{what: "a row is written through the other handle", on: other, ss: []d1.Stmt{d1.Exec("insert into t values (2, 2)")}},
		{what: "a table is made through the other handle", on: other, ss: []d1.Stmt{d1.Exec("create table u (id)")}},
		{what: "a batch fails", on: ours, ss: []d1.Stmt{d1.Exec("insert into t values (3, 3)"),
			d1.Exec("insert into t values (1, 1)")}, fails: true, same: true},
		{what: "a row is deleted", on: ours, ss: []d1.Stmt{d1.Exec("delete from t where id = 1")}},
	} {
		if _, err := step.on.Batch(t.Context(), step.ss); (err != nil) != step.fails {
			t.Fatalf("%s: %v", step.what, err)
		}
		after := version(t, ours)
		if step.same != (after == before) || after < before {
			t.Errorf("%s: from version %d to %d", step.what, before, after)
		}
		before = after
	}
}

// Numbers that begin anew with each opening would say that nothing has changed.
func TestADatabaseThatWasClosedMeanwhileHasAnotherVersion(t *testing.T) {
	t.Parallel()
	e, err := local.Open(t.TempDir(), local.Options{OpenDatabases: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	var conns []d1.Conn
	for _, name := range []string{"a", "b"} {
		info, err := e.Create(t.Context(), d1.CreateInput{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.Open(t.Context(), info.ID)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	seen := map[int64]bool{}
	for range 4 {
		for _, c := range conns {
			v := version(t, c) // closes the other one
			if seen[v] {
				t.Fatalf("version %d was given before", v)
			}
			seen[v] = true
		}
	}
}

func TestWhoIsGoneGetsNoVersion(t *testing.T) {
	t.Parallel()
	c := file(t, filepath.Join(t.TempDir(), "f.db"))
	before := version(t, c)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if v, err := c.(d1.Versioned).Version(gone); !fault.Is(err, fault.Limited) {
		t.Errorf("%d, %v", v, err)
	}
	if v := version(t, c); v < before {
		t.Errorf("from version %d to %d", before, v)
	}
}

// What is kept under a version is never older than what was answered when the version
// was asked for, with writers on this handle and on another one.
func TestARowReadAfterItsVersionIsNeverOlder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f.db")
	conns := []d1.Conn{file(t, path), file(t, path)}
	if _, err := conns[0].Batch(t.Context(), []d1.Stmt{d1.Exec("create table n (x)"), d1.Exec("insert into n values (0)")}); err != nil {
		t.Fatal(err)
	}
	const writes = 50
	var mu sync.Mutex // guards kept, the newest number that was read under a version
	kept := map[int64]int64{}
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, c := range conns {
		writers.Go(func() {
			for range writes {
				if _, err := c.Query(t.Context(), d1.Exec("update n set x = x + 1")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for open := true; open; {
				select {
				case <-done:
					open = false
				default:
				}
				v, err := conns[0].(d1.Versioned).Version(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				r, err := conns[0].Query(t.Context(), d1.Query("select x from n"))
				if err != nil {
					t.Error(err)
					return
				}
				again, err := conns[0].(d1.Versioned).Version(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if x := r.Rows[0][0].Int(); again == v { // nobody has committed in between
					mu.Lock()
					if was, ok := kept[v]; ok && was != x {
						t.Errorf("version %d has the numbers %d and %d", v, was, x)
					}
					kept[v] = x
					mu.Unlock()
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if kept[version(t, conns[0])] != 2*writes {
		t.Errorf("the last version has the number %d", kept[version(t, conns[0])])
	}
}
