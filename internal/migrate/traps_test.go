package migrate_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// The system this one implements synchronizes schemas by itself, and falls into
// five traps. A test each.

// TestTrapRebuildingAParentDeletesItsChildren: users has many children that cascade.
func TestTrapRebuildingAParentDeletesItsChildren(t *testing.T) {
	db := database(t, "create table users(id text primary key, role text not null)",
		"create table sessions(user text references users(id) on delete cascade)",
		"insert into users values ('u', 'owner')", "insert into sessions values ('u')")
	target := parse(t, `{"name":"x","version":2,"tables":{"users":{"id":"text primary key","role":"enum(owner,`+
		`member) not null default member"},"sessions":{"user":"text -> users.id cascade"}}}`)
	if _, err := migrate.Synchronize(t.Context(), db, target, attempt("a")); err != nil {
		t.Fatal(err)
	}
	if got := one(t, db, "select user from sessions") + one(t, db, "select role from users"); got != "uowner" {
		t.Errorf("%s", got)
	}
}

// TestTrapColumnsAreDroppedByThemselves: nobody reads a synchronization, so it loses
// nothing; and what no version declared is none of its business.
func TestTrapColumnsAreDroppedByThemselves(t *testing.T) {
	db := database(t, "create table p(id integer primary key, gone text)", "insert into p values (1, 'kept')", "create table own(a)")
	before := fingerprint(t, db)
	_, err := migrate.Synchronize(t.Context(), db,
		parse(t, `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key"}}}`), attempt("a"))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "p.gone") {
		t.Errorf("%v", err)
	}
	if fingerprint(t, db) != before || one(t, db, "select gone from p") != "kept" {
		t.Error("something was changed")
	}
}

// TestTrapHalfOfAPlanIsApplied: the second step fails, so the first is undone too,
// and the ledger has nothing; afterwards it has who and what.
func TestTrapHalfOfAPlanIsApplied(t *testing.T) {
	db := database(t, "create table p(id integer primary key, v text)", "insert into p values (1, 'same'), (2, 'same')")
	target := parse(t, `{"name":"x","version":1,"tables":{"q":{"id":"integer primary key"},`+
		`"p":{"id":"integer primary key","v":"text"}},"indexes":{"p":{"u":{"columns":["v"],"unique":true}}}}`)
	before := fingerprint(t, db)
	if _, err := migrate.Synchronize(t.Context(), db, target, attempt("a")); err == nil || fingerprint(t, db) != before {
		t.Errorf("%v", err)
	}
	exec(t, db, "update p set v = id")
	if _, err := migrate.Synchronize(t.Context(), db, target, migrate.Attempt{ID: "b", Actor: "ada@acme.test", At: now}); err != nil {
		t.Fatal(err)
	}
	if l, err := migrate.Ledger(t.Context(), db); err != nil || len(l) != 1 || l[0].Actor != "ada@acme.test" || l[0].ToHash != target.Hash() {
		t.Errorf("%+v %v", l, err)
	}
}

// TestTrapChangesAreNotSeen: a changed index, UNIQUE, CHECK or action is a change,
// drift is seen whatever hash was recorded, a version number is none, and the hash
// is short.
func TestTrapChangesAreNotSeen(t *testing.T) {
	const source = `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key","e":"enum(a,b)","u":"text"},` +
		`"c":{"p":"integer -> p.id cascade"}},"indexes":{"p":{"i":{"columns":["u"]}}}}`
	first := parse(t, source)
	if n := len(first.Hash()); n != 64 {
		t.Errorf("the hash has %d characters", n)
	}
	for name, change := range map[string][2]string{
		"index":  {`"columns":["u"]`, `"columns":["u desc","e"]`},
		"unique": {`"u":"text"`, `"u":"text unique"`},
		"enum":   {"enum(a,b)", "enum(a,b,c)"},
		"action": {"cascade", "set null"},
	} {
		db := database(t)
		if _, err := migrate.Synchronize(t.Context(), db, first, attempt("a")); err != nil {
			t.Fatal(err)
		}
		next := parse(t, strings.Replace(source, change[0], change[1], 1))
		if out, err := migrate.Synchronize(t.Context(), db, next, attempt("b")); err != nil || !out.Changed {
			t.Errorf("%s: %+v %v", name, out, err)
		}
	}
	db := database(t)
	if _, err := migrate.Synchronize(t.Context(), db, first, attempt("a")); err != nil {
		t.Fatal(err)
	}
	exec(t, db, "drop index i")
	if out, err := migrate.Synchronize(t.Context(), db, first, attempt("b")); err != nil || len(out.Applied) != 1 {
		t.Errorf("drift: %+v %v", out, err)
	}
	next := parse(t, strings.Replace(source, `"version":1`, `"version":2`, 1))
	if out, err := migrate.Synchronize(t.Context(), db, next, attempt("c")); err != nil || len(out.Applied) != 0 {
		t.Errorf("a version alone: %+v %v", out, err)
	}
}

// TestTrapTheLanguageSaysSomethingElse: what a column's words make of it.
func TestTrapTheLanguageSaysSomethingElse(t *testing.T) {
	db := database(t)
	target := parse(t, `{"name":"x","version":1,"tables":{"p":{"id":"integer primary key"},"c":{
	  "e":"enum('two words', b) default 'two words'","f":"boolean default false",
		"n":"integer -> p.id set null","k":"integer -> p.id no action"}}}`)
	if _, err := migrate.Synchronize(t.Context(), db, target, attempt("a")); err != nil {
		t.Fatal(err)
	}
	exec(t, db, "insert into p values (1)", "insert into c(n) values (1)", "insert into c(e) values (null)", "delete from p")
	got := one(t, db, "select coalesce(e, '-') || f || typeof(f) || coalesce(n, '-') from c where f = 0 order by rowid")
	if got != "two words0integer- -0integer-" {
		t.Errorf("%s", got)
	}
	if _, err := db.Query(t.Context(), d1.Exec("insert into c(e) values ('neither')")); err == nil {
		t.Error("the enum is not checked")
	}
	exec(t, db, "insert into p values (2)", "insert into c(k) values (2)")
	if _, err := db.Query(t.Context(), d1.Exec("delete from p where id = 2")); err == nil {
		t.Error("no action deleted what is referred to")
	}
}
