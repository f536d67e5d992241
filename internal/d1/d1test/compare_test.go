package d1test_test

import (
	"encoding/json"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

func TestSameRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want, got, diff string }{
		{"order of keys", `[{"a":1,"b":null}]`, `[{"b":null,"a":1.0}]`, ``},
		{"rounded as D1 does", `9007199254740993`, `9007199254740992`, ``},
		{"a value", `[{"a":1},{"a":[2]}]`, `[{"a":1},{"a":[3]}]`, `[1].a[0]: want 2, got 3`},
		{"number and text", `1`, `"1"`, `the value: want 1, got "1"`},
		{"scalar and list", `1`, `[1]`, `the value: want 1, got [1]`},
		{"object and list", `{}`, `[]`, `the value: want {}, got []`},
		{"missing is not null", `[{"a":null}]`, `[{}]`, `[0]: "a" is missing`},
		{"a key too many", `{}`, `{"a":1}`, `the value: "a" is too many`},
		{"a row too many", `[]`, `[1]`, `the value: want 0 elements, got 1`},
		{"a row missing", `{"r":[1,2]}`, `{"r":[1]}`, `.r: want 2 elements, got 1`},
		{"not JSON", `1`, ``, `got is not JSON: unexpected end of JSON input`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := d1test.SameRows(json.RawMessage(c.want), json.RawMessage(c.got)); got != c.diff {
				t.Errorf("got %q, want %q", got, c.diff)
			}
		})
	}
}
