package keep

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
)

func TestTheLogKeepsWhatAnImportLeftOutWithinBounds(t *testing.T) {
	t.Parallel()
	f := d1.Filled{Tables: 2, Rows: 30, LeftOut: []string{"The view v has 6 terms."}, Notes: []string{"3 rows of t dangle."}}
	const want = "Tables: 2, rows: 30. Left out (1): The view v has 6 terms. To know (1): 3 rows of t dangle."
	if got := filledWords(f); got != want {
		t.Errorf("got %q", got)
	}
	for i := range 10_000 {
		f.LeftOut = append(f.LeftOut, fmt.Sprintf("The view v%d has 6 terms.", i))
	}
	got := filledWords(f)
	if len(got) > audit.MaxDetail+200 || !strings.Contains(got, "Left out (10001): ") || !strings.Contains(got, " more. To know (1): ") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
}
