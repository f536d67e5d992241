package d1test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// SameRows compares two JSON values by meaning and returns "" or the first
// difference, with the place where it is: "[2].a: want 1, got 2".
//
// Order counts in lists and not in objects. A missing key is not a null. Numbers
// are compared as float64, since D1 rounds integers beyond 2^53 to one: give it
// 9007199254740993 or …992, it is the same.
func SameRows(want, got json.RawMessage) string {
	var w, g any
	if err := json.Unmarshal(want, &w); err != nil {
		return fmt.Sprintf("want is not JSON: %v", err)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		return fmt.Sprintf("got is not JSON: %v", err)
	}
	return diff("", w, g)
}

func diff(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			return diffObjects(at, w, g)
		}
	case []any:
		if g, ok := got.([]any); ok {
			return diffLists(at, w, g)
		}
	default: // comparable: nil, bool, float64 or string
		if isScalar(got) && want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %s, got %s", place(at), show(want), show(got))
}

func diffObjects(at string, want, got map[string]any) string {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[key]; !ok {
			return fmt.Sprintf("%s: %q is missing", place(at), key)
		}
		if d := diff(at+"."+key, want[key], got[key]); d != "" {
			return d
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			return fmt.Sprintf("%s: %q is too many", place(at), key)
		}
	}
	return ""
}

func diffLists(at string, want, got []any) string {
	for i := range min(len(want), len(got)) {
		if d := diff(at+"["+strconv.Itoa(i)+"]", want[i], got[i]); d != "" {
			return d
		}
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%s: want %d elements, got %d", place(at), len(want), len(got))
	}
	return ""
}

func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

func place(at string) string {
	if at == "" {
		return "the value"
	}
	return at
}

// show cuts long values, so that a difference stays one readable line.
func show(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 200 {
		return string(b[:200]) + "…"
	}
	return string(b)
}
