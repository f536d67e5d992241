package local_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// excuses are the probe's cases the embedded engine answers otherwise than
// workerd, each with its reason. A case listed here that agrees fails the test.
var excuses = map[string]string{
	"blob 2.1 MB":           "documented limit of 2,000,000 bytes; workerd lets 4 MiB pass",
	"func args 33":          "documented limit of 32; workerd lets 127 pass",
	"object param":          "JavaScript's types: no such value can be written in Go",
	"nested array param":    "JavaScript's types: no such value can be written in Go",
	"big param 2^53":        "engine version: a real's cast to text",
	"pragma_table_list tvf": "order of a hash table; the engine's build has no sqlite_stat4",
	"pragma table_list":     "order of a hash table",
	"pragma optimize(-1)":   "order of a hash table",
	"sqlite_master":         "workerd hides _cf_METADATA, D1's production and this engine _cf_KV",
	"read _cf_KV":           "workerd hides _cf_METADATA, D1's production and this engine _cf_KV",
	"read _cf_METADATA":     "workerd hides _cf_METADATA, D1's production and this engine _cf_KV",
	"sqlite_schema":         "engine build: ANALYZE makes sqlite_stat4 too",
}

func TestProbe(t *testing.T) {
	db := open(t)
	agree := 0
	for _, c := range d1test.Probe(t) {
		if underRace && c.Case == "30 s timeout-ish CPU" {
			t.Log("left out under the race detector: three million steps would take longer than D1's 30 s")
			continue
		}
		diff := d1test.Answers(t.Context(), db, c, parts)
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

// parts splits a text as D1's front does.
func parts(sql string) []string {
	var out []string
	for _, p := range sqlite.Split(sql) {
		out = append(out, p.SQL)
	}
	return out
}
