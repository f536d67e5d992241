package d1test_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

// The record is true: real D1 answers every case as it did, counters and sizes
// included. Cases build on each other, so a -run of one alone may fail.
func TestProbeOnWorkerd(t *testing.T) {
	if *record {
		recordNewest(t)
		return // the record in the test's program is the one before
	}
	for _, rt := range d1test.Runtimes {
		t.Run(string(rt), func(t *testing.T) {
			t.Parallel()
			db := d1test.ProbeDatabase(t, d1test.Workerd(t, rt))
			cases := d1test.Probe(t, rt)
			if len(cases) != 213 {
				t.Errorf("the record has %d cases, want 213", len(cases))
			}
			for _, c := range cases {
				t.Run(c.Name(), func(t *testing.T) {
					if diff := d1test.SameRows(golden(t, c), answer(t, db, c)); diff != "" {
						t.Errorf("%.200s\n%s", c.SQL, diff)
					}
				})
			}
		})
	}
}

// golden is the record's answer, or its refusal as a text.
func golden(t *testing.T, c d1test.ProbeCase) json.RawMessage {
	t.Helper()
	if c.Error != "" {
		return mustJSON(t, c.Error)
	}
	return c.OK
}

// answer is what D1 answers to a case, as the record has it: without times, and
// a refusal as its text.
func answer(t *testing.T, db *d1test.Database, c d1test.ProbeCase) json.RawMessage {
	t.Helper()
	got, err := c.Run(t.Context(), db)
	if err != nil {
		got = refusal(t, err)
	}
	return withoutTimes(t, got)
}

func refusal(t *testing.T, err error) json.RawMessage {
	t.Helper()
	var refused *d1test.D1Error
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	// Each internal error has a reference of its own.
	return mustJSON(t, reference.ReplaceAllString(refused.Text, "reference = …"))
}

var reference = regexp.MustCompile(`reference = \w+`)

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
		for _, key := range []string{"duration", "timings", "served_by", "served_by_primary", "total_attempts"} {
			delete(meta, key)
		}
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
