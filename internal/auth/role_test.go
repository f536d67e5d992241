package auth_test

import (
	"slices"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

// grants has a line for every permission and a column for every role, written
// out so that a change of either has to be written twice.
var grants = map[auth.Permission][4]bool{
	//                   owner admin  operator viewer
	auth.FleetRead:        {true, true, true, true},
	auth.FleetCheck:       {true, true, true, false},
	auth.OrgsManage:       {true, true, false, false},
	auth.DatabasesWrite:   {true, true, true, false},
	auth.DatabasesExport:  {true, true, true, false},
	auth.DatabasesRestore: {true, true, true, false},
	auth.DatabasesManage:  {true, true, false, false},
	auth.OrgsRead:         {true, true, true, true},
	auth.OrgsCreate:       {true, true, true, false},
	auth.DatabasesCreate:  {true, true, true, false},
	auth.DatabasesRead:    {true, true, true, true},
	auth.DatabasesQuery:   {true, true, true, true},
	auth.SchemasRead:      {true, true, true, true},
	auth.SchemasWrite:     {true, true, false, false},
	auth.PlansCreate:      {true, true, true, false},
	auth.PlansApprove:     {true, true, false, false},
	auth.PlansApply:       {true, true, true, false},
	auth.AuditRead:        {true, true, false, false},
	auth.OperatorsManage:  {true, false, false, false},
	auth.SettingsManage:   {true, false, false, false},
	auth.SessionOwn:       {true, true, true, true},
	auth.Public:           {true, true, true, true},
	auth.SetupOnly:        {false, false, false, false},
}

func TestEveryRoleAndPermission(t *testing.T) {
	t.Parallel()
	for p, want := range grants {
		for i, r := range []auth.Role{auth.RoleOwner, auth.RoleAdmin, auth.RoleOperator, auth.RoleViewer} {
			if got := r.Can(p); got != want[i] {
				t.Errorf("%s can %s: %v, want %v", r, p, got, want[i])
			}
		}
		if !p.Valid() {
			t.Errorf("%s is not valid", p)
		}
		if auth.Role("").Can(p) != (p == auth.Public) {
			t.Errorf("no role and %s: want only public", p)
		}
	}
	for _, p := range auth.Permissions() {
		if _, ok := grants[p]; !ok {
			t.Errorf("%s is missing in this test", p)
		}
	}
	if got := len(auth.Permissions()); got != len(grants)-2 {
		t.Errorf("%d permissions, %d in this test with both marks", got, len(grants))
	}
}

func TestUnknownNamesGrantNothing(t *testing.T) {
	t.Parallel()
	for _, p := range []auth.Permission{"", "fleet.reads", "FLEET.READ", "*"} {
		if auth.RoleOwner.Can(p) || p.Valid() {
			t.Errorf("an owner can %q", p)
		}
	}
	for _, r := range []auth.Role{"", "OWNER", "root"} {
		if r.Can(auth.FleetRead) {
			t.Errorf("role %q can read", r)
		}
	}
}

func TestPermissionsAreACopy(t *testing.T) {
	t.Parallel()
	before := auth.Permissions()
	auth.Permissions()[0] = "mine"
	if !slices.Equal(auth.Permissions(), before) {
		t.Error("the list can be changed from outside")
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, r := range auth.Roles() {
		if got, err := auth.ParseRole(string(r)); got != r || err != nil {
			t.Errorf("ParseRole(%q) = %q, %v", r, got, err)
		}
	}
	for _, s := range []string{"", "Owner", " admin", "system"} {
		_, err := auth.ParseRole(s)
		wantFault(t, err, fault.Invalid, "role")
	}
}

// wantFault checks an error's kind and field.
func wantFault(t *testing.T, err error, k fault.Kind, field string) {
	t.Helper()
	if !fault.Is(err, k) || fault.FieldOf(err) != field {
		t.Errorf("error %v: want a fault of kind %v at %q", err, k, field)
	}
}
