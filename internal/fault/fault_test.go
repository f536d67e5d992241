package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
)

func TestMessageHidesWhatIsNotMeantToBeShown(t *testing.T) {
	cause := errors.New("open /srv/secret: permission denied")
	shown := fault.Wrap(cause, fault.Unavailable, "acme-org-001 does not answer")
	for name, c := range map[string]struct {
		err  error
		kind fault.Kind
		want string
	}{
		"foreign":  {cause, fault.Internal, "Something went wrong"},
		"fault":    {shown, fault.Unavailable, "acme-org-001 does not answer"},
		"wrapped":  {fmt.Errorf("page: %w", shown), fault.Unavailable, "acme-org-001 does not answer"},
		"internal": {fault.Wrap(cause, fault.Internal, "secret"), fault.Internal, "Something went wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			got := fault.Message(c.err)
			if !strings.HasPrefix(got, c.want) || strings.Contains(got, "secret") {
				t.Errorf("message %q, want prefix %q and no secret", got, c.want)
			}
			if fault.KindOf(c.err) != c.kind {
				t.Errorf("kind %v, want %v", fault.KindOf(c.err), c.kind)
			}
		})
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("nil has a kind")
	}
	if fault.FieldOf(fault.New(fault.Invalid, "x").At("name")) != "name" {
		t.Error("the field is lost")
	}
}
