package local_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

func made(t *testing.T, e *local.Engine, name string) (d1.Info, d1.Conn) {
	t.Helper()
	info, err := e.Create(t.Context(), d1.CreateInput{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return info, c
}

func keep(t *testing.T, e *local.Engine, id string) d1.Point {
	t.Helper()
	p, err := e.Keep(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRestoreAndUndoTheRestore(t *testing.T) {
	e := engine(t, local.Options{})
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x text)")
	query(t, c, "insert into t values ('before')")
	query(t, c, "select * from t") // a compiled statement that the restore makes stale
	before := keep(t, e, info.ID)
	if before.Size <= 0 || time.Since(before.At) > time.Minute {
		t.Errorf("point %+v", before)
	}
	query(t, c, "alter table t add column y default 'new'")
	query(t, c, "insert into t(x) values ('after')")
	after := keep(t, e, info.ID)
	if err := e.Restore(t.Context(), info.ID, before.ID); err != nil {
		t.Fatal(err)
	}
	if r := query(t, c, "select * from t"); len(r.Rows) != 1 || len(r.Columns) != 1 || r.Rows[0][0].Text() != "before" {
		t.Errorf("restored to %v %v", r.Columns, r.Rows)
	}
	query(t, c, "insert into t values ('written after the restore')")
	if err := e.Restore(t.Context(), info.ID, after.ID); err != nil {
		t.Fatal(err)
	}
	if r := query(t, c, "select group_concat(x || y, ',') from t"); r.Rows[0][0].Text() != "beforenew,afternew" {
		t.Errorf("the undo gave %v", r.Rows)
	}
	if err := e.Forget(t.Context(), before.ID); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{before.ID, "", "../../control", info.ID + "/../x", info.ID + "/20260101T000000000Z-00000000"} {
		if err := e.Restore(t.Context(), info.ID, gone); !fault.Is(err, fault.NotFound) {
			t.Errorf("restoring to %q: %v", gone, err)
		}
	}
	if r := query(t, c, "select count(*) from t"); r.Rows[0][0].Int() != 2 {
		t.Error("a refused restore changed the database")
	}
}

func TestAPointOutlivesItsDatabase(t *testing.T) {
	e := engine(t, local.Options{})
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x)")
	query(t, c, "insert into t values (x'00ff'), (9223372036854775807), ('é')")
	p := keep(t, e, info.ID)
	if err := e.Delete(t.Context(), info.ID); err != nil {
		t.Fatal(err)
	}
	again, c := made(t, e, "probe")
	if err := e.Restore(t.Context(), again.ID, p.ID); err != nil {
		t.Fatal(err)
	}
	if r := query(t, c, "select group_concat(quote(x), ' ') from t"); r.Rows[0][0].Text() != "X'00FF' 9223372036854775807 'é'" {
		t.Errorf("%v", r.Rows)
	}
}

func TestReadersAndWritersDuringKeepAndRestore(t *testing.T) {
	e := engine(t, local.Options{})
	info, c := made(t, e, "probe")
	query(t, c, "create table a(x)")
	query(t, c, "create table b(x)")
	for range 20 {
		query(t, c, "insert into a select hex(randomblob(2000)) from json_each('[1,2,3,4,5,6,7,8]')")
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { // both tables change in one transaction, so no copy may see them apart
		for ctx.Err() == nil {
			_, err := c.Batch(ctx, []d1.Stmt{d1.Exec("insert into a values (1)"), d1.Exec("insert into b values (1)")})
			if err != nil && ctx.Err() == nil {
				t.Errorf("writing: %v", err)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				r, err := c.Query(ctx, d1.Query("select (select count(*) from a) - (select count(*) from b)"))
				if err == nil && r.Rows[0][0].Int() != 160 {
					t.Errorf("a reader sees %v", r.Rows)
				}
				if err != nil && ctx.Err() == nil {
					t.Errorf("reading: %v", err)
				}
			}
		})
	}
	for range 5 {
		p := keep(t, e, info.ID)
		if err := e.Restore(t.Context(), info.ID, p.ID); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
	if r := query(t, c, "pragma quick_check"); r.Rows[0][0].Text() != "ok" {
		t.Errorf("%v", r.Rows)
	}
}

func TestACopyIsOneFileThatGoesAway(t *testing.T) {
	dir := t.TempDir()
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x)")
	query(t, c, "insert into t values ('downloaded')")
	f, err := e.Copy(t.Context(), info.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != f.Size() || !bytes.HasPrefix(b, []byte("SQLite format 3\x00")) || b[18] != 1 ||
		!bytes.Contains(b, []byte("downloaded")) {
		t.Errorf("%d bytes of %d, format %v, %v", len(b), f.Size(), b[18:20], err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.new*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestACopyThatIsStoppedLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x)")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Keep(ctx, info.ID); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a stopped copy: %v", err)
	}
	found := 0
	_ = filepath.WalkDir(filepath.Join(dir, "copies"), func(_ string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			found++
		}
		return nil
	})
	if found != 0 {
		t.Errorf("%d files are left", found)
	}
	query(t, c, "insert into t values (1)")
}

func TestAVisitKeepsNothingOpen(t *testing.T) {
	e := engine(t, local.Options{})
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x)")
	v, err := e.Visit(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r := query(t, v, "select count(*) from t"); r.Rows[0][0].Int() != 0 {
		t.Errorf("%v", r.Rows)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Query(t.Context(), d1.Query("select 1")); err == nil {
		t.Error("a closed visit answers")
	}
	if err := e.Delete(t.Context(), info.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Visit(t.Context(), info.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("visiting what is gone: %v", err)
	}
}

func TestABatchCutsRowsAndChangesAll(t *testing.T) {
	c := open(t)
	query(t, c, "create table t(x)")
	query(t, c, "insert into t select value from json_each('[1,2,3,4,5,6,7,8,9,10]')")
	rs, err := c.Batch(t.Context(), []d1.Stmt{
		{SQL: "update t set x = x + 100 returning x", Mode: d1.Write, MaxRows: 3},
		{SQL: "select x from t", MaxRows: 10},
		{SQL: "select hex(zeroblob(500)) from t", MaxBytes: 2500},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rs[0].Rows) != 3 || !rs[0].Cut || rs[0].Meta.Changes != 10 || len(rs[1].Rows) != 10 || rs[1].Cut || len(rs[2].Rows) != 2 ||
		!rs[2].Cut {
		t.Errorf("%d %v %d; %d %v; %d %v", len(rs[0].Rows), rs[0].Cut, rs[0].Meta.Changes, len(rs[1].Rows), rs[1].Cut, len(rs[2].Rows), rs[2].Cut)
	}
	if r := query(t, c, "select min(x) from t"); r.Rows[0][0].Int() != 101 {
		t.Errorf("not all rows are changed: %v", r.Rows)
	}
	_, err = c.Batch(t.Context(), []d1.Stmt{d1.Exec("delete from t"), {SQL: "select zeroblob(1000)", MaxRow: 100}})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a row too large: %v", err)
	}
	if r := query(t, c, "select count(*) from t"); r.Rows[0][0].Int() != 10 {
		t.Error("the refused batch changed rows")
	}
}

// TestRetireKeepsEveryAnsweredWrite writes while the database is retired: what
// was answered is in the copy.
func TestRetireKeepsEveryAnsweredWrite(t *testing.T) {
	e := engine(t, local.Options{})
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x)")
	answered := make(chan int)
	began := make(chan struct{})
	go func() {
		n := 0
		for ; ; n++ {
			if _, err := c.Query(t.Context(), d1.Exec("insert into t values (?1)", d1.Int(int64(n)))); err != nil {
				break
			}
			if n == 50 {
				close(began)
			}
		}
		answered <- n
	}()
	<-began
	p, err := e.Retire(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	n := <-answered
	if _, err := c.Query(t.Context(), d1.Query("select 1")); !fault.Is(err, fault.Conflict) || strings.Contains(fault.Message(err), "backup") {
		t.Errorf("what a retired database answers: %v", err)
	}
	if ps, err := e.Points(t.Context(), info.ID); err != nil || len(ps) != 1 || ps[0].ID != p.ID || ps[0].Size != p.Size {
		t.Errorf("points %+v %v, want %+v", ps, err, p)
	}
	again, c := made(t, e, "probe")
	if err := e.Restore(t.Context(), again.ID, p.ID); err != nil {
		t.Fatal(err)
	}
	if r := query(t, c, "select count(*) from t"); r.Rows[0][0].Int() != int64(n) {
		t.Errorf("%d writes were answered, %v are kept", n, r.Rows)
	}
}

// inCopies are the paths in the folder of copies.
func inCopies(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(dir, "copies"), func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			out = append(out, strings.TrimPrefix(path, dir))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNothingStaysOfACopyThatIsForgotten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "100% of #1?") // a name that a URI has to escape
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	info, c := made(t, e, "probe")
	query(t, c, "create table t(x)")
	query(t, c, "insert into t values (1)")
	p, err := e.Retire(t.Context(), info.ID) // its file is in WAL mode
	if err != nil {
		t.Fatal(err)
	}
	again, c := made(t, e, "probe")
	if err := e.Restore(t.Context(), again.ID, p.ID); err != nil {
		t.Fatal(err)
	}
	if r := query(t, c, "select count(*) from t"); r.Rows[0][0].Int() != 1 {
		t.Errorf("restored %v", r.Rows)
	}
	if got := inCopies(t, dir); len(got) != 3 {
		t.Errorf("restoring left files beside the copy: %v", got)
	}
	for _, s := range []string{"-wal", "-shm"} { // as who reads the copy with another program leaves them
		if err := os.WriteFile(filepath.Join(dir, "copies", p.ID+".db"+s), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Forget(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	if got := inCopies(t, dir); len(got) != 1 {
		t.Errorf("forgetting left %v", got)
	}
}

func TestACopyThatWasCutIsSweptAtTheNextStart(t *testing.T) {
	dir := t.TempDir()
	e, _ := local.Open(dir, local.Options{})
	info, _ := made(t, e, "probe")
	p := keep(t, e, info.ID)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "copies", "01890000-0000-7000-8000-000000000000", "20260101T000000000Z-00000000.db.new")
	for _, path := range []string{cut, filepath.Join(dir, "copies", p.ID+"x.db.new-journal")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, _ = local.Open(dir, local.Options{})
	defer func() { _ = e.Close() }()
	if got := inCopies(t, dir); len(got) != 3 {
		t.Errorf("left: %v", got)
	}
	after, err := e.Get(t.Context(), info.ID)
	if err != nil || !after.CreatedAt.Equal(info.CreatedAt) {
		t.Errorf("made at %v, after a restart at %v: %v", info.CreatedAt, after.CreatedAt, err)
	}
}

func TestRefusalsSayWhatIsTrue(t *testing.T) {
	const full = "database or disk is full: SQLITE_FULL"
	for _, c := range []struct {
		err  error
		want string
		not  string
	}{
		{local.Refusal("acme", false, "database disk image is malformed: SQLITE_CORRUPT (extended: SQLITE_CORRUPT_VTAB)"),
			"The file of acme is damaged. SQLite says: database disk image is malformed. What", "its file is damaged"},
		{local.Refusal("acme", false, full), "The disk is full, so the database acme can't be written. Nothing was changed.", ""},
		{local.Refusal("control.db", true, full), "The disk is full, so the dashboard can't write its own records.", "control.db"},
		{local.Refusal("control.db", true, "disk I/O error: SQLITE_IOERR"),
			"its own records, the file control.db in the data folder: the disk doesn't read or write its file", "Nothing was changed"},
	} {
		if got := fault.Message(c.err); !fault.Is(c.err, fault.Unavailable) || !strings.Contains(got, c.want) ||
			c.not != "" && strings.Contains(got, c.not) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

// TestTheNewestCopyIsTheOneThatWasKeptLast: a clock that is put back names none before those
// that are there, since the last state of a database that is being removed is found by name.
func TestTheNewestCopyIsTheOneThatWasKeptLast(t *testing.T) {
	dir := t.TempDir()
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, _ := made(t, e, "probe")
	first := keep(t, e, info.ID)
	ahead := strings.Replace(first.ID, "/20", "/21", 1) // as a clock a century ahead would have named it
	path := func(point string) string { return filepath.Join(dir, "copies", filepath.FromSlash(point)+".db") }
	if err := os.Rename(path(first.ID), path(ahead)); err != nil {
		t.Fatal(err)
	}
	want := []string{ahead}
	for range 3 {
		want = append([]string{keep(t, e, info.ID).ID}, want...)
	}
	ps, err := e.Points(t.Context(), info.ID)
	if err != nil || len(ps) != len(want) {
		t.Fatal(ps, err)
	}
	for i, p := range ps {
		if p.ID != want[i] {
			t.Errorf("%d. is %s, want %s", i, p.ID, want[i])
		}
	}
}
