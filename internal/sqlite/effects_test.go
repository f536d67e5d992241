package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// TestEffects pins what SQLite's compiler tells: the console asks by it.
func TestEffects(t *testing.T) {
	t.Parallel()
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Begin(t.Context(), sqlite.Write); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"create table p(id integer primary key autoincrement, name text)",
		"create table c(id integer primary key, p integer references p(id) on delete cascade)",
		"create table lg(x)", "create trigger evil after insert on lg begin delete from p; end",
	} {
		st, err := c.Prepare(sql)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Step(); err != nil {
			t.Fatal(err)
		}
		st.Close()
	}
	for sql, want := range map[string]string{
		"select 1":                    "reads",
		"pragma foreign_keys":         "reads",
		"pragma table_info(p)":        "reads",
		"pragma defer_foreign_keys=1": "pragma defer_foreign_keys",
		"pragma optimize":             "pragma optimize",
		"explain delete from p":       "explain ",
		"delete from p where id=1":    "delete p, delete c",
		"\ufeffdelete from p":         "delete p, delete c",
		"insert into lg values(1)":    "insert lg, delete p by evil, delete c",
		"replace into p values(1,2)":  "insert p, delete c",
		"insert into p(id) select id from p where true on conflict(id) do update set name=null": "insert p, update p",
		"delete from sqlite_sequence": "delete sqlite_sequence",
		"alter table p rename to q":   "alter p, update sqlite_sequence",
		"create table j as select 1":  "create j",
	} {
		effects, readOnly, err := c.Effects(sql)
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		var words []string
		for _, e := range effects {
			words = append(words, strings.TrimSuffix(fmt.Sprintf("%s %s by %s", e.Kind, e.Object, e.By), " by "))
		}
		got := strings.Join(words, ", ")
		if readOnly {
			got = strings.TrimPrefix(got+"reads", " ")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
