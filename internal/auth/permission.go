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
	// OrgsManage is to rename and delete an organization.
	OrgsManage Permission = "orgs.manage"
	// FleetCheck is to look into databases anew.
	FleetCheck Permission = "fleet.check"
	// DatabasesCreate is to provision a database.
	DatabasesCreate Permission = "databases.create"
	// DatabasesRead is to look at tables, rows and schemas of databases.
	DatabasesRead Permission = "databases.read"
	// DatabasesQuery is to run SQL that reads. It is no right to write.
	DatabasesQuery Permission = "databases.query"
	// DatabasesWrite is to change rows, and to run SQL that writes.
	DatabasesWrite Permission = "databases.write"
	// DatabasesExport is to take a whole database away as a file.
	DatabasesExport Permission = "databases.export"
	// DatabasesRestore is to keep restore points and to put a database back to one.
	DatabasesRestore Permission = "databases.restore"
	// DatabasesManage is to archive and delete databases, and to bring them back.
	DatabasesManage Permission = "databases.manage"
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
	// SettingsManage is to see and change what the installation itself is set up
	// with: its Cloudflare account.
	SettingsManage Permission = "settings.manage"
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
	FleetRead, FleetCheck,
	OrgsRead, OrgsCreate, OrgsManage,
	DatabasesCreate, DatabasesRead, DatabasesQuery, DatabasesWrite, DatabasesExport, DatabasesRestore, DatabasesManage,
	SchemasRead, SchemasWrite,
	PlansCreate, PlansApprove, PlansApply,
	AuditRead,
	SettingsManage,
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
