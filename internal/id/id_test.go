package id_test

import (
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/id"
)

func TestIDsSortByAgeAndDiffer(t *testing.T) {
	now := time.Now()
	a, b := id.At[id.Plan](now), id.At[id.Plan](now.Add(time.Second))
	if !(a < b) {
		t.Errorf("%s is not before %s", a, b)
	}
	a = id.At[id.Plan](now)
	for range 1000 {
		id.At[id.Org](now.Add(time.Second)) // somebody else's clock is ahead
		c := id.At[id.Plan](now)
		if c <= a {
			t.Fatalf("%s comes after %s of the same millisecond", c, a)
		}
		a = c
	}
	if len(a) != 26 || a == id.At[id.Plan](now) {
		t.Errorf("id %q: want 26 characters that differ", a)
	}
}
