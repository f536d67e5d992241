package rest_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// excuses are the cases of the record that answer otherwise over REST than by the
// Workers binding, each with its reason. One that agrees fails the test.
var excuses = map[string]string{
	"object param":       "JavaScript's types: no such value can be written in Go",
	"nested array param": "JavaScript's types: no such value can be written in Go",
}

func TestProbe(t *testing.T) {
	f := front.New(t, front.Options{})
	db := open(t, provider(t, f.URL), "probe")
	for _, sql := range []string{"create table before(a)", "drop table before"} {
		exec(t, db, sql)
	}
	split := func(sql string) (out []string) {
		for _, p := range sqlite.Split(sql) {
			out = append(out, p.SQL)
		}
		return out
	}
	agree := 0
	for _, c := range d1test.Probe(t, d1test.Older) {
		diff := d1test.Answers(t.Context(), db, c, split)
		reason, excused := excuses[c.Name()]
		switch {
		case diff == "" && excused:
			t.Errorf("%s agrees now; strike its excuse %q", c.Name(), reason)
		case diff == "":
			agree++
		case !excused:
			t.Errorf("%s\n  %.200s\n  %.600s", c.Name(), c.SQL, diff)
		}
	}
	t.Logf("%d cases agree in results and error text, %d are excused", agree, len(excuses))
}
