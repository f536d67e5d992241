package d1_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// TestOnlyAnAnswerThatSaysSoWasNotRun: of all that D1 was heard to say, its queue and the
// rows of a day are all it names before a statement is begun.
func TestOnlyAnAnswerThatSaysSoWasNotRun(t *testing.T) {
	t.Parallel()
	said := 0
	for _, text := range append(heard(t), told...) {
		for _, words := range []string{text, strings.TrimPrefix(text, "D1_ERROR: ")} {
			want := strings.HasPrefix(words, "D1 DB is overloaded.") || strings.HasPrefix(words, "Your account has exceeded")
			if want {
				said++
			}
			err := fmt.Errorf("the plan: %w", d1.Fail(d1.NewError(words)))
			if d1.NotRun(err) != want {
				t.Errorf("%s: %t", words, !want)
			}
			if d1.NotRun(fault.Wrap(err, fault.Unknown, "The answer was lost.")) {
				t.Errorf("%s: of a question about what was begun", words)
			}
		}
	}
	if said == 0 {
		t.Error("no text says that it was not run")
	}
	refused := fault.Wrap(d1.ErrNotRun, fault.Limited, "The calls are used up.")
	const trigger = ": SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)"
	lost := fault.New(fault.Unknown, "The answer was lost.")
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"none":                           {nil, false},
		"a refusal of ours":              {refused, true},
		"a word of the database's owner": {d1.Fail(d1.NewError("D1 DB is overloaded" + trigger)), false},
		"a quota as a trigger's word":    {d1.Fail(d1.NewError("Your account has exceeded D1's daily x" + trigger)), false},
		"a stop":                         {context.DeadlineExceeded, false},
		"wrapped again":                  {fault.Wrap(fault.Wrap(refused, fault.Unknown, "Begun."), fault.Conflict, "No."), false},
		"beside one that was lost":       {errors.Join(refused, lost), false},
	} {
		if d1.NotRun(c.err) != c.want {
			t.Errorf("%s: %t", name, !c.want)
		}
	}
}

// TestAQuotaIsNoFaultOfTheDatabase: whoever looks is told which limit, and until when.
func TestAQuotaIsNoFaultOfTheDatabase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Your account has exceeded D1's free tier daily row read limit. Upgrade to": "in a day; they are counted anew at 00:00 UTC",
		"Your account has exceeded D1's free tier daily row write limit.":           "lets it write in a day",
		"Your account has exceeded D1's monthly row read limit.":                    "D1's monthly row read limit",
		"Exceeded maximum DB size.":                                                 "as large as it may become, 10 GB",
		"Exceeded maximum account storage limit.":                                   "together are as large as they may become",
	} {
		e := d1.NewError(text)
		if err := d1.Fail(e); e.Class != d1.Quota || !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), want) {
			t.Errorf("%s: class %d, %v", text, e.Class, err)
		}
	}
	if e := d1.NewError("Exceeded maximum DB size: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)"); e.Class != d1.Constraint {
		t.Errorf("a trigger's word is class %d", e.Class)
	}
}
