package rest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
)

// told are tables with what tells their rows apart: the stored columns, the primary key,
// whether that is the rowid, and a word for the rowid.
var told = []struct{ ddl, stored, key, isRowID, rowID string }{
	{"create table a1(a, b)", "a b", "", "", "rowid"},
	{"create table a2(id integer primary key, b)", "id b", "id", "yes", "rowid"},
	{"create table a3(b, id INTEGER, primary key(id desc))", "b id", "id", "yes", "rowid"},
	{"create table a4(id integer primary key desc, b)", "id b", "id", "", "rowid"},
	{"create table a5(id int primary key, b)", "id b", "id", "", "rowid"},
	{"create table a6(a, b, c, primary key(c, a)) without rowid", "a b c", "c a", "", ""},
	{"create table a7(b, id integer primary key) without rowid", "b id", "id", "", ""},
	{"create table a8(rowid, OID, v)", "rowid OID v", "", "", "_rowid_"},
	{"create table a9(rowid as (v + 1), v, _rowid_ as (v) stored)", "v", "", "", "oid"},
	{"create table b1(rowid, _rowid_, oid)", "rowid _rowid_ oid", "", "", ""},
	{"create table d1_migrations(id integer primary key)", "id", "id", "yes", "rowid"},
}

func TestWhatTellsRowsApartIsSaidAlike(t *testing.T) {
	t.Parallel()
	var ddl []string
	for _, c := range told {
		ddl = append(ddl, c.ddl)
	}
	more := append(slices.Clone(ddl), "create view v as select 1", "create virtual table ft using fts5(body)", "analyze")
	infos := map[string][]d1.TableInfo{}
	ask := func(where string, c d1.Conn) {
		t.Helper()
		r, err := c.Query(t.Context(), d1.AboutTables())
		if err != nil {
			t.Fatal(err)
		}
		infos[where] = d1.TableInfos(r.Rows)
	}
	c := open(t, provider(t, newFront(t, front.Options{}).URL), "told")
	for _, sql := range more {
		exec(t, c, sql)
	}
	ask("D1", c)
	ask("embedded", embeddedFrom(t, sample(t, more...)))
	if d := cmp.Diff(infos["D1"], infos["embedded"], cmp.AllowUnexported(d1.TableInfo{})); d != "" {
		t.Error(d)
	}
	if len(infos["D1"]) != len(told) {
		t.Fatalf("%d tables, want %d", len(infos["D1"]), len(told))
	}
	for i, got := range infos["D1"] {
		isRowID := ""
		if got.KeyIsRowID() {
			isRowID = "yes"
		}
		want := told[i]
		if strings.Join(got.Stored(), " ") != want.stored || strings.Join(got.PrimaryKey(), " ") != want.key ||
			isRowID != want.isRowID || got.RowID() != want.rowID {
			t.Errorf("%s: %q, %q, %q, %q", want.ddl, got.Stored(), got.PrimaryKey(), isRowID, got.RowID())
		}
	}
}

// What no copy could be made of, and no import.
func TestWhatIsLeftOfATableKeepsNoCopyBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		made       []string
		read, want string
	}{
		"a counter of nothing": {
			made: []string{"create table n(id integer primary key autoincrement)", "insert into n values (9)", "drop table n",
				"create table t(autoincremented, \"autoincrement\")", "insert into t values (1, 2)"},
			read: "select group_concat(rowid || autoincremented) from t", want: "11",
		},
		"a generated column called rowid": {
			made: []string{"create table t(a, rowid as (a + 1) stored, b)", "insert into t(_rowid_, a, b) values (70, 1, 2)"},
			read: "select _rowid_ || ',' || a || ',' || rowid || ',' || b from t", want: "70,1,2,2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := provider(t, newFront(t, front.Options{}).URL)
			info, err := p.Create(t.Context(), d1.CreateInput{Name: "imported"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Fill(t.Context(), info.ID, d1.FillInput{Path: sample(t, c.made...)}); err != nil {
				t.Fatal(err)
			}
			imported, err := p.Open(t.Context(), info.ID)
			if err != nil {
				t.Fatal(err)
			}
			made := open(t, p, "made")
			for _, sql := range c.made {
				exec(t, made, sql)
			}
			other, err := p.Find(t.Context(), "made")
			if err != nil {
				t.Fatal(err)
			}
			copied, err := p.Copy(t.Context(), other.ID, "")
			back := embeddedFrom(t, saved(t, copied, err))
			for where, conn := range map[string]d1.Conn{"imported": imported, "copied": back} {
				if r, err := conn.Query(t.Context(), d1.Query(c.read)); err != nil || r.Rows[0][0].Text() != c.want {
					t.Errorf("%s: %v %v", where, r, err)
				}
			}
		})
	}
}
