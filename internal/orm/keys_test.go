package orm_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/orm"
)

// Rows are found by their keys in as many searches, however a table tells them apart.
func TestByKeysSearches(t *testing.T) {
	t.Parallel()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "keys"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, ddl := range map[string]string{
		"alias": "(a integer primary key, b text, c)", "loose": "(a integer, b text, c)",
		"nullable": "(a integer, b text, c, primary key (a, b))",
		"kept":     "(a integer, b text collate nocase, c, primary key (b, a)) without rowid",
		"wide":     "(a not null, b not null, c not null, d not null default 0, primary key (a, b, c, d))",
	} {
		if _, err := c.Query(t.Context(), d1.Exec("create table "+name+" "+ddl)); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Query(t.Context(), d1.Exec("with recursive n(i) as (select 1 union all select i+1 from n where i < 95) insert into "+name+
			" (a, b, c) select i, 'b' || i, i from n")); err != nil {
			t.Fatal(err)
		}
		db, err := live.Read(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		table, err := db.Describe(t.Context(), c, name)
		if err != nil {
			t.Fatal(err)
		}
		all, err := c.Query(t.Context(), d1.Query("select * from "+name))
		if err != nil {
			t.Fatal(err)
		}
		var keys [][]d1.Value
		for i, row := range all.Rows {
			keys = append(keys, table.Key.Of(func(place int) d1.Value {
				if place == live.RowID {
					return d1.Int(int64(i + 1))
				}
				return row[place]
			}))
		}
		stmts, err := orm.Seen(nil, table).Cut(orm.Whole(orm.Places(table))).ByKeys(append(keys, keys...))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, s := range stmts {
			r, err := c.Query(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			found += len(r.Rows)
			plan, err := c.Query(t.Context(), d1.Query("explain query plan "+s.SQL, s.Args...))
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range plan.Rows {
				if strings.Contains(row[3].Text(), "SCAN") {
					t.Errorf("%s is read whole: %s", name, row[3].Text())
				}
			}
		}
		if found != 2*len(keys) {
			t.Errorf("%s: %d rows of %d", name, found, 2*len(keys))
		}
	}
}
