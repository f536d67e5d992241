package paths

import (
	"net/url"
	"strconv"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/id"
)

// The pages that stand for themselves.
const (
	Fleet      = "/"
	Setup      = "/setup"
	Login      = "/login"
	Logout     = "/logout"
	Orgs       = "/orgs"
	SearchOrgs = Search + "/orgs"
	// Databases is where a database is provisioned; NewDatabase has the form for it.
	Databases   = "/databases"
	NewDatabase = Databases + "/new"
	Schemas     = "/schemas"
	Account     = "/account"
	// Password, EndSession and EndSessions are what one's own account is changed by.
	Password    = Account + "/password"
	EndSession  = Account + "/sessions/end"
	EndSessions = Account + "/sessions/end-all"
	Audit       = "/audit"
	// AdoptDatabases is where databases of the Cloudflare account become the fleet's.
	AdoptDatabases = Databases + "/adopt"
	// Installation is what the dashboard itself is set up with.
	Installation = "/settings"
	// Cloudflare is where the account is saved, TestCloudflare where it is tried, and
	// ForgetCloudflare where it is taken away.
	Cloudflare       = Installation + "/cloudflare"
	TestCloudflare   = Cloudflare + "/test"
	ForgetCloudflare = Cloudflare + "/forget"
	AuditCSV         = "/audit.csv"
	NewSchema        = Schemas + "/new"
	Search           = "/search"
	Help             = "/help"
	// CheckFleet is what asks for a check of every database.
	CheckFleet = "/check"
)

// With returns a path with its query.
func With(path string, q url.Values) string {
	if enc := q.Encode(); enc != "" {
		return path + "?" + enc
	}
	return path
}

// Org is an organization's page.
func Org(slug string) string { return Orgs + "/" + slug }

// OrgActivity is what was done to an organization and its databases.
func OrgActivity(slug string) string { return Org(slug) + "/activity" }

// OrgSettings is where an organization is renamed and deleted.
func OrgSettings(slug string) string { return Org(slug) + "/settings" }

// DoOrg is what an organization's buttons post to: verb is rename or delete.
func DoOrg(slug, verb string) string { return Org(slug) + "/" + verb }

// Database is a database's page, its list of tables.
func Database(name string) string { return Databases + "/" + name }

// Adopt is the form of a new schema that says what a database is.
func Adopt(db string) string { return NewSchema + "?from=" + url.QueryEscape(db) }

// Table is a page of a table.
func Table(db, table string) string { return Database(db) + "/tables/" + browse.EncodeName(table) }

// Rows is where a table's rows are inserted; NewRow has the form for it.
func Rows(db, table string) string { return Table(db, table) + "/rows" }

// NewRow is the form of a new row.
func NewRow(db, table string) string { return Rows(db, table) + "/new" }

// Row is the form of one row.
func Row(db, table string) string { return Table(db, table) + "/row" }

// Changes is where a queue of changes is saved.
func Changes(db, table string) string { return Table(db, table) + "/changes" }

// DeleteRows asks before rows are deleted, and deletes them.
func DeleteRows(db, table string) string { return Table(db, table) + "/delete" }

// Cell is a whole value of a row.
func Cell(db, table, key, column string) string {
	return With(Table(db, table)+"/cell", url.Values{"key": {key}, "column": {column}})
}

// Blob downloads a whole value.
func Blob(db, table, key, column string) string {
	return With(Table(db, table)+"/blob", url.Values{"key": {key}, "column": {column}})
}

// Structure is a database's structure.
func Structure(db string) string { return Database(db) + "/structure" }

// SQL is a database's console.
func SQL(db string) string { return Database(db) + "/sql" }

// DoSQL is what a console's buttons post to: verb is cancel, version or writes.
func DoSQL(db, verb string) string { return SQL(db) + "/" + verb }

// Migrations is a database's migrations.
func Migrations(db string) string { return Database(db) + "/migrations" }

// Backups are a database's restore points.
func Backups(db string) string { return Database(db) + "/backups" }

// Points is what a database's restore points are changed by: verb is "" to keep
// one, or restore or forget.
func Points(db, verb string) string {
	if verb == "" {
		return Database(db) + "/points"
	}
	return Database(db) + "/points/" + verb
}

// Settings is where a database is downloaded, archived and deleted.
func Settings(db string) string { return Database(db) + "/settings" }

// Do is what a database's buttons post to: verb is check, download, archive,
// unarchive, delete or revive.
func Do(db, verb string) string { return Database(db) + "/" + verb }

// Plans is where a database's plans are made.
func Plans(db string) string { return Database(db) + "/plans" }

// Provision is what a provision's buttons post to: verb is resume or undo.
func Provision(db, verb string) string { return Database(db) + "/" + verb }

// Plan is a plan's page.
func Plan(p id.Plan) string { return "/plans/" + string(p) }

// DoPlan is what a plan's buttons post to: verb is rehearse, approve, reject, apply, retry or settle.
func DoPlan(p id.Plan, verb string) string { return Plan(p) + "/" + verb }

// Rehearsal is how a plan's rehearsal stands.
func Rehearsal(p id.Plan) string { return Plan(p) + "/rehearsal" }

// Fill is where the fills of a plan are let go on.
func Fill(p id.Plan) string { return Plan(p) + "/fill" }

// StopFill is where the fills of a plan are stopped.
func StopFill(p id.Plan) string { return Fill(p) + "/stop" }

// Schema is a schema's page.
func Schema(name string) string { return Schemas + "/" + name }

// Version is a version of a schema.
func Version(name string, version int) string {
	return Schema(name) + "/versions/" + strconv.Itoa(version)
}

// NewVersion is where a schema's next version is written.
func NewVersion(name string) string { return Schema(name) + "/versions/new" }

// Versions is where a version is posted to.
func Versions(name string) string { return Schema(name) + "/versions" }
