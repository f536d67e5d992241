package fleet_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// odd is a database of what is easily lost.
var odd = []string{
	`create table parents (id integer primary key autoincrement, name text not null unique collate nocase, at integer default 7)`,
	`create table "od d" (a text not null, b integer not null, v, doubled integer generated always as (b * 2) stored, ` +
		`primary key (a, b)) without rowid`,
	`create table kids (id integer primary key, parent integer references parents(id) on delete cascade, amount real, body blob)`,
	`create index kids_parent on kids(parent)`,
	`create view names as select name from parents`,
	`create trigger stamp after insert on kids begin update parents set at = at + 1 where id = new.parent; end`,
	`insert into parents (id, name) values (1, 'a'), (9007199254740993, 'it''s "b"'), (40, 'gone')`,
	`delete from parents where id = 40`,
	`insert into "od d" (a, b, v) values ('x' || char(0) || 'y', -9223372036854775808, 1.0), ('x', 2, x'00ff'), ('ü', 3, null), ('', 4, '42')`,
	`create table keyless (a, b text)`,
	`insert into keyless values (1, 'x'), (1, 'y'), (2, cast(x'ff61' as text)), (-0.0, null), (9e999, 'inf')`,
	`insert into kids (id, parent, amount, body) values (1, 1, 2.0, zeroblob(3)), (2, 9007199254740993, 1e300, x''), (3, null, null, null)`,
}

const content = `select (select group_concat(id || name || at, ';') from (select * from parents order by id)) || '|' ||
	(select group_concat(hex(a) || b || typeof(v) || quote(v) || typeof(doubled), ';') from (select * from "od d" order by a, b)) || '|' ||
	(select group_concat(id || quote(parent) || typeof(amount) || quote(body), ';') from (select * from kids order by id)) || '|' ||
	(select seq from sqlite_sequence where name = 'parents') || '|' || (select count(*) from names)`

func TestADatabaseMovesThereAndBack(t *testing.T) {
	w, cloud := newCloudWorld(t)
	ctx := t.Context()
	d := w.provision(provision.Input{OrgName: "Acme", Request: "f"})
	for _, sql := range odd {
		w.exec(d.Name, sql)
	}
	before := w.value(d.Name, content)
	local, err := w.Keep.Points.KeepPoint(ctx, ada, d.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Keep.Moves.Move(ctx, ada, d.Name, fleet.Embedded); !fault.Is(err, fault.Invalid) {
		t.Errorf("to where it is: %v", err)
	}
	if err := w.Keep.Moves.Move(ctx, ada, d.Name, fleet.D1); err != nil {
		t.Fatal(err)
	}
	d, _ = w.Fleet.Database(ctx, ada, d.Name)
	if d.Provider != fleet.D1 || d.MoveOrigin.Place != fleet.Embedded || d.MoveOrigin.ID == "" || d.MoveTarget.Place != "" {
		t.Errorf("%+v", d)
	}
	if got := w.value(d.Name, content); got != before {
		t.Errorf("on D1\n%s\nwas\n%s", got, before)
	}
	if _, err := w.engine.Get(ctx, d.MoveOrigin.ID); err != nil {
		t.Errorf("the old one: %v", err)
	}
	// A point of the old place is no point of the new one.
	if _, err := w.Keep.Points.RestoreTo(ctx, ada, d.Name, local.ID); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "before it was moved") {
		t.Errorf("%v", err)
	}
	if err := w.Keep.Delete(ctx, ada, d.Name); !fault.Is(err, fault.Conflict) {
		t.Errorf("deleted: %v", err)
	}
	if err := w.Keep.Moves.Move(ctx, ada, d.Name, fleet.Embedded); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "Let that go first") {
		t.Errorf("moved again: %v", err)
	}
	old := d.MoveOrigin.ID
	if err := w.Keep.Moves.RemoveOrigin(ctx, ada, d.Name, false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.engine.Get(ctx, old); !fault.Is(err, fault.NotFound) {
		t.Errorf("the old one is still there: %v", err)
	}
	if ps, err := w.Keep.Points.List(ctx, d, fleet.Page{}); err != nil || len(ps) != 0 {
		t.Errorf("its points: %v %v", ps, err)
	}
	if err := w.Keep.Moves.RemoveOrigin(ctx, ada, d.Name, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("let go twice: %v", err)
	}

	w.exec(d.Name, "insert into parents (name) values ('new')")
	before = w.value(d.Name, content)
	if err := w.Keep.Moves.Move(ctx, ada, d.Name, fleet.Embedded); err != nil {
		t.Fatal(err)
	}
	if got := w.value(d.Name, content); got != before {
		t.Errorf("back\n%s\nwas\n%s", got, before)
	}
	if err := w.Keep.Moves.RemoveOrigin(ctx, ada, d.Name, false); err != nil {
		t.Fatal(err)
	}
	if _, effects := cloud.Count("delete"); effects != 1 {
		t.Errorf("%d databases deleted on D1", effects)
	}
	var got []string
	for _, e := range w.actions(d.Name) {
		if strings.HasPrefix(e, "database.move") || strings.HasPrefix(e, "database.let_go") {
			got = append(got, e)
		}
	}
	if s := strings.Join(got, ", "); s != "database.move intent, database.move done, database.let_go intent, "+
		"database.let_go done, database.move intent, database.move done, database.let_go intent, database.let_go done" {
		t.Errorf("%s", s)
	}
}

// spoiled fills databases wrongly, or not at all.
type spoiled struct {
	d1.Provider
	fail error
	with string
}

func (s *spoiled) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	if s.fail != nil {
		return d1.Filled{}, s.fail
	}
	if _, err := s.Provider.Fill(ctx, id, in); err != nil {
		return d1.Filled{}, err
	}
	c, err := s.Open(ctx, id)
	if err != nil {
		return d1.Filled{}, err
	}
	defer func() { _ = c.Close() }()
	_, err = c.Query(ctx, d1.Exec(s.with))
	return d1.Filled{}, err
}

func TestAMoveThatFailsLeavesEverythingWhereItWas(t *testing.T) {
	for name, s := range map[string]*spoiled{
		"it can't be filled":      {fail: fault.New(fault.Unavailable, "The import failed.")},
		"a row is missing":        {with: "delete from kids where id = 2"},
		"a key is another":        {with: "update kids set id = 4 where id = 3"},
		"a table has come":        {with: "create table more(a)"},
		"an integer was rounded":  {with: "update parents set id = 9007199254740992 where id = 9007199254740993"},
		"a value is another":      {with: `update parents set at = at + 1 where id = 1`},
		"a text became a number":  {with: `update "od d" set v = 42 where b = 4`},
		"a row without a key":     {with: "update keyless set a = 3 where a = 2"},
		"a row twice":             {with: "delete from keyless where b = 'x'; insert into keyless values (1, 'y')"},
		"a text lost what is NUL": {with: `update "od d" set a = 'x' || char(0) || 'z' where b < 0`},
	} {
		t.Run(name, func(t *testing.T) {
			w, cloud := newCloudWorld(t)
			w.places(func(p places) places { s.Provider = p.cloud; p.cloud = s; return p })
			d := w.provision(provision.Input{OrgName: "Acme", Request: "f"})
			for _, sql := range odd {
				w.exec(d.Name, sql)
			}
			before := w.value(d.Name, content)
			err := w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.D1)
			if err == nil {
				t.Fatal("it was moved")
			}
			d, _ = w.Fleet.Database(t.Context(), ada, d.Name)
			if d.Provider != fleet.Embedded || d.MoveTarget.Place != "" || d.MoveOrigin.ID != "" {
				t.Errorf("%+v", d)
			}
			if got := w.value(d.Name, content); got != before {
				t.Errorf("%s\nwas\n%s", got, before)
			}
			made, _ := cloud.Count("create")
			if _, gone := cloud.Count("delete"); made != 1 || gone != 1 {
				t.Errorf("%d made, %d removed", made, gone)
			}
			es, _ := w.store.Audit(t.Context(), audit.Filter{Database: d.Name, Limit: 1})
			if es[0].Action != audit.DatabaseMove || es[0].Outcome != audit.Failed {
				t.Errorf("%+v", es[0])
			}
		})
	}
}

func TestAMoveThatWasCutIsUndoneAtTheNextStart(t *testing.T) {
	w, cloud := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Request: "f"})
	w.exec(d.Name, "create table t(a)")
	for _, noted := range []bool{true, false} { // the id of what was made is recorded, or lost
		d, _ = w.Fleet.Database(t.Context(), ada, d.Name)
		p, _ := w.cloud.Create(t.Context(), d1.CreateInput{Name: d.Name})
		d.MoveTarget = fleet.Counterpart{Place: fleet.D1, At: now()}
		if noted {
			d.MoveTarget.ID = p.ID
		}
		if err := w.store.UpdateDatabase(t.Context(), d, fleet.Ready,
			audit.Entry{ID: "i" + p.ID, At: now(), Action: audit.DatabaseMove, Outcome: audit.Intent, Database: d.Name}); err != nil {
			t.Fatal(err)
		}
		w.recover()
		d, _ = w.Fleet.Database(t.Context(), ada, d.Name)
		if d.Provider != fleet.Embedded || d.MoveTarget.Place != "" {
			t.Errorf("%+v", d)
		}
		if _, err := w.cloud.Get(t.Context(), p.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("what was made is still there: %v", err)
		}
	}
	if made, _ := cloud.Count("create"); made != 2 {
		t.Errorf("%d made", made)
	}
}

// TestNoAnsweredWriteIsLostByAMove: whoever writes meanwhile is refused, and what was
// written before is where the database is afterwards.
func TestNoAnsweredWriteIsLostByAMove(t *testing.T) {
	w, _ := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	for _, place := range []string{fleet.D1, fleet.Embedded} {
		before, _ := strconv.Atoi(w.value(d.Name, "select count(*) from users"))
		writing := w.write(d.Name)
		must(t, w.Keep.Moves.Move(t.Context(), ada, d.Name, place))
		n, err := writing()
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("%v", err)
		}
		if got := w.value(d.Name, "select count(*) from users"); got != strconv.Itoa(before+n) {
			t.Errorf("%s: %s rows of %d", place, got, before+n)
		}
		must(t, w.Keep.Moves.RemoveOrigin(t.Context(), ada, d.Name, false))
	}
}

// TestTheCallsOfAMoveAreThoseOfOneTable: a small database is read and compared as a whole.
func TestTheCallsOfAMoveAreThoseOfOneTable(t *testing.T) {
	w, cloud := newCloudWorld(t)
	for _, tables := range []int{1, 12} {
		name := fmt.Sprintf("of-%d", tables)
		w.provision(provision.Input{OrgName: name, Name: name, Place: fleet.D1, Request: name})
		for i := range tables {
			w.exec(name, fmt.Sprintf("create table t%d as select %d as a, 'x' as b, x'00ff' as c, 1.0 as d, null as e", i, i))
		}
		before := len(cloud.Calls())
		must(t, w.Keep.Moves.Move(t.Context(), ada, name, fleet.Embedded))
		if got := len(cloud.Calls()) - before; got != 8 {
			t.Errorf("moving %d tables from D1 takes %d calls", tables, got)
		}
		must(t, w.Keep.Moves.RemoveOrigin(t.Context(), ada, name, false))
		before = len(cloud.Calls())
		must(t, w.Keep.Moves.Move(t.Context(), ada, name, fleet.D1))
		calls := cloud.Calls()[before:]
		n := 0
		for _, c := range calls {
			if c.Op != "upload" { // Cloudflare's storage, which isn't counted
				n++
			}
		}
		if n != 9 {
			t.Errorf("moving %d tables to D1 takes %d calls", tables, n)
		}
		if got := w.value(name, fmt.Sprintf("select a || b || hex(c) || typeof(d) || typeof(e) from t%d", tables-1)); got !=
			fmt.Sprintf("%dx00FFrealnull", tables-1) {
			t.Errorf("it holds %s", got)
		}
	}
}

// other writes to a database on D1 as whoever else uses it there would.
func (w *world) other(id, sql string) {
	w.t.Helper()
	conn, err := w.cloud.Open(w.t.Context(), id)
	must(w.t, err)
	_, err = conn.Query(w.t.Context(), d1.Exec(sql))
	must(w.t, err)
}

// late writes to the database that is moved away from D1, once the copy was taken.
type late struct {
	d1.Provider
	write func()
}

func (l *late) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	l.write()
	return l.Provider.Fill(ctx, id, in)
}

// TestAWriteOnD1DuringAMoveFailsIt, also one that changes no number of rows and no key.
func TestAWriteOnD1DuringAMoveFailsIt(t *testing.T) {
	w, _ := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Request: "f"})
	w.exec(d.Name, "create table t(id integer primary key, v text)")
	w.exec(d.Name, "insert into t values (1, 'before')")
	l := &late{write: func() { w.other(d.ProviderID, "update t set v = 'after'") }}
	w.places(func(p places) places { l.Provider = p.engine; p.engine = l; return p })
	if err := w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.Embedded); !fault.Is(err, fault.Conflict) {
		t.Errorf("moved without the write: %v", err)
	}
	if got := w.value(d.Name, "select v from t"); got != "after" {
		t.Errorf("%s", got)
	}
	if all, err := w.engine.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("left in the data folder: %v %v", all, err)
	}
}

// TestABookmarkThatMovesByItself: it is no write, since the content is the same.
func TestABookmarkThatMovesByItself(t *testing.T) {
	w, _ := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Request: "f"})
	w.exec(d.Name, "create table t(id integer primary key, v text)")
	w.exec(d.Name, "insert into t values (1, 'a')")
	l := &late{write: func() { // two writes that end where they began
		w.other(d.ProviderID, "update t set v = 'b'")
		w.other(d.ProviderID, "update t set v = 'a'")
	}}
	w.places(func(p places) places { l.Provider = p.engine; p.engine = l; return p })
	must(t, w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.Embedded))
	if got := w.value(d.Name, "select v from t"); got != "a" {
		t.Errorf("%s", got)
	}
}

// TestTheOldOneIsNotLetGoWithNewRows: what was written to it on D1 after the move is
// nowhere else.
func TestTheOldOneIsNotLetGoWithNewRows(t *testing.T) {
	w, cloud := newCloudWorld(t)
	d := w.provision(provision.Input{OrgName: "Acme", Place: fleet.D1, Request: "f"})
	w.exec(d.Name, "create table t(id integer primary key, v text)")
	must(t, w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.Embedded))
	old := d.ProviderID
	d = w.database(d.Name)
	if n, one, err := w.store.DatabasesOnD1(t.Context()); n != 1 || one != old || err != nil {
		t.Errorf("%d on D1, so that the account could be taken away: %v", n, err)
	}
	if all, err := w.Provision.Adoptions.AccountDatabases(t.Context(), ada, "", fleet.Page{Number: 1, Size: 9}, false); err != nil ||
		len(all.Databases) != 1 ||
		all.Databases[0].Known != d.Name {
		t.Errorf("the old one is somebody's: %+v %v", all, err)
	}
	if written, err := w.Keep.Moves.OriginChanged(t.Context(), d); written || err != nil {
		t.Errorf("%v %v", written, err)
	}
	w.other(old, "insert into t values (1, 'new')")
	if written, err := w.Keep.Moves.OriginChanged(t.Context(), d); !written || err != nil {
		t.Errorf("%v %v", written, err)
	}
	if err := w.Keep.Moves.RemoveOrigin(t.Context(), ada, d.Name, false); !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "lose" {
		t.Errorf("let go: %v", err)
	}
	if _, gone := cloud.Count("delete"); gone != 0 {
		t.Error("it is gone")
	}
	must(t, w.Keep.Moves.RemoveOrigin(t.Context(), ada, d.Name, true))
	if _, gone := cloud.Count("delete"); gone != 1 {
		t.Error("it is still there")
	}
	if got := w.actions(d.Name); got[len(got)-1] != "database.let_go done" || got[len(got)-3] != "database.let_go failed" {
		t.Errorf("%v", got)
	}
	es, _ := w.store.Audit(t.Context(), audit.Filter{Database: d.Name, Limit: 1})
	if !strings.Contains(es[0].Detail, "with what was written to it since the move") {
		t.Errorf("%+v", es[0])
	}
}

func TestAFillWaitsForAMove(t *testing.T) {
	var b *between
	w, _ := newCloudWorld(t)
	w.places(func(p places) places { b = &between{Provider: p.engine}; p.engine = b; return p })
	first, goOn, moved := make(chan struct{}), make(chan struct{}), make(chan error)
	b.before = func(n int) error {
		if n == 1 {
			close(first)
			<-goOn
		}
		return nil
	}
	p := w.filling("fill (lower(email))")
	<-first
	go func() { moved <- w.Keep.Moves.Move(t.Context(), ada, p.Database, fleet.D1) }()
	for d := w.database(p.Database); !w.Fleet.Holds.Work(d.ID).Running(); {
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	must(t, <-moved)
	w.until(p, fleet.FillDone)
	if d := w.database(p.Database); d.Provider != fleet.D1 {
		t.Errorf("%+v", d)
	}
	if got := w.value(p.Database, "select count(*) from users where mail is null or mail <> lower(email)"); got != "0" {
		t.Errorf("%s rows not filled", got)
	}
}

// stuck fails to be filled, and keeps what was made while it is.
type stuck struct {
	d1.Provider
	on bool
}

func (s *stuck) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	if s.on {
		return d1.Filled{}, fault.New(fault.Unavailable, "It does not answer.")
	}
	return s.Provider.Fill(ctx, id, in)
}

func (s *stuck) Delete(ctx context.Context, id string) error {
	if s.on {
		return fault.New(fault.Unavailable, "It does not answer.")
	}
	return s.Provider.Delete(ctx, id)
}

// TestTheNextMoveRemovesWhatAFailedOneLeft, so that nobody has to restart anything.
func TestTheNextMoveRemovesWhatAFailedOneLeft(t *testing.T) {
	w, cloud := newCloudWorld(t)
	s := &stuck{on: true}
	w.places(func(p places) places { s.Provider = p.cloud; p.cloud = s; return p })
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	w.exec(d.Name, "insert into users(email) values ('x')")
	for range 2 { // the second can't remove it either
		if err := w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.D1); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%v", err)
		}
	}
	left := w.database(d.Name).MoveTarget.ID
	es, err := w.store.Audit(t.Context(), audit.Filter{Database: d.Name, Action: audit.DatabaseMove})
	must(t, err)
	if e := es[0]; left == "" || e.Outcome != audit.Failed || !strings.Contains(e.Detail, "with the id "+left+" on D1") {
		t.Errorf("what is left isn't named: %+v", e)
	}
	if err := w.Keep.Delete(t.Context(), ada, d.Name); !fault.Is(err, fault.Unavailable) {
		t.Errorf("deleted while something of it is on D1: %v", err)
	}
	if got := w.value(d.Name, "select count(*) from users"); got != "1" {
		t.Errorf("%s rows", got)
	}
	s.on = false
	must(t, w.Keep.Moves.Move(t.Context(), ada, d.Name, fleet.D1))
	if got := w.value(d.Name, "select count(*) from users"); got != "1" {
		t.Errorf("%s rows", got)
	}
	if made, gone := cloud.Count("create"); made != 2 || gone != 2 {
		t.Errorf("%d made, %d of them", made, gone)
	}
	if _, gone := cloud.Count("delete"); gone != 1 {
		t.Errorf("%d removed", gone)
	}
	es, err = w.store.Audit(t.Context(), audit.Filter{Database: d.Name, Action: audit.DatabaseMove})
	must(t, err)
	w.whole(es)
	if got := w.outcomes(audit.DatabaseMove); got != "done, intent, failed, intent" {
		t.Errorf("the audit log: %s", got)
	}
}
