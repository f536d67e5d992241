package sqlite_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

// What the bounds cost is the difference to -tags unbound, run in turns.
func BenchmarkStatement(b *testing.B) {
	c, err := sqlite.Open(b.TempDir()+"/a.db", sqlite.Options{Create: true, Budget: sqlite.NewBudget(64 << 20)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for _, sql := range []string{
		"create table t(id integer primary key, a text, b text, c integer, d text, e real, f text, g integer, h text, i text)",
		"create index ta on t(a)",
		"insert into t select n, hex(randomblob(8)), 'some text', n * 7, 'more text', n / 3.0, hex(randomblob(20)), n % 5, 'x', " +
			"null from " + series("50000"),
	} {
		if _, err := exec(c, sqlite.Write, sql); err != nil {
			b.Fatal(err)
		}
	}
	for name, sql := range map[string]string{
		"page":   "select * from t where id > 20000 order by id limit 101",
		"lookup": "select * from t where a > '8' order by a limit 30",
		"sort":   "select * from t where g = 1 order by f limit 100",
		"group":  "select g, count(*), max(f), group_concat(c) from t where id < 3000 group by g",
		"kept":   "select 1",
		"anew":   "select a, b, count(*) from t where id between 1 and 10 and a like '%f' group by 1, 2 having count(*) > 0 order by 2, 3",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if name == "anew" {
					sqlite.Forget(c)
				}
				if _, err := exec(c, sqlite.Read, sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
