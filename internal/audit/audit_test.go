package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestAnOutcomeSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*audit.MaxDetail)
	for _, c := range []struct {
		err    error
		want   audit.Outcome
		detail string
	}{
		{nil, audit.Done, "as before"},
		{fault.New(fault.Conflict, "It can't come:\na\nb"), audit.Failed, "It can't come: a b"},
		{fault.New(fault.Unknown, "The answer was lost."), audit.Unknown, "The answer was lost."},
		{errors.New("internal"), audit.Failed, fault.Message(errors.New("internal"))},
		{fault.New(fault.Invalid, "%s", long), audit.Failed, long[:audit.MaxDetail] + "…"},
	} {
		got := audit.Entry{Outcome: audit.Done, Detail: "as before"}.Ended(c.err)
		if got.Outcome != c.want || got.Detail != c.detail {
			t.Errorf("%v: %s %.60q", c.err, got.Outcome, got.Detail)
		}
	}
	lines := []string{"It can't come:", strings.Repeat("y", audit.MaxDetail), "z"}
	if got := audit.Sentences(lines, audit.MaxDetail); got != "It can't come: … and 2 more." {
		t.Errorf("%q", got)
	}
}
