package shadow_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
)

func made(t *testing.T, statements ...string) *shadow.Copy {
	t.Helper()
	s, err := shadow.Make(t.Context(), statements)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestACopyIsReadAsADatabaseIs(t *testing.T) {
	t.Parallel()
	s := made(t, "create table t (id integer primary key, v)", "create view w as select v from t", "create virtual table f using fts5(v)")
	if err := s.Exec("alter table t rename column v to value"); err != nil {
		t.Fatal(err)
	}
	db, err := s.Read()
	if err != nil {
		t.Fatal(err)
	}
	if len(db.Rows) != 3 || len(db.Tables) != 3 || !strings.Contains(db.Tables[1].SQL, "value") || db.Tables[0].Kind != "virtual table" {
		t.Errorf("%+v", db)
	}
	if got := s.Text("select count(*) from t"); got != "0" {
		t.Errorf("it has %s rows", got)
	}
}

func TestWhatCantBeMadeIsAnErrorOrLeftOut(t *testing.T) {
	t.Parallel()
	statements := []string{"create table t (id integer primary key)", "create virtual table v using nothing(x)", "create index t_id on t(id)"}
	if _, err := shadow.Make(t.Context(), statements); err == nil || !strings.Contains(err.Error(), "using nothing") {
		t.Errorf("%v", err)
	}
	s, err := shadow.Tolerate(t.Context(), statements)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := s.Texts("select name from sqlite_master where name like 't%' or name = 'v' order by name"); err != nil ||
		strings.Join(got, " ") != "t t_id" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFollowMakesNoRows(t *testing.T) {
	t.Parallel()
	s := made(t, "create table t (id integer primary key, v)")
	for _, sql := range []string{
		"create table if not exists main.u as select id, v, 1, v from t",
		"create table endless as with recursive n(i) as (select 1 union all select i + 1 from n) select i from n",
		"create table broken as select gone from t",
		"alter table t add column w", "drop table gone",
	} {
		s.Follow(sql)
	}
	for table, want := range map[string]string{"u": "id v 1 v:1", "endless": "i", "broken": "", "t": "id v w"} {
		if got, err := s.Texts("select name from pragma_table_info('" + table + "')"); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s has the columns %q, %v", table, got, err)
		}
	}
}

func TestKeysAreSwitchedOffAndReadingIsEnforced(t *testing.T) {
	t.Parallel()
	s := made(t, "create table p (id integer primary key)", "create table c (p integer references p)")
	if err := s.Bound(d1.Exec("insert into c values (?1)", d1.Int(1))); err == nil {
		t.Fatal("a reference to nothing was let through with keys on")
	}
	if err := s.WithoutKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Bound(d1.Exec("insert into c values (?1)", d1.Int(1))); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadOnly(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec("delete from c"); err == nil {
		t.Error("a copy that only reads was written to")
	}
}

func TestALikenessNamesWhatItLacksAndReadsItAsItWas(t *testing.T) {
	t.Parallel()
	row := func(kind, name, table, sql string) schema.MasterRow {
		return schema.MasterRow{Type: kind, Name: name, Table: table, SQL: sql}
	}
	rows := []schema.MasterRow{
		row("index", "c_x", "c", "CREATE INDEX c_x ON c(x)"),
		row("index", "t_v", "t", "CREATE INDEX t_v ON t(v)"),
		row("table", "c", "c", "CREATE TABLE c(x TEXT COLLATE german)"),
		row("table", "f", "f", "CREATE VIRTUAL TABLE f USING fts4(x)"),
		row("table", "g", "g", `CREATE VIRTUAL TABLE "g" USING "geo"`),
		row("table", "r", "r", "CREATE VIRTUAL TABLE r USING rtree(id, a, b)"),
		row("table", "t", "t", "CREATE TABLE t(id INTEGER PRIMARY KEY, v)"),
		row("table", "u", "u", "CREATE VIRTUAL TABLE u USING fts5(x, tokenize='unicode61x')"),
		row("trigger", "late", "gone", "CREATE TRIGGER late AFTER INSERT ON gone BEGIN SELECT 1; END"),
		row("trigger", "calls", "t", "CREATE TRIGGER calls AFTER INSERT ON t BEGIN SELECT st_isempty(new.v); END"),
		row("view", "T_V", "T_V", "CREATE VIEW T_V AS SELECT 1"), // the name of an index
		row("view", "w", "w", "CREATE VIEW w AS SELECT x FROM f"),
	}
	s, err := shadow.Like(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []string
	for _, l := range s.Left {
		got = append(got, l.Words())
	}
	want := []string{
		"the table c (it uses the collation german, which neither D1 nor this engine has)",
		"the table f (it is of the module fts4, which neither D1 nor this engine has)",
		"the table g (it is of the module geo, which neither D1 nor this engine has)",
		"the table u (it splits texts by the tokenizer unicode61x, which neither D1 nor this engine has)",
		"the index c_x (what it is on is gone, or left alone itself)",
		"the view T_V (the engine can't make it: SQLite says: there is already an index named T_V)",
		"the trigger late (what it is on is gone, or left alone itself)",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	db, err := s.Read()
	if err != nil || len(db.Rows) != len(rows) {
		t.Fatalf("%+v, %v", db.Rows, err)
	}
	for _, r := range rows {
		if !slices.Contains(db.Rows, r) {
			t.Errorf("%s is not read as it was", r.Name)
		}
	}
	if e, err := db.Table("g"); err != nil || e.Kind != live.KindVirtual {
		t.Errorf("%+v, %v", e, err)
	}
	if l, ok := s.Lacks(); !ok || l.Name != "c" {
		t.Errorf("%+v", l)
	}
}

func TestALikenessThatTakesTooLongIsNone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := shadow.Like(ctx, []schema.MasterRow{{Type: "table", Name: "t", SQL: "CREATE TABLE t(v)"}}); err == nil {
		t.Errorf("%v, %v", s, err)
	}
}
