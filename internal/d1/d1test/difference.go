package d1test

import (
	"encoding/json"
	"testing"
)

// Difference is what a runtime answers to a case otherwise than the older one:
// Error where it refuses, else OK, an answer or the part of it that differs. In
// an object the keys that aren't named are the older runtime's; a list is whole.
type Difference struct {
	OK    json.RawMessage `json:"ok,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Differ returns how got differs from what the older runtime answered, which is
// nil where it refused. ok is false where both are the same.
func Differ(t testing.TB, was, got json.RawMessage) (d Difference, ok bool) {
	t.Helper()
	if got[0] == '"' {
		unmarshal(t, got, &d.Error)
		return d, true
	}
	if was == nil {
		return Difference{OK: got}, true
	}
	var w, g any
	unmarshal(t, was, &w)
	unmarshal(t, got, &g)
	part := differing(w, g)
	if part == nil {
		return d, false
	}
	b, err := json.Marshal(part)
	if err != nil {
		t.Fatalf("d1test: %v", err)
	}
	return Difference{OK: b}, true
}

// differing is got without the keys that are the same in was, nil for nothing.
// No key of an answer ever goes or becomes null.
func differing(was, got any) any {
	w, ok := was.(map[string]any)
	g, too := got.(map[string]any)
	if !ok || !too {
		if diff("", was, got) == "" {
			return nil
		}
		return got
	}
	part := map[string]any{}
	for key, v := range g {
		if d := differing(w[key], v); d != nil {
			part[key] = d
		}
	}
	if len(part) == 0 {
		return nil
	}
	return part
}

// over returns the whole answer: d laid over what the older runtime answered.
func (d Difference) over(t testing.TB, was json.RawMessage) json.RawMessage {
	t.Helper()
	if was == nil || d.OK == nil {
		return d.OK
	}
	var w, part any
	unmarshal(t, was, &w)
	unmarshal(t, d.OK, &part)
	b, err := json.Marshal(laidOver(w, part))
	if err != nil {
		t.Fatalf("d1test: %v", err)
	}
	return b
}

func laidOver(was, part any) any {
	w, ok := was.(map[string]any)
	p, too := part.(map[string]any)
	if !ok || !too {
		return part
	}
	for key, v := range p {
		w[key] = laidOver(w[key], v)
	}
	return w
}

func unmarshal(t testing.TB, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("d1test: %v", err)
	}
}
