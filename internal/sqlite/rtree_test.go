package sqlite_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// withRTree is a file with an R*Tree, opened anew so that nothing is compiled yet.
func withRTree(t *testing.T, o sqlite.Options) *sqlite.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.db")
	c, err := sqlite.Open(path, sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"create virtual table places using rtree(id, x0, x1, +name)", "create virtual table grid using rtree_i32(id, x0, x1)",
		"insert into places values (1, 0, 2, 'home'), (2, 5, 6, 'work')", "insert into grid values (1, 0, 2)",
	} {
		if _, err := exec(c, sqlite.Write, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err = sqlite.Open(path, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestAnRTreeIsReadWhereWritesAreRefused(t *testing.T) {
	for name, o := range map[string]sqlite.Options{"may write": {}, "read only": {ReadOnly: true}} {
		c := withRTree(t, o)
		// Before the R*Tree is known to the connection, and after.
		for range 2 {
			for _, sql := range []string{
				"insert into places values (3, 1, 1, 'x')", "delete from places", "update places set x0 = -1", "drop table places",
				"insert into places_rowid values (9, 9, 9)", "delete from places_node", "update places_parent set parentnode = 1",
				"drop table places_node",
				"insert into grid select id + 5, x0, x1 from places", "create table u as select * from places",
			} {
				if _, err := exec(c, sqlite.Read, sql); err == nil {
					t.Errorf("%s: allowed in mode Read: %s", name, sql)
				}
			}
			rows, err := exec(c, sqlite.Read, "select name from places where x1 >= 1 and x0 <= 3")
			if err != nil || strings.Join(rows, ",") != "home" {
				t.Errorf("%s: got %q, %v", name, rows, err)
			}
		}
	}
}

func TestReadingAnRTreeOnlyReads(t *testing.T) {
	c := withRTree(t, sqlite.Options{})
	if err := c.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	effects, readOnly, err := c.Effects("select * from places, grid where places.id = grid.id")
	if err != nil || !readOnly || len(effects) > 0 {
		t.Errorf("%+v, %v, %v", effects, readOnly, err)
	}
	effects, _, err = c.Effects("delete from places")
	if err != nil || len(effects) != 1 || effects[0] != (sqlite.Effect{Kind: "delete", Object: "places"}) {
		t.Errorf("%+v, %v", effects, err)
	}
	if err := c.End(false); err != nil {
		t.Fatal(err)
	}
}

func TestIifTakesThreeArguments(t *testing.T) {
	c := memory(t)
	if rows := must(t, c, "select iif(1, 'a', json_extract('{}', 'no path')) || iif(0, 'b', 'c')"); rows[0] != "ac" {
		t.Errorf("got %q", rows)
	}
	for _, n := range []int{0, 1, 2, 4, 5, 31, 32} {
		_, err := exec(c, sqlite.Read, "select iif("+strings.TrimSuffix(strings.Repeat("1,", n), ",")+")")
		if err == nil || !strings.Contains(err.Error(), "wrong number of arguments to function iif()") {
			t.Errorf("%d arguments: %v", n, err)
		}
	}
	for _, sql := range []string{"select * from jsonb_each('[1]')", "select count(*) from jsonb_tree('[1]')"} {
		if _, err := exec(c, sqlite.Read, sql); err == nil || !strings.Contains(err.Error(), "no such table: jsonb_") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
