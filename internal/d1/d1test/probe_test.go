package d1test_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

// The record is true: real D1 answers every case as it did, counters and sizes
// included. Cases build on each other, so a -run of one alone may fail.
func TestProbeOnWorkerd(t *testing.T) {
	db := d1test.ProbeDatabase(t, d1test.Workerd(t))
	cases := d1test.Probe(t)
	if len(cases) != 213 {
		t.Errorf("the record has %d cases, want 213", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			got, err := c.Run(t.Context(), db)
			if err != nil {
				got = refusal(t, err)
			}
			want := c.OK
			if c.Error != "" {
				want = mustJSON(t, c.Error)
			}
			if diff := d1test.SameRows(want, withoutTimes(t, got)); diff != "" {
				t.Errorf("%.200s\n%s", c.SQL, diff)
			}
		})
	}
}

func refusal(t *testing.T, err error) json.RawMessage {
	t.Helper()
	var refused *d1test.D1Error
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return mustJSON(t, refused.Text)
}

// withoutTimes drops what the record left out of each answer.
func withoutTimes(t *testing.T, answer json.RawMessage) json.RawMessage {
	t.Helper()
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatal(err)
	}
	results, ok := v.([]any) // a batch
	if !ok {
		results = []any{v}
	}
	for _, r := range results {
		r, _ := r.(map[string]any)
		delete(r, "duration") // exec has its own
		meta, _ := r["meta"].(map[string]any)
		delete(meta, "duration")
		delete(meta, "served_by")
	}
	return mustJSON(t, v)
}

func mustJSON(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
