package handlers

import (
	"net/http"
	"slices"
	"testing"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// harmless are the routes of forms that begin no operation: they change nothing that is kept, or
// begin or end a session.
var harmless = []string{
	"/setup", "/login", "/logout", "/databases/:db/sql/cancel", "/databases/:db/sql/version", "/plans/:plan/rehearse",
	"/settings/cloudflare/test",
}

// dearer are the operations that need more than the route that may begin them: the domain asks.
var dearer = map[string]audit.Action{"/databases/:db/sql": desk.OpWrite.Action}

// own are the operations that no form begins.
var own = []audit.Action{fleet.OpPurge.Action, fleet.OpRehash.Action}

// The right that a route asks is the one that its operation asks again, and no operation is left
// without a route.
func TestARouteNeedsWhatItsOperationNeeds(t *testing.T) {
	t.Parallel()
	begun := map[audit.Action]bool{}
	for _, r := range (&Server{}).routes() {
		switch {
		case r.Method != http.MethodPost:
			if r.Does != nil {
				t.Errorf("%s %s: only a form may change something", r.Method, r.Path)
			}
			continue
		case len(r.Does) == 0:
			if !slices.Contains(harmless, r.Path) {
				t.Errorf("%s says nothing of what it does", r.Path)
			}
			continue
		case slices.Contains(harmless, r.Path):
			t.Errorf("%s does something", r.Path)
		}
		for _, k := range r.Does {
			begun[k.Action] = true
			if k.Needs != r.Permission && (dearer[r.Path] != k.Action || k.Needs == auth.Public) {
				t.Errorf("%s asks for %s, and its operation %s for %s", r.Path, r.Permission, k.Action, k.Needs)
			}
		}
	}
	toasts := map[string]audit.Action{}
	for _, k := range operations() {
		if !k.Needs.Valid() || k.Needs == auth.Public || k.Needs == auth.SetupOnly || !slices.Contains(audit.Actions, k.Action) {
			t.Errorf("%+v", k)
		}
		if begun[k.Action] == slices.Contains(own, k.Action) {
			t.Errorf("%s: some route begins it: %v", k.Action, begun[k.Action])
		}
		for toast := range k.Toasts {
			if other, ok := toasts[toast]; ok && other != k.Action {
				t.Errorf("%s and %s are both done as %q", other, k.Action, toast)
			}
			toasts[toast] = k.Action
		}
	}
}
