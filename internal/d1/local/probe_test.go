package local_test

import (
	"slices"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// excuses are the probe's cases the embedded engine answers as neither runtime
// does, or doesn't refuse though one does, each with its reason. A case listed
// here that agrees fails the test.
var excuses = map[string]string{
	"blob 2.1 MB":           "documented limit of 2,000,000 bytes; workerd lets 4 MiB pass",
	"func args 33":          "documented limit of 32; workerd lets 127 pass",
	"object param":          "JavaScript's types: no such value can be written in Go",
	"nested array param":    "JavaScript's types: no such value can be written in Go",
	"pragma_table_list tvf": "order of a hash table; the engine's build has no sqlite_stat4",
	"pragma table_list":     "order of a hash table",
	"sqlite_master":         "workerd hides _cf_METADATA, D1's production and this engine _cf_KV",
	"read _cf_KV":           "workerd hides _cf_METADATA, D1's production and this engine _cf_KV",
	"rtree":                 "the older D1 refuses an R*Tree, the newest allows it, and so does this engine: docs/decisions/0022",
	"sqlite_schema":         "engine build: ANALYZE makes sqlite_stat4 too",
}

// What one runtime refuses is refused, in the words of one that does. What both
// take is answered as one of them answers it.
func TestProbe(t *testing.T) {
	db := open(t)
	agree := 0
	newest := d1test.Probe(t, d1test.Newest)
	for i, c := range d1test.Probe(t, d1test.Older) {
		if underRace && c.Case == "30 s timeout-ish CPU" {
			t.Log("left out under the race detector: three million steps would take longer than D1's 30 s")
			continue
		}
		may := []d1test.ProbeCase{c, newest[i]}
		if slices.ContainsFunc(may, refuses) {
			may = slices.DeleteFunc(may, func(c d1test.ProbeCase) bool { return !refuses(c) })
		}
		diff := d1test.AnswersAny(t.Context(), db, may, parts)
		reason, excused := excuses[c.Name()]
		switch {
		case diff == "" && excused:
			t.Errorf("%s agrees now; strike its excuse %q", c.Name(), reason)
		case diff == "":
			agree++
		case !excused:
			t.Errorf("%s\n  %.200s\n  %s", c.Name(), c.SQL, diff)
		}
	}
	t.Logf("%d cases agree in results and error text, %d are excused", agree, len(excuses))
}

func refuses(c d1test.ProbeCase) bool { return c.Error != "" }

// parts splits a text as D1's front does.
func parts(sql string) []string {
	var out []string
	for _, p := range sqltext.Split(sql) {
		out = append(out, p.SQL)
	}
	return out
}
