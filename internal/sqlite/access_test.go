package sqlite_test

import (
	"slices"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// TestAccessesShowWhatANameIsBoundTo: the same trigger reads another table once the
// nearer one has a column of that name.
func TestAccessesShowWhatANameIsBoundTo(t *testing.T) {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	run := func(statements ...string) {
		t.Helper()
		for _, sql := range statements {
			if err := c.Exec(sql); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("create table p(id, m)", "create table l(a)",
		"create trigger g after insert on l begin delete from p where not exists (select 1 from l where a = m); end")
	reads := func(table string) bool {
		t.Helper()
		accesses, _, err := c.Accesses("insert into l default values")
		if err != nil {
			t.Fatal(err)
		}
		return slices.Contains(accesses, sqlite.Access{Kind: "read", Table: table, Column: "m", By: "g"})
	}
	if !reads("p") || reads("l") {
		t.Error("m is p's")
	}
	run("alter table l add column m")
	if reads("p") || !reads("l") {
		t.Error("m is l's now")
	}
	run("create view v(x, y) as select a, m from l")
	if _, columns, err := c.Accesses("select * from v"); err != nil || !slices.Equal(columns, []string{"x", "y"}) {
		t.Errorf("%q %v", columns, err)
	}
	if _, _, err := c.Accesses("select n from v"); err == nil {
		t.Error("there is no n")
	}
}
