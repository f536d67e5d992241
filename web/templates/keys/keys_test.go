package keys_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/kuratchi/dashboard/web/templates/keys"
)

func TestTheListIsWhole(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("keys.json")
	if err != nil {
		t.Fatal(err)
	}
	var raw []map[string]string
	if err := json.Unmarshal(b, &raw); err != nil || len(raw) != len(keys.All()) {
		t.Fatalf("%d of %d: %v", len(keys.All()), len(raw), err)
	}
	ids, chords := map[string]bool{}, map[string]bool{}
	for _, s := range keys.All() {
		if s.ID == "" || s.Keys == "" || s.What == "" || s.Where == "" {
			t.Errorf("%+v lacks something", s)
		}
		if ids[s.ID] || chords[s.Keys] {
			t.Errorf("%s (%s) is there twice", s.ID, s.Keys)
		}
		ids[s.ID], chords[s.Keys] = true, true
	}
	if keys.Of("palette") != "Ctrl K" || keys.Of("go-fleet") != "g f" || keys.Of("nothing") != "" {
		t.Errorf("%q %q", keys.Of("palette"), keys.Of("go-fleet"))
	}
}
