package local_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

func TestContract(t *testing.T) {
	d1test.Exercise(t, d1test.Traits{}, func(t *testing.T) d1.Conn { return open(t) })
}
