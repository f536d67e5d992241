package d1test_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

func TestFunctionsOnWorkerd(t *testing.T) {
	onEach(t, func(t *testing.T, rt d1test.Runtime) {
		db := d1test.Workerd(t, rt).Database(t)
		list := d1test.Functions(t, rt)
		for want, names := range map[string][]string{
			"allowed": list.Allowed, "refused": list.Refused, "absent": list.Absent,
		} {
			t.Run(want, func(t *testing.T) {
				t.Parallel()
				for _, name := range names {
					if got, text := call(t, db, name); got != want {
						t.Errorf("%s is %s: %s", name, got, text)
					}
				}
			})
		}
	})
}

// call says how D1 takes a function, and in which words. The number of arguments
// has to fit before D1 asks whether the function is allowed.
func call(t *testing.T, db *d1test.Database, name string) (kind, text string) {
	t.Helper()
	for args := range 6 {
		sql := fmt.Sprintf("select %q(%s)", name, strings.TrimSuffix(strings.Repeat("1,", args), ","))
		_, err := db.Query(t.Context(), sql)
		text = fmt.Sprint(err)
		switch {
		case strings.Contains(text, "wrong number of arguments"):
			continue
		case strings.Contains(text, "not authorized"):
			return "refused", text
		case strings.Contains(text, "no such function"):
			return "absent", text
		}
		return "allowed", text
	}
	return "of unknown arity", text
}
