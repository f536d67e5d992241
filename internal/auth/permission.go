package auth

import "slices"

// Permission is the right to one kind of action, in the form area.action.
// Every route declares the one it needs.
type Permission string

const (
	// FleetRead is to see the overview: what is behind, drifted, or at work.
	FleetRead Permission = "fleet.read"
	// OrgsRead is to list and see organizations.
	OrgsRead Permission = "orgs.read"
	// OrgsCreate is to add an organization.
	OrgsCreate Permission = "orgs.create"
	// DatabasesCreate is to provision a database.
	DatabasesCreate Permission = "databases.create"
	// DatabasesRead is to look at tables, rows and schemas of databases.
	DatabasesRead Permission = "databases.read"
	// DatabasesQuery is to run SQL that reads. It is no right to write.
	DatabasesQuery Permission = "databases.query"
	// SchemasRead is to see the named schemas and their versions.
	SchemasRead Permission = "schemas.read"
	// SchemasWrite is to say what a schema should be.
	SchemasWrite Permission = "schemas.write"
	// PlansCreate is to compute and store a migration plan.
	PlansCreate Permission = "plans.create"
	// PlansApprove is to let a plan run.
	PlansApprove Permission = "plans.approve"
	// PlansApply is to run an approved plan.
	PlansApply Permission = "plans.apply"
	// AuditRead is to read who did what, statements included.
	AuditRead Permission = "audit.read"
	// OperatorsManage is to invite, change, disable and sign out operators.
	OperatorsManage Permission = "operators.manage"
	// SessionOwn is to see and end one's own sessions and change one's own
	// password.
	SessionOwn Permission = "session.own"

	// Public marks a route that needs no session. It is granted by nobody and
	// denied to nobody.
	Public Permission = "public"
	// SetupOnly marks a route that exists only until the first owner does. No
	// role has it; the caller decides by whether there is an operator yet.
	SetupOnly Permission = "setup"
)

var permissions = []Permission{
	FleetRead,
	OrgsRead, OrgsCreate,
	DatabasesCreate, DatabasesRead, DatabasesQuery,
	SchemasRead, SchemasWrite,
	PlansCreate, PlansApprove, PlansApply,
	AuditRead,
	OperatorsManage,
	SessionOwn,
}

// Permissions returns every permission a role can have, grouped by area. The
// marks [Public] and [SetupOnly] aren't among them.
func Permissions() []Permission { return slices.Clone(permissions) }

// Valid reports whether a route may declare p: one of [Permissions], or one of
// the marks [Public] and [SetupOnly].
func (p Permission) Valid() bool {
	return p == Public || p == SetupOnly || slices.Contains(permissions, p)
}
