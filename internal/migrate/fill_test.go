package migrate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// numbers makes rows 1 to n of SELECT values, in which x is the number.
func numbers(table, columns string, n int, values string) string {
	return fmt.Sprintf("insert into %s(%s) with recursive c(x) as (select 1 union all select x + 1 from c "+
		"where x < %d) select %s from c", table, columns, n, values)
}

// filling is a database to which a plan with fills was applied.
type filling struct {
	conn d1.Conn
	plan *migrate.Plan
}

func newFilling(t *testing.T, conn d1.Conn, target string, statements ...string) filling {
	t.Helper()
	exec(t, conn, statements...)
	live, err := migrate.Inspect(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	p, err := migrate.New(live, parse(t, target), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(); err != nil {
		t.Fatal(err)
	}
	if _, err := migrate.Apply(t.Context(), conn, p, migrate.Attempt{ID: "p1", Actor: "test", At: now}); err != nil {
		t.Fatal(err)
	}
	return filling{conn, p}
}

func (f filling) start(t *testing.T) []migrate.FillProgress {
	t.Helper()
	at, err := migrate.StartFills(t.Context(), f.conn, f.plan, "p1", now)
	if err != nil || len(at) != len(f.plan.Fills) {
		t.Fatalf("%v: %d fills under way, want %d", err, len(at), len(f.plan.Fills))
	}
	return at
}

// finish does every chunk that is left, and between them what an application would.
func (f filling) finish(t *testing.T, between func(chunk int)) []migrate.FillProgress {
	t.Helper()
	all := f.start(t)
	for i, fill := range f.plan.Fills {
		for n := 1; all[i].Finished.IsZero(); n++ {
			next, err := fill.Chunk(t.Context(), f.conn, portion(all[i]))
			if err != nil {
				t.Fatalf("chunk %d of %s: %v", n, fill.Object(), err)
			}
			if all[i] = next; between != nil && next.Finished.IsZero() {
				between(n)
			}
		}
	}
	return all
}

const users = `{"name":"x","version":2,"tables":{"users":{"id":"integer primary key","email":"text","mail":"text fill (lower(email))"}}}`

// TestFillLeavesWhatTheApplicationWrote fills 25,000 rows in three chunks. Between
// them the application writes rows ahead of the fill and behind it, deletes some and
// adds some.
func TestFillLeavesWhatTheApplicationWrote(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			f := newFilling(t, open(t), users, "create table users(id integer primary key, email text)",
				numbers("users", "id, email", 25_000, "x * 2, 'User' || x || '@Example.org'"))
			chunks := 1
			got := f.finish(t, func(n int) {
				chunks++
				exec(t, f.conn,
					fmt.Sprintf("update users set mail = 'mine' where id in (%d, %d)", n*20_000-2, n*20_000+2), // behind and ahead
					fmt.Sprintf("insert into users(id, email, mail) values (%d, 'X', 'new')", n*20_000+1),
					fmt.Sprintf("insert into users(id, email) values (%d, 'OLD code')", 60_000+n),
					fmt.Sprintf("delete from users where id = %d", n*20_000+4))
			})
			if chunks != 3 {
				t.Errorf("%d chunks", chunks)
			}
			want := []migrate.FillProgress{{Table: "users", Column: "mail", Chunks: 3, Last: "60002", Passed: 25_002, Filled: 24_998,
				Total: 25_000, Finished: now}}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			for query, want := range map[string]string{
				"select count(*) from users where mail is null": "0",
				"select group_concat(id) from " +
					"(select id from users where mail = 'mine' order by id)": "19998,20002,39998,40002",
				"select group_concat(id) from (select id from users where mail = 'new' order by id)":                             "20001,40001",
				"select count(*) from users where mail not in ('mine', 'new') and mail is not lower(email) or mail = 'old Code'": "0",
				"select count(*) from kuratchi_fill_keys":                                                                        "0",
			} {
				if got := one(t, f.conn, query); got != want {
					t.Errorf("%s: %s, want %s", query, got, want)
				}
			}
			if left, err := f.plan.Fills[0].Left(t.Context(), f.conn); err != nil || left != 0 {
				t.Errorf("%v: %d left", err, left)
			}
			if _, err := f.plan.Fills[0].Chunk(t.Context(), f.conn, portion(got[0])); !fault.Is(err, fault.Conflict) {
				t.Errorf("a chunk after the last: %v", err)
			}
		})
	}
}

// TestFillFollowsAnyKey takes tables whose rows are named by something else than a
// reachable rowid: keys of several columns and of every storage class.
func TestFillFollowsAnyKey(t *testing.T) {
	// A key of every class: integers beyond 2^53, reals that print alike, texts that
	// differ by case or hold a NUL, BLOBs.
	mixed := func(x string) string {
		return strings.ReplaceAll(`case ~ % 5 when 0 then 9007199254740993 + ~ when 1 then 0.1 + ~ / 7.0 when 2 then 'K' || (~ `+
			`/ 2) when 3 then 'k' || (~ / 2) || char(0) || ~ else unhex(printf('%08d', ~)) end`, "~", x)
	}
	for name, c := range map[string]struct {
		create, columns, values, table string
		key                            []migrate.FillKey
	}{
		"rowid": {"create table t(a text, b text)", "a, b", "'r' || x, 'v' || x", `"a":"text","b":"text"`,
			[]migrate.FillKey{{Name: "rowid"}}},
		"rowid shadowed": {"create table t(rowid text, oid text, a text, b text)", "rowid, oid, a, b",
			"'same', 'same', 'r' || x, 'v' || x", `"rowid":"text","oid":"text","a":"text","b":"text"`, []migrate.FillKey{{Name: "_rowid_"}}},
		"all shadowed": {"create table t(rowid text, _rowid_ text, oid text not null, b text, primary key (oid))",
			"rowid, _rowid_, oid, b", "'same', 'same', 'k' || x, 'v' || x",
			`"rowid":"text","_rowid_":"text","oid":"text not null primary key","b":"text"`, []migrate.FillKey{{Name: "oid"}}},
		"one column of any class": {"create table t(k, b text, primary key (k)) without rowid", "k, b", mixed("x") + ", 'v' || x",
			`"k":"sql()","b":"text","@primary key":"k","@without rowid":true`, []migrate.FillKey{{Name: "k"}}},
		"two columns": {"create table t(b text, n integer, k, primary key (k, n)) without rowid", "n, k, b",
			"x % 3, " + mixed("(x / 3 * 3)") + ", 'v' || x",
			`"b":"text","n":"integer","k":"sql()","@primary key":"k, n","@without rowid":true`, []migrate.FillKey{{Name: "k"}, {Name: "n"}}},
		"an index of another collation": {"create table t(k text collate nocase, b text, primary key (k collate binary)) " +
			"without rowid", "k, b", "case x % 2 when 0 then 'k' else 'K' end || (x / 2), 'v' || x",
			`"k":"text collate nocase","b":"text","@primary key":"k collate binary","@without rowid":true`,
			[]migrate.FillKey{{Name: "k", Collate: "BINARY"}}},
		"nocase and descending": {"create table t(k text collate nocase, b text, primary key (k desc)) without rowid", "k, b",
			"'K' || x, 'v' || x", `"k":"text collate nocase","b":"text","@primary key":"k","@without rowid":true`, []migrate.FillKey{{Name: "k"}}},
	} {
		t.Run(name, func(t *testing.T) {
			for engine, open := range engines(t) {
				t.Run(engine, func(t *testing.T) {
					const rows = 2*migrate.FillChunk + 3
					f := newFilling(t, open(t), `{"name":"x","version":2,"tables":{"t":{`+
						strings.Replace(c.table, `"b":"text"`, `"b":"text","f":"blob fill (cast(b as blob))"`, 1)+`}}}`,
						c.create, numbers("t", c.columns, rows, c.values))
					if d := cmp.Diff(c.key, f.plan.Fills[0].Key); d != "" {
						t.Errorf("the key: %s", d)
					}
					at := f.finish(t, nil)[0]
					if at.Chunks != 3 || at.Passed != rows || at.Filled != rows {
						t.Errorf("%+v", at)
					}
					if bad := one(t, f.conn, "select count(*) from t where f is not cast(b as blob)"); bad != "0" {
						t.Errorf("%s rows were not filled", bad)
					}
				})
			}
		})
	}
}

// TestFillWhoseRowsCantBeTold is refused with the reason.
func TestFillWhoseRowsCantBeTold(t *testing.T) {
	for target, want := range map[string]string{
		`"rowid":"text","_rowid_":"text","oid":"text primary key","f":"text fill (oid)"`: "Fill t.f with oid",
		`"a":"text","f":"text fill (nope)"`:                                              "Fill t.f with nope",
		`"a":"text","f":"text fill (count(a))"`:                                          "Fill t.f with count(a)",
	} {
		db := database(t, strings.Replace(strings.NewReplacer(`"rowid"`, "create table t(rowid", `"a":"text"`,
			"create table t(a text", `:"text"`, " text", `:"text primary key"`, " text primary key", `"_rowid_"`, "_rowid_", `"oid"`,
			"oid").Replace(target), target[strings.LastIndex(target, `,"f"`):], ")", 1))
		live, err := migrate.Inspect(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		p, err := migrate.New(live, parse(t, `{"name":"x","version":2,"tables":{"t":{`+target+`}}}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		if p.Ready() == nil || p.Refusals[len(p.Refusals)-1].Cause != want {
			t.Errorf("%s: %+v", target, p.Refusals)
		}
	}
}

// TestTwoRunnersDoAChunkOnce: both read the same row and send, and one is told that
// the other was there.
func TestTwoRunnersDoAChunkOnce(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			f := newFilling(t, open(t), users, "create table users(id integer primary key, email text)",
				numbers("users", "id, email", 12_000, "x, 'A' || x"))
			at := f.start(t)[0]
			errs := make(chan error, 4)
			for range cap(errs) {
				go func() {
					_, err := f.plan.Fills[0].Chunk(t.Context(), f.conn, portion(at))
					errs <- err
				}()
			}
			won := 0
			for range cap(errs) {
				if err := <-errs; err == nil {
					won++
				} else if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Somebody else") {
					t.Error(err)
				}
			}
			if got := f.start(t)[0]; won != 1 || got.Chunks != 1 || got.Filled != migrate.FillChunk {
				t.Errorf("%d did the chunk: %+v", won, got)
			}
			f.finish(t, nil)
			if bad := one(t, f.conn, "select count(*) from users where mail is not lower(email)"); bad != "0" {
				t.Errorf("%s rows were not filled", bad)
			}
		})
	}
}

// lossy loses the answers of batches: before they are sent, or after.
type lossy struct {
	d1.Conn
	before, after int
}

func (l *lossy) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	lost := fault.New(fault.Unknown, "The answer was lost.")
	if l.before--; l.before == 0 {
		return nil, lost
	}
	rs, err := l.Conn.Batch(ctx, ss)
	if l.after--; l.after == 0 && err == nil {
		return nil, lost
	}
	return rs, err
}

// TestLostAnswerOfAChunk is resolved by the row in the database.
func TestLostAnswerOfAChunk(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			f := newFilling(t, open(t), users, "create table users(id integer primary key, email text)",
				numbers("users", "id, email", 12_000, "x, 'A' || x"))
			at, fill := f.start(t)[0], f.plan.Fills[0]
			l := &lossy{Conn: f.conn, before: 1}
			if got, err := fill.Chunk(t.Context(), l, portion(at)); !fault.Is(err, fault.Unavailable) || got != at {
				t.Errorf("not sent: %v %+v", err, got)
			}
			l.after = 1
			next, err := fill.Chunk(t.Context(), l, portion(at))
			if err != nil || next.Chunks != 1 || next.Filled != migrate.FillChunk {
				t.Errorf("sent, and the answer lost: %v %+v", err, next)
			}
			if got := f.finish(t, nil)[0]; got.Chunks != 2 || got.Filled != 12_000 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestFillThatTheRowsForbid stops before the chunk, says where, and goes on once the
// row is right.
func TestFillThatTheRowsForbid(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			target := strings.Replace(users, "fill (lower(email))", "fill (lower(email)) check (mail <> 'a15000')", 1)
			f := newFilling(t, open(t), target, "create table users(id integer primary key, email text)",
				numbers("users", "id, email", 25_000, "x, 'A' || x"))
			fill, at := f.plan.Fills[0], f.start(t)[0]
			at, err := fill.Chunk(t.Context(), f.conn, portion(at))
			if err != nil {
				t.Fatal(err)
			}
			stays, err := fill.Chunk(t.Context(), f.conn, portion(at))
			for _, want := range []string{"CHECK constraint failed",
				"in the rows of users with (id) after 10000 up to 20000. Nothing of this chunk was written."} {
				if !strings.Contains(fault.Message(err), want) {
					t.Errorf("no %q in %v", want, err)
				}
			}
			if stays != at || one(t, f.conn, "select count(mail) from users") != "10000" {
				t.Errorf("something was written: %+v", stays)
			}
			exec(t, f.conn, "update users set mail = 'other' where id = 15000")
			if got := f.finish(t, nil)[0]; got.Filled != 24_999 || got.Passed != 25_000 {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestFillOfADatabaseThatWasPutBack finds nothing to fill.
func TestFillOfADatabaseThatWasPutBack(t *testing.T) {
	f := newFilling(t, database(t), users, "create table users(id integer primary key, email text)")
	exec(t, f.conn, "delete from kuratchi_ledger")
	if _, err := migrate.StartFills(t.Context(), f.conn, f.plan, "p1", now); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "put back") {
		t.Error(err)
	}
}

// TestAChunkReadsNoMoreThanItself: a chunk far into a table is as fast as the first.
func TestAChunkReadsNoMoreThanItself(t *testing.T) {
	const rows = 400_000
	f := newFilling(t, database(t), users, "create table users(id integer primary key, email text)",
		numbers("users", "id, email", rows, "x, 'A' || x"))
	at, fill := f.start(t)[0], f.plan.Fills[0]
	var took []time.Duration
	for at.Finished.IsZero() {
		began := time.Now()
		next, err := fill.Chunk(t.Context(), f.conn, portion(at))
		if err != nil {
			t.Fatal(err)
		}
		at, took = next, append(took, time.Since(began))
	}
	// The fastest of ten each: what else the machine does slows some of them down.
	first, last := slices.Min(took[:10]), slices.Min(took[len(took)-11:len(took)-1]) // the very last is empty
	t.Logf("%d chunks, the fastest of the first ten %v, of the last ten %v", len(took), first, last)
	if last > 3*first {
		t.Errorf("the fastest of the first ten chunks took %v, and of the last ten %v", first, last)
	}
}

// portion is the next chunk of a fill of the plan p1.
func portion(at migrate.FillProgress) migrate.Portion {
	return migrate.Portion{Plan: "p1", At: at, Rows: migrate.FillChunk, Now: now}
}
