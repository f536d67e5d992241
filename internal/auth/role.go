package auth

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/fault"
)

// Role is what an operator is to the dashboard. The zero Role may do nothing.
type Role string

const (
	// RoleOwner may do everything, and alone manages operators.
	RoleOwner Role = "owner"
	// RoleAdmin may do everything but manage operators, so an admin can't make
	// themselves an owner.
	RoleAdmin Role = "admin"
	// RoleOperator does the daily work: provisions, queries, plans, and
	// applies what was approved. What a schema should be and whether a plan may
	// run is decided by an admin, so that two people see every migration that an
	// operator starts. Nor does it read the audit log, which holds what others typed,
	// or delete databases and organizations.
	RoleOperator Role = "operator"
	// RoleViewer reads, and queries with read-only SQL.
	RoleViewer Role = "viewer"
)

// Roles returns every role, the mightiest first.
func Roles() []Role { return []Role{RoleOwner, RoleAdmin, RoleOperator, RoleViewer} }

// ParseRole returns the role of that name, or [fault.Invalid] at field "role".
func ParseRole(s string) (Role, error) {
	if r := Role(s); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fault.New(fault.Invalid, "There is no such role. Choose owner, admin, operator or viewer.").At("role")
}

// Can reports whether the role has the permission. Every role, even an unknown
// one, has [Public], none has [SetupOnly], and a permission that isn't one of
// [Permissions] is nobody's, not even an owner's: a misspelt one shuts a route
// instead of opening it.
func (r Role) Can(p Permission) bool {
	if p == Public {
		return true
	}
	if !slices.Contains(permissions, p) {
		return false
	}
	switch r {
	case RoleOwner:
		return true
	case RoleAdmin:
		return p != OperatorsManage && p != SettingsManage
	case RoleOperator:
		return p != OperatorsManage && p != SettingsManage && p != SchemasWrite && p != PlansApprove && p != AuditRead && p != OrgsManage &&
			p != DatabasesManage
	case RoleViewer:
		return slices.Contains(viewerPermissions, p)
	}
	return false
}

// viewerPermissions is a list of what is allowed, not of what isn't, so that a
// new permission is never a viewer's by accident.
var viewerPermissions = []Permission{FleetRead, OrgsRead, DatabasesRead, DatabasesQuery, SchemasRead, SessionOwn}
