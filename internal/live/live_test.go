package live_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// provider returns the embedded engine, or real D1 through Cloudflare's API.
func provider(t testing.TB, onD1 bool) d1.Provider {
	t.Helper()
	if !onD1 {
		e, err := local.Open(t.TempDir(), local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
		return e
	}
	cloud := front.New(t, front.Options{})
	p, err := rest.New(rest.Options{
		Account: front.Account, Token: front.Token, ReadToken: front.ReadToken, BaseURL: cloud.URL, Dir: t.TempDir(),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open makes a database and opens it twice.
func open(t testing.TB, p d1.Provider, ddl ...string) (one, other d1.Conn) {
	t.Helper()
	ctx := context.Background()
	info, err := p.Create(ctx, d1.CreateInput{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	conns := [2]d1.Conn{}
	for i := range conns {
		if conns[i], err = p.Open(ctx, info.ID); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, conns[0], ddl...)
	return conns[0], conns[1]
}

func exec(t testing.TB, c d1.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := c.Query(context.Background(), d1.Exec(sql)); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func read(t testing.TB, c d1.Conn) *live.Database {
	t.Helper()
	db, err := live.Read(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// onBoth runs a test on both engines.
func onBoth(t *testing.T, f func(t *testing.T, p d1.Provider)) {
	for _, engine := range []string{"embedded", "D1"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			f(t, provider(t, engine == "D1"))
		})
	}
}

// hostile has what one reading has to tell apart: ledgers and what is on them, names that
// only look like a ledger's, a text that odd readings are made of, triggers whose
// names are in another order than their creation.
var hostile = []string{
	"create table Users (id integer primary key, email text collate nocase unique, org int references orgs)",
	"create table orgs (id integer primary key)",
	"create index users_org on users(org)",
	"create table odd (id text primary key, v generated)", "create index odd_v on odd(v)",
	"create table w (a int, b int, primary key (b, a)) without rowid, strict",
	"create view recent as select id, email, 1 from users",
	"create virtual table docs using fts5(title)",
	"create trigger z after delete on users begin select 1; end",
	"create trigger a after delete on users begin select 2; end",
	"create trigger m before update of email on users begin select 'delete'; end",
	"create table kuratchi_ledger (x)", "create index ledger_x on kuratchi_ledger(x)", "create table d1_migrations (x)",
	"create table kuratchis (x)", "create trigger kuratchi_t after insert on users begin select 3; end", "create view kuratchi_v as select 1",
}

// readOdd reads a database with the text of its table odd as an engine of another grammar
// would have it: whatever this one's grammar makes can be read.
func readOdd(t *testing.T, c d1.Conn) *live.Database {
	t.Helper()
	r, err := c.Query(t.Context(), live.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if row[0].Text() == "table" && row[1].Text() == "odd" {
			row[3] = d1.Str(strings.Replace(row[3].Text(), "generated", "generated ?!", 1))
		}
	}
	return live.Of(r.Rows)
}

func TestOneReadingTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		c, _ := open(t, p, hostile...)
		db := readOdd(t, c)
		var got []string
		for _, e := range db.Tables {
			got = append(got, fmt.Sprintf("%s, %s: %d columns, %d indexes, unread %t, without rowid %t, strict %t", e.Name, e.Kind,
				e.Columns, e.Indexes, e.Unread != "", e.WithoutRowID, e.Strict))
		}
		want := []string{
			"Users, table: 3 columns, 1 indexes, unread false, without rowid false, strict false",
			"docs, virtual table: 3 columns, 0 indexes, unread false, without rowid false, strict false",
			"kuratchis, table: 1 columns, 0 indexes, unread false, without rowid false, strict false",
			"odd, table: 2 columns, 1 indexes, unread true, without rowid false, strict false",
			"orgs, table: 1 columns, 0 indexes, unread false, without rowid false, strict false",
			"recent, view: 3 columns, 0 indexes, unread false, without rowid false, strict false",
			"w, table: 2 columns, 0 indexes, unread false, without rowid true, strict true",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		var names []string
		for _, r := range db.Rows {
			names = append(names, r.Type+" "+r.Name)
		}
		want = []string{
			"index odd_v", "index users_org",
			"table Users", "table docs", "table kuratchis", "table odd", "table orgs", "table w",
			"trigger z", "trigger a", "trigger m", "trigger kuratchi_t", "view kuratchi_v", "view recent",
		}
		if d := cmp.Diff(want, names); d != "" {
			t.Error(d)
		}
		names = nil
		for _, r := range db.Ledgers {
			names = append(names, r.Name)
		}
		if d := cmp.Diff([]string{"ledger_x", "d1_migrations", "kuratchi_ledger"}, names); d != "" {
			t.Error(d)
		}
		if _, err := db.Table("docs_data"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a shadow table: %v", err)
		}
	})
}

func TestTheFingerprintIsTheSameInTheDatabase(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		c, _ := open(t, p)
		for i, sql := range append([]string{""}, hostile...) {
			if sql != "" {
				exec(t, c, sql)
			}
			r, err := c.Query(t.Context(), d1.Query(live.FingerprintSQL))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := read(t, c).Fingerprint(), r.Rows[0][0].Text(); got != want {
				t.Errorf("after %d statements it is %q, and in the database %q", i, got, want)
			}
		}
	})
}

func TestNothingWithNothingIsAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	if db := new(live.Database).With(nil); db.Schema == nil || len(db.Tables) != 0 {
		t.Errorf("%+v", db)
	}
}

func TestATextThatCantBeReadSpoilsNothingElse(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p d1.Provider) {
		c, _ := open(t, p, hostile...)
		db := readOdd(t, c)
		if len(db.Left) != 1 || !db.Left[0].Of("odd") || !strings.HasPrefix(db.Left[0].Words(), "the table odd (its text can't be read: ") {
			t.Errorf("%+v", db.Left)
		}
		for name, want := range map[string]string{
			"USERS":  "id INTEGER pk=true null=false exact=true; email TEXT pk=false null=true; org INT pk=false null=true refs orgs.id",
			"odd":    "id TEXT pk=true null=true; v GENERATED pk=false null=true",
			"recent": "id INTEGER pk=false null=true; email TEXT pk=false null=true; 1  pk=false null=true",
			"docs":   "title  pk=false null=true",
			"w":      "a INT pk=true null=false; b INT pk=true null=false",
		} {
			table, err := db.Describe(t.Context(), c, name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []string
			for _, col := range table.Columns {
				words := fmt.Sprintf("%s %s pk=%t null=%t", col.Name, strings.ToUpper(col.Type), col.PK, !col.NotNull)
				if col.References != "" {
					words += " refs " + col.References
				}
				if col.RowID {
					words += fmt.Sprintf(" exact=%t", table.Key.Exact)
				}
				got = append(got, words)
			}
			if d := cmp.Diff(want, strings.Join(got, "; ")); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		exec(t, c, "drop table odd")
		if left := read(t, c).Left; len(left) > 0 {
			t.Error(left)
		}
	})
}

func TestTriggersKeepTheOrderOfTheirCreation(t *testing.T) {
	t.Parallel()
	c, _ := open(t, provider(t, false), hostile...)
	db := read(t, c)
	var names []string
	for _, o := range db.Triggers("USERS") {
		names = append(names, o.Name)
	}
	if d := cmp.Diff([]string{"z", "a", "m"}, names); d != "" {
		t.Error(d)
	}
	if got := db.TriggersOn("users", "DELETE"); !slices.Equal(got, []string{"a", "z"}) {
		t.Errorf("on DELETE: %q", got)
	}
	if got := db.TriggersOn("users", "UPDATE"); !slices.Equal(got, []string{"m"}) {
		t.Errorf("on UPDATE: %q", got)
	}
	statements := db.Statements()
	if len(statements) != len(db.Rows) || !strings.Contains(statements[len(statements)-4], "TRIGGER z") {
		t.Errorf("%q", statements)
	}
}
