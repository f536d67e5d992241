package rest_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestDatabasesAreMadeAndRemoved(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p := provider(t, f.URL)
	a, err := p.Create(t.Context(), d1.CreateInput{Name: "acme", Location: "eeur"})
	if err != nil || a.Name != "acme" || a.Region != "EEUR" || a.Location != "eeur" || a.Replication != "disabled" || a.CreatedAt.IsZero() {
		t.Fatalf("%+v, %v", a, err)
	}
	b, err := p.Create(t.Context(), d1.CreateInput{Name: "beta", Location: "eeur", Jurisdiction: "eu", Replication: "auto"})
	if err != nil || b.Jurisdiction != "eu" || b.Replication != "auto" || b.Region == "EEUR" {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := p.Create(t.Context(), d1.CreateInput{Name: "acme"}); !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "name" {
		t.Errorf("a second acme: %v", err)
	}
	if _, err := p.Create(t.Context(), d1.CreateInput{Name: "a.b"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a name D1 refuses: %v", err)
	}
	c, _ := p.Open(t.Context(), a.ID)
	exec(t, c, "create table t(a)")
	if i, err := p.Get(t.Context(), a.ID); err != nil || i.Tables != 1 || i.Size <= 0 {
		t.Errorf("%+v, %v", i, err)
	}
	if i, err := p.SetReplication(t.Context(), a.ID, "auto"); err != nil || i.Replication != "auto" {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := p.SetReplication(t.Context(), a.ID, "sometimes"); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if err := p.Delete(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"get":    func() error { _, err := p.Get(t.Context(), a.ID); return err }(),
		"delete": p.Delete(t.Context(), a.ID),
		"query":  func() error { _, err := c.Query(t.Context(), d1.Query("select 1")); return err }(),
		"find":   func() error { _, err := p.Find(t.Context(), "acme"); return err }(),
		"path":   func() error { _, err := p.Get(t.Context(), "../../zones"); return err }(),
	} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s of a deleted database: %v", name, err)
		}
	}
}

func TestTokensAreRefusedInWords(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	id := f.Add("acme")
	for name, c := range map[string]struct {
		change func(*rest.Options)
		words  string
	}{
		"wrong token":   {func(o *rest.Options) { o.Token = "wrong-token" }, "doesn't accept the token"},
		"wrong account": {func(o *rest.Options) { o.Account = "00000000000000000000000000000000" }, "account's id is wrong"},
		"reading token": {func(o *rest.Options) { o.Token = front.ReadToken }, "permission D1 Edit"},
	} {
		conn, _ := provider(t, f.URL, c.change).Open(t.Context(), id)
		_, err := conn.Query(t.Context(), d1.Exec("create table t(a)"))
		if !fault.Is(err, fault.Denied) || !strings.Contains(fault.Message(err), c.words) || strings.Contains(err.Error(), "wrong-token") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if answered, _ := f.Count("raw"); answered != 1 {
		t.Errorf("%d statements reached D1", answered)
	}
	for field, o := range map[string]rest.Options{
		"account": {Account: "../" + front.Account[3:], Token: "t", Dir: t.TempDir()}, "token": {Account: front.Account, Dir: t.TempDir()},
		"read_token": {Account: front.Account, Token: "t", ReadToken: "a b", Dir: t.TempDir()},
		"base_url":   {Account: front.Account, Token: "t", BaseURL: "ftp://x", Dir: t.TempDir()}, "dir": {Account: front.Account, Token: "t"},
	} {
		if _, err := rest.New(o); fault.FieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestErrorsNameTheTokenAndTheDatabase: the token that was sent, and the database by its
// name also when this program has not seen it since it was started.
func TestErrorsNameTheTokenAndTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	id := f.Add("acme")
	p := provider(t, f.URL, func(o *rest.Options) { o.Token, o.ReadToken = "revoked-edit", "revoked-read" })
	c, _ := p.Open(t.Context(), id)
	read := func() error { _, err := c.Query(t.Context(), d1.Query("select 1")); return err }
	if m := fault.Message(read()); !strings.Contains(m, id) {
		t.Errorf("without a name it is the id: %s", m)
	}
	d1.Introduce(p, id, "acme")
	for _, k := range []struct {
		what, token, needs string
		err                error
	}{
		{"query", "reading token", "D1 Read alone", read()},
		{"stream", "reading token", "D1 Read alone", func() error { _, err := c.Stream(t.Context(), d1.Query("select 1")); return err }()},
		{"get", "reading token", "D1 Read alone", func() error { _, err := p.Get(t.Context(), id); return err }()},
		{"keep", "reading token", "D1 Read alone", func() error { _, err := p.Keep(t.Context(), id); return err }()},
		{"write", "token", "D1 Edit", func() error { _, err := c.Query(t.Context(), d1.Exec("create table t(a)")); return err }()},
		{"delete", "token", "D1 Edit", p.Delete(t.Context(), id)},
	} {
		m := fault.Message(k.err)
		if !fault.Is(k.err, fault.Denied) || !d1.NotRun(k.err) || strings.Contains(k.err.Error(), "revoked-") ||
			!strings.Contains(m, "doesn't accept the "+k.token+" for") || !strings.Contains(m, k.needs) || !strings.Contains(m, "acme") {
			t.Errorf("%s: %v", k.what, k.err)
		}
	}
	// One that is accepted and may not read: another account's.
	other := provider(t, f.URL, func(o *rest.Options) {
		o.Account, o.ReadToken = "00000000000000000000000000000000", front.ReadToken
	})
	d1.Introduce(other, id, "acme")
	if _, err := other.Get(t.Context(), id); !strings.HasPrefix(fault.Message(err), "The reading token is not allowed for the database acme") {
		t.Errorf("%v", err)
	}
	// Cloudflare's own name wins.
	known := provider(t, f.URL)
	d1.Introduce(known, id, "stale")
	if _, err := known.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	kc, _ := known.Open(t.Context(), id)
	if err := known.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := kc.Query(t.Context(), d1.Query("select 1")); !strings.Contains(fault.Message(err), "acme") {
		t.Errorf("%v", err)
	}
}

// Statements in mode Read go with the reading token: what our judge doesn't see,
// Cloudflare refuses.
func TestReadsGoWithTheReadingToken(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	id := f.Add("acme")
	p := provider(t, f.URL, func(o *rest.Options) { o.Token, o.ReadToken = "wrong-token", front.ReadToken })
	c, _ := p.Open(t.Context(), id)
	if _, err := c.Query(t.Context(), d1.Query("select 1")); err != nil {
		t.Error(err)
	}
	if rows, err := c.Stream(t.Context(), d1.Query("select 1")); err != nil || !rows.Next() || rows.Close() != nil {
		t.Error(err)
	}
	if _, err := c.Batch(t.Context(), []d1.Stmt{d1.Query("select 1"), d1.Exec("create table t(a)")}); !fault.Is(err, fault.Denied) {
		t.Errorf("a batch that writes went with the reading token: %v", err)
	}
	refused := errors.New("no")
	judged := provider(t, f.URL, func(o *rest.Options) {
		o.Judge = func(sql string) error {
			if strings.Contains(sql, "secret") {
				return fault.Wrap(refused, fault.Denied, "Not that.")
			}
			return nil
		}
	})
	c, _ = judged.Open(t.Context(), id)
	if _, err := c.Query(t.Context(), d1.Query("select 'secret'")); !errors.Is(err, refused) {
		t.Errorf("the judge wasn't asked: %v", err)
	}
	if _, err := c.Query(t.Context(), d1.Query("select 1")); err != nil {
		t.Error(err)
	}
}

func TestGoingBackInTime(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{History: true})
	p := provider(t, f.URL)
	c := open(t, p, "acme")
	info, _ := p.Find(t.Context(), "acme")
	exec(t, c, "create table t(a)")
	exec(t, c, "insert into t values (1)")
	point, err := p.Keep(t.Context(), info.ID)
	if err != nil || point.Size != 0 || time.Since(point.At) > time.Minute {
		t.Fatalf("%+v, %v", point, err)
	}
	time.Sleep(5 * time.Millisecond) // a moment goes by the millisecond
	moment := time.Now()
	time.Sleep(5 * time.Millisecond)
	exec(t, c, "update t set a = 2")
	undo, err := p.Keep(t.Context(), info.ID)
	if err != nil || undo.ID <= point.ID {
		t.Fatalf("a later bookmark %q doesn't sort after %q: %v", undo.ID, point.ID, err)
	}
	value := func() string { return exec(t, c, "select group_concat(a) from t").Rows[0][0].Text() }
	if err := p.Restore(t.Context(), info.ID, point.ID); err != nil || value() != "1" {
		t.Fatalf("restored to %q: %v", value(), err)
	}
	if err := p.Restore(t.Context(), info.ID, undo.ID); err != nil || value() != "2" {
		t.Errorf("the undo: %q, %v", value(), err)
	}
	at, err := p.PointAt(t.Context(), info.ID, moment)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Restore(t.Context(), info.ID, at.ID); err != nil || value() != "1" {
		t.Errorf("restored to a moment: %q, %v", value(), err)
	}
	if _, err := p.PointAt(t.Context(), info.ID, time.Now().Add(time.Hour)); !fault.Is(err, fault.Invalid) {
		t.Errorf("the future: %v", err)
	}
	if err := p.Restore(t.Context(), info.ID, "00000000-ffffffff-00004c6d-aa"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a bookmark of nothing: %v", err)
	}
	if err := p.Restore(t.Context(), info.ID, "../x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("no bookmark: %v", err)
	}
	if ps, err := p.Points(t.Context(), info.ID); ps != nil || err != nil {
		t.Errorf("bookmarks are listed: %v %v", ps, err)
	}
	if err := p.Forget(t.Context(), point.ID); err != nil {
		t.Error(err)
	}
	if _, err := p.Copy(t.Context(), info.ID, point.ID); !fault.Is(err, fault.Invalid) ||
		!strings.Contains(fault.Message(err), "Restore acme") {
		t.Errorf("a copy of the past: %v", err)
	}
}

// everything is a schema with what a dump must carry.
var everything = []string{
	"create table parent(id integer primary key autoincrement, code text unique not null check (length(code) > 1))",
	"create table child(id integer primary key, p integer references parent(id) on delete cascade, q integer references child(id))",
	`create table "odd ""name"" ü"("a b" any, "select" text default 'x;y', twice integer as (length("select") * 2)) strict`,
	"create table keyed(a text, b integer, v, primary key (a, b)) without rowid",
	"create table plain(v)",
	"create index child_p on child(p) where p > 0", "create view seen as select code from parent -- all",
	"insert into parent(code) values ('aa'),('bb'),('cc')", "delete from parent where code='cc'",
	"insert into child values (1, 1, 2), (2, 2, 1)",
	"create trigger parent_up after update on parent begin update child set q = 3; select case when 1 then ';' end; end",
	`insert into "odd ""name"" ü"("a b", "select") values (9007199254740993, 'it''s'), (1.5, char(10)||'x'||char(13)), ` +
		`(null, ''), (x'00ff', 'é😀')`,
	"insert into keyed values ('k', -9223372036854775808, 9e999), ('k', 9223372036854775807, -9e999), ('', 0, 1.0), ('x', 1, " +
		"cast(x'ff00fe' as text)), ('n', 2, cast(x'610062' as text))",
	"insert into plain(rowid, v) values (7, 1), (-3, 1.0), (1000000000000, '1')",
	"insert into plain(rowid, v) values (50, randomblob(1900000)), (51, hex(randomblob(150000)))",
}

// fingerprint reads all of a database by the embedded engine.
func fingerprint(t *testing.T, c d1.Conn) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []string{
		`select type, name, tbl_name, sql from sqlite_master where name not like '\_cf\_%' escape '\' order by type, name`,
		"select * from parent order by id", "select * from child order by id",
		`select rowid, "a b", typeof("a b"), "select", twice from "odd ""name"" ü" order by 1`,
		"select *, typeof(v) from keyed order by a, b", "select rowid, v, typeof(v), octet_length(v) from plain order by rowid",
		"select * from sqlite_sequence",
	} {
		r, err := c.Query(t.Context(), d1.Query(q))
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		for _, row := range r.Rows {
			for _, v := range row {
				fmt.Fprintf(&b, "%s|", strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(v.Literal(), " begin ", " BEGIN "),
					" end", " END"), " END; END", " end; END"))
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// embeddedFrom opens an SQLite file as a database of the embedded engine.
func embeddedFrom(t *testing.T, path string) d1.Conn {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "copy"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Fill(t.Context(), info.ID, d1.FillInput{Path: path}); err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// saved writes a d1.File to a path.
func saved(t *testing.T, f d1.File, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "saved.db")
	w, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(w, f)
	if err != nil || n != f.Size() {
		t.Fatalf("%d of %d bytes, %v", n, f.Size(), err)
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// A database moves from the embedded engine to D1 and back with every value,
// rowid, counter, index, view and trigger.
func TestADatabaseMovesBetweenEngines(t *testing.T) {
	t.Parallel()
	file := sample(t, everything...)
	before := fingerprint(t, embeddedFrom(t, file))
	f := newFront(t, front.Options{})
	p := provider(t, f.URL)
	info, err := p.Create(t.Context(), d1.CreateInput{Name: "moved"})
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	ctx := d1.WithProgress(t.Context(), func(step string, _, _ int64) {
		if !slices.Contains(steps, step) {
			steps = append(steps, step)
		}
	})
	if _, err := p.Fill(ctx, info.ID, d1.FillInput{Path: file}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Fill(t.Context(), info.ID, d1.FillInput{Path: file}); !fault.Is(err, fault.Conflict) {
		t.Errorf("filled twice: %v", err)
	}
	c, _ := p.Open(t.Context(), info.ID)
	if n := exec(t, c, "select count(*) from plain").Rows[0][0].Int(); n != 5 {
		t.Errorf("%d rows", n)
	}
	copied, err := p.Copy(ctx, info.ID, "")
	path := saved(t, copied, err)
	after := fingerprint(t, embeddedFrom(t, path))
	if want, got := strings.Split(before, "\n"), strings.Split(after, "\n"); len(want) != len(got) {
		t.Errorf("%d lines before, %d after\n%.3000s\n---\n%.3000s", len(want), len(got), before, after)
	} else {
		for i := range want {
			if want[i] != got[i] {
				t.Errorf("before %.300s\nafter  %.300s", want[i], got[i])
			}
		}
	}
	for _, step := range []string{"uploading the dump", "Cloudflare imports the database", "reading rows"} {
		if !slices.Contains(steps, step) {
			t.Errorf("no progress %q among %q", step, steps)
		}
	}
	ids, err := c.Query(t.Context(), d1.Query("select group_concat(rowid) from (select rowid from plain order by rowid)"))
	if err != nil || ids.Rows[0][0].Text() != "-3,7,50,51,1000000000000" {
		t.Errorf("rowids on D1: %v %v", ids, err)
	}
}

func TestRetiringKeepsTheLastState(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	dir := t.TempDir()
	p := provider(t, f.URL, func(o *rest.Options) { o.Dir = dir })
	c := open(t, p, "old")
	info, _ := p.Find(t.Context(), "old")
	exec(t, c, "create table t(a)")
	exec(t, c, "insert into t values (9007199254740993)")
	point, err := p.Retire(t.Context(), info.ID)
	if err != nil || !strings.HasPrefix(point.ID, "file:") || point.Size == 0 {
		t.Fatalf("%+v, %v", point, err)
	}
	if _, err := p.Get(t.Context(), info.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("it is there still: %v", err)
	}
	again := provider(t, f.URL, func(o *rest.Options) { o.Dir = dir }) // after a restart
	points, err := again.Points(t.Context(), info.ID)
	if err != nil || len(points) != 1 || points[0].ID != point.ID || points[0].At.Sub(point.At).Abs() > time.Second ||
		points[0].Size != point.Size {
		t.Fatalf("%+v, %v", points, err)
	}
	back, err := again.Create(t.Context(), d1.CreateInput{Name: "old"})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(t.Context(), back.ID, point.ID); err != nil {
		t.Fatal(err)
	}
	bc, _ := again.Open(t.Context(), back.ID)
	r, err := bc.Query(t.Context(), exact("select a from t", []string{"a"}))
	if err != nil || r.Rows[0][0] != d1.Int(9007199254740993) {
		t.Errorf("%v, %v", r, err)
	}
	if err := again.Restore(t.Context(), back.ID, point.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("into one that isn't empty: %v", err)
	}
	copied, err := again.Copy(t.Context(), info.ID, point.ID)
	saved(t, copied, err)
	for range 2 {
		if err := again.Forget(t.Context(), point.ID); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left in the folder: %v", left)
	}
	if err := again.Restore(t.Context(), back.ID, point.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a point that is gone: %v", err)
	}
}

// A database that is written to whenever it is read is not removed.
func TestABusyDatabaseIsNotRetired(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p := provider(t, f.URL)
	c := open(t, p, "busy")
	info, _ := p.Find(t.Context(), "busy")
	exec(t, c, "create table t(a)")
	ctx := d1.WithProgress(t.Context(), func(step string, _, _ int64) {
		if step == "reading rows" {
			exec(t, c, "insert into t values (1)")
		}
	})
	if _, err := p.Retire(ctx, info.ID); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "busy") {
		t.Errorf("%v", err)
	}
	if _, err := p.Get(t.Context(), info.ID); err != nil {
		t.Errorf("it was removed: %v", err)
	}
	if points, _ := p.Points(t.Context(), info.ID); len(points) > 0 {
		t.Errorf("points of a retirement that failed: %v", points)
	}
}

func TestPointAtOnTheEmbeddedEngine(t *testing.T) {
	t.Parallel()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "points"})
	if err != nil {
		t.Fatal(err)
	}
	early := time.Now().Add(-time.Second)
	if _, err := e.PointAt(t.Context(), info.ID, time.Now()); !fault.Is(err, fault.NotFound) {
		t.Errorf("without points: %v", err)
	}
	first, err := e.Keep(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(3 * time.Millisecond)
	between := time.Now()
	time.Sleep(3 * time.Millisecond)
	second, err := e.Keep(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[time.Time]string{between: first.ID, time.Now(): second.ID} {
		if got, err := e.PointAt(t.Context(), info.ID, at); err != nil || got.ID != want {
			t.Errorf("at %s: %s, %v", at, got.ID, err)
		}
	}
	if _, err := e.PointAt(t.Context(), info.ID, early); !fault.Is(err, fault.NotFound) {
		t.Errorf("before the first: %v", err)
	}
}
