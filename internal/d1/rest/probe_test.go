package rest_test

import (
	"maps"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// excuses are the cases of the record that answer otherwise over REST than by the
// Workers binding, each with its reason. One that agrees fails the test.
var excuses = map[string]string{
	"object param":       "JavaScript's types: no such value can be written in Go",
	"nested array param": "JavaScript's types: no such value can be written in Go",
}

func TestProbe(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, rt d1test.Runtime) {
		db := open(t, provider(t, f.URL), "probe")
		for _, sql := range []string{"create table before(a)", "drop table before"} {
			exec(t, db, sql)
		}
		agree, excused := 0, maps.Clone(excuses)
		if rt == d1test.Newest {
			excused["only comment"] = "the transport refuses it before D1, in the older D1's words"
			excused["recreate parent, child2 without cascade, defer"] = "what only the commit finds is an internal error there, " +
				"after which nothing is known"
		}
		for _, c := range d1test.Probe(t, rt) {
			diff := d1test.Answers(t.Context(), db, c, split)
			reason := excused[c.Name()]
			switch {
			case diff == "" && reason != "":
				t.Errorf("%s agrees now; strike its excuse %q", c.Name(), reason)
			case diff == "":
				agree++
			case reason == "":
				t.Errorf("%s\n  %.200s\n  %.600s", c.Name(), c.SQL, diff)
			}
		}
		t.Logf("%d cases agree in results and error text, %d are excused", agree, len(excused))
	})
}

func split(sql string) (out []string) {
	for _, p := range sqltext.Split(sql) {
		out = append(out, p.SQL)
	}
	return out
}
