package d1test_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

var record = flag.Bool("record", false, "write down what the newest runtime answers otherwise than the older one")

// recordNewest writes probe-sqlite-3.54.json anew:
//
//	go test ./internal/d1/d1test -run TestProbeOnWorkerd -record
//
// probe.json, the statements and the older runtime's answers, stays as it is.
func recordNewest(t *testing.T) {
	db := d1test.ProbeDatabase(t, d1test.Workerd(t, d1test.Newest))
	differ := map[string]d1test.Difference{}
	for _, c := range d1test.Probe(t, d1test.Older) {
		if got := answer(t, db, c); d1test.SameRows(golden(t, c), got) != "" {
			differ[c.Name()], _ = d1test.Differ(t, c.OK, got)
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(differ); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("probe-sqlite-3.54.json", out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cases differ", len(differ))
}
