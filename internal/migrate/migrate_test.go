package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/schemas"
)

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func database(t testing.TB, statements ...string) d1.Conn {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, statements...)
	return c
}

func exec(t testing.TB, c d1.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func parse(t testing.TB, src string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func organization(t testing.TB, version int) *schema.Schema {
	t.Helper()
	src, err := schemas.FS.ReadFile(fmt.Sprintf("organization.v%d.json", version))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(src))
}

func plan(t testing.TB, c d1.Conn, target *schema.Schema) *migrate.Plan {
	t.Helper()
	live, err := migrate.Inspect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := migrate.New(live, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func fingerprint(t testing.TB, c d1.Conn) string {
	t.Helper()
	live, err := migrate.Inspect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return live.Fingerprint()
}

func TestOrganizationGoesFromVersionOneToTwoWithItsRows(t *testing.T) {
	c := database(t)
	v1, v2 := organization(t, 1), organization(t, 2)
	out, err := migrate.Synchronize(t.Context(), c, v1, attempt("a1"))
	if err != nil || !out.Changed || len(out.Warnings) != 0 {
		t.Fatalf("%+v %v", out, err)
	}
	exec(t, c, `insert into users(id, email) values ('u1','a@x'), ('u2','b@x')`,
		`insert into session(sessionToken, userId, expires) values ('s','u1',1)`)
	p := plan(t, c, v2)
	if err := p.Ready(); err != nil || p.Empty() {
		t.Fatal(err)
	}
	e, err := migrate.Apply(t.Context(), c, p, migrate.Attempt{ID: "a2", Actor: "ada@acme.test", At: now})
	if err != nil {
		t.Fatal(err)
	}
	if again := plan(t, c, v2); !again.Empty() {
		t.Errorf("after applying there is still: %+v", again.Steps)
	}
	r, err := c.Query(t.Context(), d1.Query(`select count(*), sum(mfaEnabled), min(locale), (select count(*) from session) from users`))
	if err != nil || r.Rows[0][0].Int() != 2 || r.Rows[0][1] != d1.Int(0) || r.Rows[0][2].Text() != "en" || r.Rows[0][3].Int() != 1 {
		t.Errorf("rows afterwards: %v %v", r, err)
	}
	ledger, err := migrate.Ledger(t.Context(), c)
	if err != nil || len(ledger) != 2 {
		t.Fatalf("%v %v", ledger, err)
	}
	if ledger[0].Took < 0 || ledger[0].Took > time.Minute {
		t.Errorf("it took %s", ledger[0].Took)
	}
	ledger[0].Took = 0 // only the database knows
	if d := cmp.Diff(e, ledger[0]); d != "" {
		t.Error(d)
	}
	if s, ok, _ := migrate.Recorded(t.Context(), c, "organization"); !ok || s.Version != 2 || s.Hash != v2.Hash() {
		t.Errorf("recorded %+v", s)
	}
	if out, err := migrate.Synchronize(t.Context(), c, v2, attempt("a3")); err != nil || out.Changed {
		t.Errorf("a second synchronization: %+v %v", out, err)
	}
	if _, err := migrate.Synchronize(t.Context(), c, v1, attempt("a4")); !fault.Is(err, fault.Conflict) {
		t.Errorf("back to an older version: %v", err)
	}
}

const base = `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key","v":"text"}}}`

// TestWhatAlterCannotDoIsARebuild adds what ADD COLUMN refuses.
func TestWhatAlterCannotDoIsARebuild(t *testing.T) {
	for name, columns := range map[string]string{
		"unique column":     `"v":"text","n":"text unique"`,
		"expression":        `"v":"text","n":"json default (json_object())"`,
		"now":               `"v":"text","n":"text default now"`,
		"reference default": `"v":"text","n":"integer default 1 -> p.id"`,
		"stored":            `"v":"text","n":"text as (v || '!') stored"`,
		"changed type":      `"v":"integer"`,
	} {
		t.Run(name, func(t *testing.T) {
			db := database(t, "create table p(id integer primary key, v text)", "insert into p values (1,'5')")
			p := plan(t, db, parse(t, strings.Replace(base, `"v":"text"`, columns, 1)))
			if err := p.Ready(); err != nil || p.Changes() != 1 || p.Steps[0].Risk != migrate.Rewrite {
				t.Fatalf("%v %+v", err, p.Steps)
			}
			if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
				t.Fatal(err)
			}
			if r, err := db.Query(t.Context(), d1.Query("select count(*) from p where id = 1 and v = 5 or v = '5'")); err != nil ||
				r.Rows[0][0].Int() != 1 {
				t.Errorf("the row is not what it was: %v %v", r, err)
			}
		})
	}
}

func TestAddedColumnsTheEngineAccepts(t *testing.T) {
	for _, column := range []string{
		"text", "text default 'it''s (x)'", "integer not null default -1", "boolean default false not null", "enum(a,b) default a",
		"integer -> p.id set null", "real default 1.5e3", "text default ''", "blob",
	} {
		db := database(t, "create table p(id integer primary key, v text)", "insert into p values (1,'x')")
		p := plan(t, db, parse(t, strings.Replace(base, `"v":"text"`, fmt.Sprintf(`"v":"text","n":%q`, column), 1)))
		if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
			t.Errorf("%s: %v", column, err)
		}
	}
}

func TestASchemaThatChangedSinceStopsTheBatch(t *testing.T) {
	db := database(t, "create table p(id integer primary key)")
	p := plan(t, db, parse(t, base))
	exec(t, db, "create view v as select * from p")
	before := fingerprint(t, db)
	_, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "make a new plan") {
		t.Fatalf("got %v", err)
	}
	if _, ok, _ := migrate.Find(t.Context(), db, "a"); ok || fingerprint(t, db) != before {
		t.Error("something was changed")
	}
}

func TestOfTwoAppliesOneWins(t *testing.T) {
	db := database(t, "create table p(id integer primary key)")
	p := plan(t, db, parse(t, base))
	var wg sync.WaitGroup
	var mu sync.Mutex
	won, lost := 0, 0
	for i := range 8 {
		wg.Go(func() {
			_, err := migrate.Apply(context.Background(), db, p, migrate.Attempt{ID: fmt.Sprint(i), Actor: "test", At: now})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case fault.Is(err, fault.Conflict):
				lost++
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	ledger, _ := migrate.Ledger(t.Context(), db)
	if won != 1 || lost != 7 || len(ledger) != 1 {
		t.Errorf("%d won, %d lost, %d in the ledger", won, lost, len(ledger))
	}
}

func TestAFailedStepRollsEverythingBackAndIsNamed(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text)", "insert into p values (1,'same'),(2,'same')")
	target := parse(t, `{"name":"x","version":2,"tables":{"p":{"id":"integer primary key","v":"text","w":"text"},`+
		`"q":{"id":"integer primary key"}},"indexes":{"p":{"u":{"columns":["v"],"unique":true}}}}`)
	before := fingerprint(t, db)
	p := plan(t, db, target)
	if last := p.Steps[len(p.Steps)-1]; last.Risk != migrate.Check {
		t.Errorf("the unique index is %s", last.Risk)
	}
	_, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err),
		"Step 3 (Create unique index u on p (v)) failed: another row has the same p.v, which has to be unique; "+
			"SQLite says: UNIQUE constraint failed: p.v") {
		t.Errorf("got %v", err)
	}
	if _, ok, _ := migrate.Find(t.Context(), db, "a"); ok || fingerprint(t, db) != before {
		t.Error("something was changed")
	}
}

func TestUnmanagedTablesAreLeftAlone(t *testing.T) {
	db := database(t, "create table own(a)", "create virtual table f using fts5(x)", "create table d1_migrations(id)",
		"create view v as select * from own",
		"create trigger tr after insert on own begin select 1; end")
	p := plan(t, db, parse(t, base))
	if d := cmp.Diff([]string{"own"}, p.Unmanaged); d != "" || len(p.Steps) != 1 {
		t.Errorf("%s %+v", d, p.Steps)
	}
	if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
		t.Fatal(err)
	}
}

func TestHashIsOfThePlan(t *testing.T) {
	db := database(t)
	p, q := plan(t, db, parse(t, base)), plan(t, db, parse(t, base))
	if p.Hash() != q.Hash() {
		t.Error("the same plan has two hashes")
	}
	q.Steps[0].SQL += " "
	if p.Hash() == q.Hash() {
		t.Error("another statement, the same hash")
	}
}

// cut executes a batch and loses the answer.
type cut struct{ d1.Conn }

func (c cut) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if _, err := c.Conn.Batch(ctx, ss); err != nil {
		return nil, err
	}
	return nil, fault.Wrap(errors.New("connection reset"), fault.Unknown, "The answer was lost.")
}

func TestALostAnswerIsResolvedByReading(t *testing.T) {
	db := database(t)
	p := plan(t, db, parse(t, base))
	a := migrate.Attempt{ID: "a", Actor: "test", At: now, Point: "before", Fence: 3}
	_, err := migrate.Apply(t.Context(), cut{db}, p, a)
	if !fault.Is(err, fault.Unknown) {
		t.Fatalf("got %v", err)
	}
	e, err := migrate.Settle(t.Context(), db, p, a)
	if err != nil || e.Ended != migrate.Applied || e.Attempt != a {
		t.Errorf("the ledger says %+v %v", e, err)
	}
}

// A batch that is still under way when its attempt is settled must not commit
// afterwards: on D1 it can go on for 30 s after its answer was lost.
func TestWhatWasSettledAsFailedCannotCommitAnyMore(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			p := plan(t, db, parse(t, base))
			a := migrate.Attempt{ID: "a", Actor: "test", At: now}
			e, err := migrate.Settle(t.Context(), db, p, a)
			if err != nil || e.Ended != migrate.Failed || e.Note == "" {
				t.Fatalf("%+v %v", e, err)
			}
			before := fingerprint(t, db)
			if _, err := migrate.Apply(t.Context(), db, p, a); err == nil || fingerprint(t, db) != before {
				t.Errorf("the late batch committed: %v", err)
			}
			if again, err := migrate.Settle(t.Context(), db, p, a); err != nil || again != e {
				t.Errorf("settled again: %+v %v", again, err)
			}
		})
	}
}

func TestAnOlderLeaseCannotApply(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			first, second := parse(t, base), parse(t, strings.Replace(base, `"version":1`, `"version":2`, 1))
			if _, err := migrate.Apply(t.Context(), db, plan(t, db, first), migrate.Attempt{ID: "a", Actor: "test", At: now, Fence: 7}); err != nil {
				t.Fatal(err)
			}
			_, err := migrate.Apply(t.Context(), db, plan(t, db, second), migrate.Attempt{ID: "b", Actor: "test", At: now, Fence: 6})
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "Somebody else") {
				t.Errorf("an older fence: %v", err)
			}
			if _, err := migrate.Apply(t.Context(), db, plan(t, db, second),
				migrate.Attempt{ID: "c", Actor: "test", At: now, Fence: 7}); err != nil {
				t.Errorf("the same fence: %v", err)
			}
		})
	}
}

func TestAnOldLedgerIsGivenItsColumns(t *testing.T) {
	for name, open := range engines(t) {
		t.Run(name, func(t *testing.T) {
			db := open(t)
			exec(t, db,
				`CREATE TABLE kuratchi_ledger (id TEXT PRIMARY KEY NOT NULL, plan_hash TEXT NOT NULL, schema_name TEXT NOT NULL, `+
					`version INTEGER NOT NULL, from_hash TEXT NOT NULL, to_hash TEXT NOT NULL, actor TEXT NOT NULL, `+
					`steps INTEGER NOT NULL, applied_at INTEGER NOT NULL)`,
				`INSERT INTO kuratchi_ledger VALUES ('old', 'h', 's', 1, 'f', 't', 'ada', 2, 1000)`)
			a := migrate.Attempt{ID: "a", Actor: "test", At: now, Point: "before", Fence: 1}
			if _, err := migrate.Apply(t.Context(), db, plan(t, db, parse(t, base)), a); err != nil {
				t.Fatal(err)
			}
			ledger, err := migrate.Ledger(t.Context(), db)
			if err != nil || len(ledger) != 2 || ledger[0].Attempt != a || ledger[1].ID != "old" || ledger[1].Ended != migrate.Applied {
				t.Errorf("%+v %v", ledger, err)
			}
		})
	}
}

func BenchmarkInspectPlanProve(b *testing.B) {
	db := database(b)
	if _, err := migrate.Synchronize(b.Context(), db, organization(b, 1), migrate.Attempt{ID: "a", Actor: "bench", At: now}); err != nil {
		b.Fatal(err)
	}
	v2 := organization(b, 2)
	for b.Loop() {
		plan(b, db, v2)
	}
}
