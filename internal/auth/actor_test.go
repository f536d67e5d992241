package auth_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

// The program itself may everything; whoever only looks like it may nothing.
func TestWhoMayAndReaches(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		actor        auth.Actor
		may, reaches bool
		says         string
	}{
		"nobody":                 {auth.Actor{}, false, false, "Nobody is signed in"},
		"the program":            {auth.SystemActor("purge"), true, true, ""},
		"an address like it":     {auth.Actor{Operator: "op1", Email: "system:purge", Scope: auth.Everything}, false, true, "Nobody is"},
		"without an operator":    {auth.Actor{Email: "ada@acme.test", Scope: auth.Everything}, false, true, "Nobody is signed in"},
		"an owner":               {auth.Actor{Operator: "op1", Role: auth.RoleOwner, Scope: auth.Everything}, true, true, ""},
		"an owner of nothing":    {auth.Actor{Operator: "op1", Role: auth.RoleOwner}, true, false, ""},
		"an admin elsewhere":     {auth.Actor{Operator: "op1", Role: auth.RoleAdmin, Scope: "acme"}, true, false, ""},
		"a viewer":               {auth.Actor{Operator: "op1", Role: auth.RoleViewer, Scope: auth.Everything}, false, true, "Your role, viewer"},
		"a role that is unknown": {auth.Actor{Operator: "op1", Role: "king", Scope: auth.Everything}, false, true, "Your role, king"},
	} {
		err := c.actor.May(auth.DatabasesManage)
		if (err == nil) != c.may || err != nil && (!fault.Is(err, fault.Denied) || !strings.HasPrefix(fault.Message(err), c.says)) {
			t.Errorf("%s may: %v", name, err)
		}
		if err := c.actor.Reaches(); (err == nil) != c.reaches || err != nil && !fault.Is(err, fault.Denied) {
			t.Errorf("%s reaches: %v", name, err)
		}
	}
}
