package shadow_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
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
	if err := s.Exec("create table odd (v generated)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); err == nil {
		t.Error("a text that can't be read is no error")
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
