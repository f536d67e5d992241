package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

// kind is a kind of call: do makes one.
type kind struct {
	name   string
	writes bool
	// uses is the database that a call uses up, victim or empty.
	uses string
	do   func(ctx context.Context, p *rest.Provider, id string) error
	op   string
}

func (w *world) kinds() []kind {
	one := func(f func(ctx context.Context, c d1.Conn) error) func(context.Context, *rest.Provider, string) error {
		return func(ctx context.Context, p *rest.Provider, id string) error {
			c, err := p.Open(ctx, id)
			if err != nil {
				return err
			}
			return f(ctx, c)
		}
	}
	return []kind{
		{"query that writes", true, "", one(func(ctx context.Context, c d1.Conn) error {
			_, err := c.Query(ctx, d1.Exec("insert into t values (?)", d1.Int(1)))
			return err
		}), "raw"},
		{"batch that writes", true, "", one(func(ctx context.Context, c d1.Conn) error {
			_, err := c.Batch(ctx, []d1.Stmt{d1.Query("select 1"), d1.Exec("insert into t values (2)")})
			return err
		}), "raw"},
		{"query that reads", false, "", one(func(ctx context.Context, c d1.Conn) error {
			_, err := c.Query(ctx, d1.Stmt{SQL: "select a from t", Columns: []string{"a"}})
			return err
		}), "raw"},
		{"stream", false, "", one(func(ctx context.Context, c d1.Conn) error {
			rows, err := c.Stream(ctx, d1.Query("select a from t"))
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			return errors.Join(rows.Err(), rows.Close())
		}), "raw"},
		{"create", true, "", func(ctx context.Context, p *rest.Provider, _ string) error {
			w.made++
			_, err := p.Create(ctx, d1.CreateInput{Name: "made-" + w.empty[len(w.empty)-12:] + fmt.Sprint(w.made), Location: "weur"})
			return err
		}, "create"},
		{"get", false, "", func(ctx context.Context, p *rest.Provider, id string) error { _, err := p.Get(ctx, id); return err }, "get"},
		{"find", false, "", func(ctx context.Context, p *rest.Provider, _ string) error {
			_, err := p.Find(ctx, w.victim)
			return err
		}, "list"},
		{"list", false, "", func(ctx context.Context, p *rest.Provider, _ string) error { _, err := p.List(ctx); return err }, "list"},
		{"replication", true, "victim", func(ctx context.Context, p *rest.Provider, id string) error {
			_, err := p.SetReplication(ctx, id, "auto")
			return err
		}, "edit"},
		{"keep", false, "", func(ctx context.Context, p *rest.Provider, id string) error { _, err := p.Keep(ctx, id); return err }, "bookmark"},
		{"restore", true, "victim", func(ctx context.Context, p *rest.Provider,
			id string) error {
			return p.Restore(ctx, id, w.bookmark)
		}, "restore"},
		{"copy", false, "", func(ctx context.Context, p *rest.Provider, id string) error {
			f, err := p.Copy(ctx, id, "")
			if err != nil {
				return err
			}
			return f.Close()
		}, "raw"},
		{"fill", true, "empty", func(ctx context.Context, p *rest.Provider, _ string) error {
			_, err := p.Fill(ctx, w.empty, d1.FillInput{Path: w.file})
			return err
		}, "import"},
		{"delete", true, "victim", func(ctx context.Context, p *rest.Provider, id string) error { return p.Delete(ctx, id) }, "delete"},
	}
}

// world is what a call under a fault works on.
type world struct {
	file, bookmark, empty, id, victim string
	made                              int
}

// sample writes an SQLite file to fill databases from.
func sample(t *testing.T, statements ...string) string {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "sample"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatalf("%.200s: %v", sql, err)
		}
	}
	f, err := e.Copy(t.Context(), info.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	path := filepath.Join(t.TempDir(), "sample.db")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestNoWriteHappensTwice makes every kind of call under every fault, one at each
// request the call makes, and counts on the server what was done.
func TestNoWriteHappensTwice(t *testing.T) {
	t.Parallel()
	file := sample(t, "create table s(a)", "insert into s values (1)")
	for n, k := range (&world{}).kinds() {
		t.Run(strings.ReplaceAll(k.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			f := newFront(t, front.Options{})
			setUp := provider(t, f.URL)
			cases := 0
			w := &world{file: file}
			for _, fl := range front.AllFaults {
				for at := range 6 {
					w.renew(t, f, setUp, k.uses, cases)
					cases++
					if used := underFault(t, f, w, w.kinds()[n], fl, at); used <= at { // the call makes no further request
						break
					}
				}
			}
			t.Logf("%d calls under faults", cases)
		})
	}
}

// renew makes the databases which aren't there yet, or are used up.
func (w *world) renew(t *testing.T, f *front.Front, p *rest.Provider, used string, n int) {
	t.Helper()
	if w.empty == "" || used == "empty" {
		w.empty = f.Add(fmt.Sprintf("empty-%d", n))
	}
	if w.id != "" && used != "victim" {
		return
	}
	w.victim = fmt.Sprintf("victim-%d", n)
	w.id = f.Add(w.victim)
	c, _ := p.Open(t.Context(), w.id)
	exec(t, c, "create table t(a)")
	exec(t, c, "insert into t values (0)")
	point, err := p.Keep(t.Context(), w.id)
	if err != nil {
		t.Fatal(err)
	}
	w.bookmark = point.ID
	exec(t, c, "insert into t values (-1)") // which a restore undoes
}

// underFault makes a call and judges it. It returns how many requests it made.
func underFault(t *testing.T, f *front.Front, w *world, k kind, fl front.Fault, at int) (used int) {
	t.Helper()
	x := front.NewFaults(t, f)
	p := provider(t, x.URL, func(o *rest.Options) {
		o.Pause = time.Millisecond
		if slices.Contains([]front.Fault{front.HangBefore, front.HangAfter, front.HangInBody}, fl) {
			// On a busy machine it may also end what doesn't hang: judged alike, once that is over.
			o.Quiet, o.Settle = 500*time.Millisecond, 10*time.Second
		}
	})
	err := errors.New("not asked yet")
	for n := 0; err != nil && n < 20; n++ { // so that names are known
		_, err = p.List(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	before, seen := len(f.Calls()), x.Seen()
	x.Next(append(slices.Repeat([]front.Fault{""}, at), fl)...)
	err = k.do(t.Context(), p, w.id)
	used = x.Seen() - seen
	x.Close() // what the call gave up is over too, and counted
	judge(t, k, fl, at, err, f.Calls()[before:])
	return used
}

// secrets are in no error: tokens, addresses, bodies of answers.
var secrets = []string{front.Token, front.ReadToken, "127.0.0.1", "origin-7", "<html", "storage/", front.Account}

func judge(t *testing.T, k kind, fl front.Fault, at int, err error, calls []front.Call) {
	t.Helper()
	where := fmt.Sprintf("%s, %s at request %d", k.name, fl, at)
	effects := 0
	for _, c := range calls {
		if c.Effect {
			effects++
		}
	}
	if effects > 1 {
		t.Errorf("%s: %d effects", where, effects)
	}
	if !k.writes && effects > 0 {
		t.Errorf("%s: a read had an effect", where)
	}
	if err == nil {
		if k.writes && effects != 1 {
			t.Errorf("%s: said to be done, and has %d effects", where, effects)
		}
		return
	}
	switch {
	case fault.Is(err, fault.Internal):
		t.Errorf("%s: %v", where, err)
	case k.writes && effects == 1 && !fault.Is(err, fault.Unknown):
		t.Errorf("%s: done, and the error says otherwise: %s, %v", where, fault.KindOf(err), err)
	case !k.writes && fault.Is(err, fault.Unknown):
		t.Errorf("%s: a read whose outcome is unknown: %v", where, err)
	}
	atTheDoor := []front.Fault{front.Limited, front.LimitedFor, front.Overloaded, front.Quota}
	refused := slices.Contains(atTheDoor, fl) && !fault.Is(err, fault.Unknown)
	if d1.NotRun(err) != refused || refused && effects > 0 {
		t.Errorf("%s: said not to be run: %t, with %d effects: %v", where, d1.NotRun(err), effects, err)
	}
	for _, s := range secrets {
		if strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error holds %q: %v", where, s, err)
		}
	}
	msg := fault.Message(err)
	named := strings.Contains(msg, "victim-") || strings.Contains(msg, "empty-") || strings.Contains(msg, "made-") || k.op == "list"
	limit := fault.Is(err, fault.Limited) && strings.Contains(msg, "limit of")
	if !named && !limit {
		t.Errorf("%s: the message names no database: %s", where, msg)
	}
	if strings.Count(msg, ".") < 2 && !strings.Contains(msg, ":") {
		t.Errorf("%s: the message doesn't say what to do: %s", where, msg)
	}
}

func TestReadsAreRepeatedAndWritesAreNot(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	p := provider(t, x.URL, func(o *rest.Options) { o.Pause = time.Millisecond })
	c := open(t, p, "again")
	exec(t, c, "create table t(a)")
	for _, fl := range []front.Fault{front.ResetBefore, front.ResetAfter, front.HalfBody, front.Overloaded, front.BadGateway,
		front.Truncated, front.InternalAfter} {
		x.Next(fl, fl)
		seen := x.Seen()
		if _, err := c.Query(t.Context(), d1.Query("select 1")); err != nil || x.Seen()-seen != 3 {
			t.Errorf("a read after %s: %d requests, %v", fl, x.Seen()-seen, err)
		}
		x.Next(fl, fl)
		seen = x.Seen()
		if _, err := c.Query(t.Context(), d1.Exec("insert into t values (1)")); err == nil || x.Seen()-seen != 1 {
			t.Errorf("a write after %s: %d requests, %v", fl, x.Seen()-seen, err)
		}
	}
	x.Next()
	refused := provider(t, front.Refused(t))
	rc, _ := refused.Open(t.Context(), "0000-1")
	if _, err := rc.Query(t.Context(), d1.Exec("insert into t values (1)")); !fault.Is(err, fault.Unavailable) ||
		!strings.Contains(fault.Message(err), "Nothing was changed") {
		t.Errorf("nobody listens: %v", err)
	}
	if f := new(rest.Failure); !errors.As(func() error { _, err := rc.Query(t.Context(), d1.Query("select 1")); return err }(), &f) ||
		f.Cause != "connection refused" {
		t.Errorf("the log's cause: %v", f)
	}
}

func TestRequestIDIsKept(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	c := open(t, provider(t, f.URL), "ids")
	_, err := c.Query(t.Context(), d1.Query("select nope"))
	if ref := fault.RefOf(err); !strings.HasSuffix(ref, "-TST") {
		t.Errorf("the request id is %q", ref)
	}
	x := front.NewFaults(t, f)
	c2 := provider(t, x.URL)
	x.Always(front.BadGateway)
	if _, err := c2.List(t.Context()); fault.RefOf(err) != "fault-502-html" {
		t.Errorf("the request id is %q of %v", fault.RefOf(err), err)
	}
}

func TestListReadsEachDatabaseOnce(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	for i := range 25 {
		f.Add(fmt.Sprintf("db-%02d", i))
	}
	p := provider(t, x.URL)
	for _, fl := range []front.Fault{"", front.DuplicatePages} {
		x.Always(fl)
		infos, err := p.List(t.Context())
		if err != nil || len(infos) != 25 || infos[7].Name != "db-07" || infos[7].Size != -1 || infos[7].Tables != -1 {
			t.Errorf("%s: %d databases, %v", fl, len(infos), err)
		}
		if i, err := p.Find(t.Context(), "db-24"); err != nil || i.Name != "db-24" {
			t.Errorf("%s: %v", fl, err)
		}
		if _, err := p.Find(t.Context(), "db-2"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: half a name: %v", fl, err)
		}
	}
}

// A stream takes the memory of a row, and Query stops at a limit.
func TestLargeAnswersAreBounded(t *testing.T) {
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	p := provider(t, x.URL)
	c, _ := p.Open(t.Context(), f.Add("large"))
	x.Next(front.HundredMegabytes)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, err := c.Stream(t.Context(), d1.Query("select n, s from t"))
	if err != nil {
		t.Fatal(err)
	}
	n, most := 0, uint64(0)
	for rows.Next() {
		if n++; n%1000 == 0 {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse-min(before.HeapInuse, now.HeapInuse))
		}
	}
	if n != 100_000 || rows.Err() != nil {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
	_ = rows.Close()
	if most > 40<<20 {
		t.Errorf("streaming 100 MB took %d MB", most>>20)
	}
	t.Logf("streaming 100 MB took %d MB at most", most>>20)
	x.Next(front.HundredMegabytes)
	if _, err := c.Query(t.Context(), d1.Query("select n, s from t")); !fault.Is(err, fault.Invalid) ||
		!strings.Contains(fault.Message(err), "large") {
		t.Errorf("a result of 100 MB: %v", err)
	}
	x.Next(front.HundredMegabytes)
	if r, err := c.Query(t.Context(), d1.Stmt{SQL: "select n, s from t", MaxRows: 10}); err != nil || len(r.Rows) != 10 || !r.Cut {
		t.Errorf("ten of many rows: %v", err)
	}
}

// The words of whoever made a trigger or a column say nothing of D1's state.
func TestWordsOfTheSchemaAreNoWordsOfD1(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	c := open(t, provider(t, f.URL), "words")
	exec(t, c, "create table jobs(id integer primary key, queued text unique, \"internal error\" text check (\"internal error\" <> 'x'))")
	exec(t, c, "insert into jobs values (1, 'a', 'b')")
	exec(t, c, "create trigger j before update on jobs when new.id = 1 begin select raise(abort, 'Something went wrong with this job'); end")
	exec(t, c, "create trigger d before delete on jobs begin select raise(abort, 'the payment timed out, keep the row'); end")
	for sql, kind := range map[string]fault.Kind{
		"insert into jobs values (2, 'a', 'c')": fault.Conflict,
		"insert into jobs values (3, 'q', 'x')": fault.Conflict,
		"update jobs set queued = 'z'":          fault.Conflict,
		"delete from jobs":                      fault.Conflict,
		"select overloaded from jobs":           fault.Invalid,
	} {
		s := d1.Exec(sql)
		if strings.HasPrefix(sql, "select") {
			s = d1.Query(sql)
		}
		before, _ := f.Count("raw")
		_, err := c.Query(t.Context(), s)
		after, _ := f.Count("raw")
		if !fault.Is(err, kind) {
			t.Errorf("%s: %v", sql, err)
		}
		if after-before != 1 {
			t.Errorf("%s: %d calls", sql, after-before)
		}
	}
}

// A longer Retry-After than a read waits for by itself is its caller's to wait for,
// whoever reads the answer.
func TestNoReadComesBackBeforeItMay(t *testing.T) {
	t.Parallel()
	reads := map[string]func(context.Context, d1.Conn) error{
		"query": func(ctx context.Context, c d1.Conn) error {
			_, err := c.Query(ctx, d1.Query("select 1"))
			return err
		},
		"stream": func(ctx context.Context, c d1.Conn) error {
			_, err := c.Stream(ctx, d1.Query("select 1"))
			return err
		},
	}
	for name, read := range reads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				seen.Add(1)
				w.Header().Set("Retry-After", "60")
				w.WriteHeader(http.StatusServiceUnavailable)
			}))
			t.Cleanup(server.Close)
			c, err := provider(t, server.URL+"/").Open(t.Context(), "busy")
			if err != nil {
				t.Fatal(err)
			}
			if err := read(t.Context(), c); !fault.Is(err, fault.Unavailable) || seen.Load() != 1 {
				t.Errorf("%d requests, want 1: %v", seen.Load(), err)
			}
		})
	}
}
