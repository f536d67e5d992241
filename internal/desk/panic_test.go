package desk_test

import (
	"context"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/desk"
)

// broken is a handle in which a call panics.
type broken struct{ d1.Conn }

func (broken) Stream(context.Context, d1.Stmt) (*d1.Rows, error) { panic("a mistake of ours") }

func TestARunThatPanicsGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	for range desk.MaxRuns {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("it did not panic")
				}
			}()
			_, _ = s.Run(t.Context(), ada, s.db, broken{s.conn}, desk.Script{SQL: "select 1"})
		}()
	}
	if a := s.run(ada, "select 1", ""); !a.Ran {
		t.Errorf("%+v", a)
	}
}
