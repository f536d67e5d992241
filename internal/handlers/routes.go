package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/web/static"
)

// Route is a route with the permission it needs.
type Route struct {
	Method, Path string
	Permission   auth.Permission
	// Does are the operations that it begins, the first the one that it is for; none for one that
	// changes nothing, or that begins or ends a session.
	Does    []operation.Kind
	Handler echo.HandlerFunc
	// Form is the page on which this route's form stands, with the same
	// parameters: where somebody whose session ended returns to.
	Form string
	// Keep says that people fill this form in and that its page fills itself
	// from a kept one. A button, a password and a confirmation aren't kept.
	Keep bool
	// Stay says that a script sends it from a page that holds what is to be saved:
	// that the session has ended is said there, and the page stays.
	Stay bool
	// Limit is the most bytes of a body, 0 for maxForm.
	Limit int64
	// Takes is for a form with a file that is too large for memory: the handler takes it
	// as it comes.
	Takes bool
	// Slow is for what may take longer than pageTime or formTime: it sends a file or
	// takes one, as slowly as its peer.
	Slow bool
}

const (
	maxForm   = 64 << 10
	maxSQL    = 512 << 10 // several statements of D1's 100 kB, and their parameters
	maxRow    = 8 << 20   // a row's fields, four of D1's 2 MB values
	maxSchema = 3 << 20   // a schema file of 1 MiB as text and as a file
)

func (r Route) limit() int64 {
	if r.Limit == 0 {
		return maxForm
	}
	return r.Limit
}

type ops = []operation.Kind

// routes is every route of the program. A test walks it: each has a valid
// permission, no GET changes anything, every POST names its form. HEAD is taken
// wherever GET is, and stands nowhere in it.
func (s *Server) routes() []Route {
	get, post := http.MethodGet, http.MethodPost
	return []Route{
		{Method: get, Path: static.Prefix + "*", Permission: auth.Public, Handler: echo.WrapHandler(static.Handler()), Slow: true},
		{Method: get, Path: "/healthz", Permission: auth.Public, Handler: install{s}.healthz},
		{Method: get, Path: "/readyz", Permission: auth.Public, Handler: install{s}.readyz},

		{Method: get, Path: "/setup", Permission: auth.SetupOnly, Handler: door{s}.setupForm},
		{Method: post, Path: "/setup", Permission: auth.SetupOnly, Handler: door{s}.setupClaim, Form: "/setup"},
		{Method: get, Path: "/login", Permission: auth.Public, Handler: door{s}.loginForm},
		{Method: post, Path: "/login", Permission: auth.Public, Handler: door{s}.login, Form: "/login"},
		{Method: post, Path: "/logout", Permission: auth.SessionOwn, Handler: door{s}.logout, Form: "/"},

		{Method: get, Path: "/", Permission: auth.FleetRead, Handler: registry{s}.fleetIndex},
		{Method: get, Path: "/search", Permission: auth.FleetRead, Handler: finder{s}.searchShow},
		{Method: get, Path: "/search/orgs", Permission: auth.DatabasesCreate, Handler: registry{s}.orgsOptions},
		{Method: get, Path: "/help", Permission: auth.SessionOwn, Handler: finder{s}.helpShow},
		{Method: post, Path: "/check", Permission: auth.FleetCheck, Does: ops{fleet.OpCheck.Kind}, Handler: registry{s}.fleetCheck, Form: "/"},
		{Method: get, Path: "/orgs", Permission: auth.OrgsRead, Handler: registry{s}.orgsIndex},
		{Method: post, Path: "/orgs", Permission: auth.OrgsCreate, Does: ops{fleet.OpOrg.Kind}, Handler: registry{s}.orgsCreate, Form: "/orgs", Keep: true},
		{Method: get, Path: "/orgs/:org", Permission: auth.OrgsRead, Handler: registry{s}.orgsShow},
		{Method: get, Path: "/orgs/:org/activity", Permission: auth.AuditRead, Handler: registry{s}.orgsActivity},
		{Method: get, Path: "/orgs/:org/settings", Permission: auth.OrgsRead, Handler: registry{s}.orgsSettings},
		{Method: post, Path: "/orgs/:org/rename", Permission: auth.OrgsManage, Does: ops{fleet.OpRenameOrg.Kind}, Handler: registry{s}.orgsRename, Form: "/orgs/:org/settings"},
		{Method: post, Path: "/orgs/:org/delete", Permission: auth.OrgsManage, Does: ops{fleet.OpDeleteOrg.Kind}, Handler: registry{s}.orgsDelete, Form: "/orgs/:org/settings"},

		{Method: get, Path: "/databases/new", Permission: auth.DatabasesCreate, Handler: provisions{s}.databasesNew},
		{Method: get, Path: "/databases/adopt", Permission: auth.DatabasesCreate, Handler: provisions{s}.adoptShow},
		{Method: post, Path: "/databases/adopt", Permission: auth.DatabasesCreate, Does: ops{fleet.OpAdopt.Kind}, Handler: provisions{s}.adoptCreate, Form: "/databases/adopt"},
		{Method: post, Path: "/databases", Permission: auth.DatabasesCreate, Does: ops{fleet.OpProvision.Kind}, Handler: provisions{s}.databasesCreate, Form: "/databases/new", Keep: true},
		{Method: post, Path: "/databases/:db/resume", Permission: auth.DatabasesCreate, Does: ops{fleet.OpProvision.Kind}, Handler: provisions{s}.databasesResume, Form: "/databases/:db"},
		{Method: post, Path: "/databases/:db/undo", Permission: auth.DatabasesCreate, Does: ops{fleet.OpUndo.Kind}, Handler: provisions{s}.databasesUndo, Form: "/databases/:db"},
		{Method: get, Path: "/databases/:db", Permission: auth.DatabasesRead, Handler: tables{s}.databasesShow},
		{Method: get, Path: "/databases/:db/tables", Permission: auth.DatabasesRead, Handler: tables{s}.databasesShow},
		{Method: get, Path: "/databases/:db/tables/:table", Permission: auth.DatabasesRead, Handler: tables{s}.tablesShow},
		{Method: get, Path: "/databases/:db/tables/:table/cell", Permission: auth.DatabasesRead, Handler: tables{s}.tablesCell},
		{Method: get, Path: "/databases/:db/tables/:table/blob", Permission: auth.DatabasesRead, Handler: tables{s}.tablesBlob},
		{Method: get, Path: "/databases/:db/tables/:table/rows/new", Permission: auth.DatabasesWrite, Handler: rows{s}.rowsNew},
		{Method: post, Path: "/databases/:db/tables/:table/rows", Permission: auth.DatabasesWrite, Does: ops{desk.OpRows}, Handler: rows{s}.rowsCreate, Form: "/databases/:db/tables/:table/rows/new", Keep: true, Limit: maxRow},
		{Method: get, Path: "/databases/:db/tables/:table/row", Permission: auth.DatabasesWrite, Handler: rows{s}.rowShow},
		{Method: post, Path: "/databases/:db/tables/:table/row", Permission: auth.DatabasesWrite, Does: ops{desk.OpRows}, Handler: rows{s}.rowUpdate, Form: "/databases/:db/tables/:table/row", Keep: true, Limit: maxRow},
		{Method: post, Path: "/databases/:db/tables/:table/changes", Permission: auth.DatabasesWrite, Does: ops{desk.OpRows}, Handler: rows{s}.rowsChanges, Form: "/databases/:db/tables/:table", Stay: true, Limit: maxRow},
		{Method: get, Path: "/databases/:db/tables/:table/delete", Permission: auth.DatabasesWrite, Handler: rows{s}.rowsAskDelete},
		{Method: post, Path: "/databases/:db/tables/:table/delete", Permission: auth.DatabasesWrite, Does: ops{desk.OpRows}, Handler: rows{s}.rowsDelete, Form: "/databases/:db/tables/:table", Limit: maxRow},
		{Method: get, Path: "/databases/:db/structure", Permission: auth.DatabasesRead, Handler: tables{s}.structureShow},
		{Method: get, Path: "/databases/:db/sql", Permission: auth.DatabasesQuery, Handler: query{s}.consoleShow},
		{Method: post, Path: "/databases/:db/sql", Permission: auth.DatabasesQuery, Does: ops{desk.OpQuery, desk.OpWrite}, Handler: query{s}.consoleRun, Form: "/databases/:db/sql", Keep: true, Limit: maxSQL},
		{Method: post, Path: "/databases/:db/sql/cancel", Permission: auth.DatabasesQuery, Handler: query{s}.consoleCancel, Form: "/databases/:db/sql"},
		{Method: post, Path: "/databases/:db/sql/version", Permission: auth.SchemasWrite, Handler: schemas{s}.consoleVersion, Form: "/databases/:db/sql", Limit: maxSQL},
		{Method: post, Path: "/databases/:db/sql/writes", Permission: auth.DatabasesWrite, Does: ops{desk.OpAllow}, Handler: query{s}.consoleSwitch, Form: "/databases/:db/sql", Limit: maxSQL},
		{Method: get, Path: "/databases/:db/migrations", Permission: auth.DatabasesRead, Handler: plans{s}.migrationsShow},
		{Method: post, Path: "/databases/:db/plans", Permission: auth.PlansCreate, Does: ops{fleet.OpPlan.Kind}, Handler: plans{s}.plansCreate, Form: "/databases/:db/migrations", Keep: true},

		{Method: get, Path: "/databases/:db/backups", Permission: auth.DatabasesRead, Handler: backups{s}.backupsShow},
		{Method: post, Path: "/databases/:db/points", Permission: auth.DatabasesRestore, Does: ops{fleet.OpKeep.Kind}, Handler: backups{s}.pointsCreate, Form: "/databases/:db/backups"},
		{Method: post, Path: "/databases/:db/points/forget", Permission: auth.DatabasesRestore, Does: ops{fleet.OpForget.Kind}, Handler: backups{s}.pointsForget, Form: "/databases/:db/backups"},
		{Method: get, Path: "/databases/:db/points/restore", Permission: auth.DatabasesRestore, Handler: backups{s}.pointsAsk},
		{Method: post, Path: "/databases/:db/points/restore", Permission: auth.DatabasesRestore, Does: ops{fleet.OpRestore.Kind, fleet.OpKeep.Kind}, Handler: backups{s}.pointsRestore, Form: "/databases/:db/backups"},
		{Method: post, Path: "/databases/:db/import", Permission: auth.DatabasesManage, Does: ops{fleet.OpImport.Kind}, Handler: settings{s}.databasesImport, Form: "/databases/:db/settings", Limit: maxImport, Takes: true, Slow: true},
		{Method: post, Path: "/databases/:db/move", Permission: auth.DatabasesManage, Does: ops{fleet.OpMove.Kind}, Handler: settings{s}.databasesMove, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/let-go", Permission: auth.DatabasesManage, Does: ops{fleet.OpLetGo.Kind}, Handler: settings{s}.databasesLetGo, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/replication", Permission: auth.DatabasesManage, Does: ops{fleet.OpReplicate.Kind}, Handler: settings{s}.databasesReplication, Form: "/databases/:db/settings"},
		{Method: get, Path: "/databases/:db/settings", Permission: auth.DatabasesRead, Handler: settings{s}.settingsShow},
		{Method: post, Path: "/databases/:db/check", Permission: auth.FleetCheck, Does: ops{fleet.OpCheck.Kind}, Handler: settings{s}.databasesCheck, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/settle", Permission: auth.FleetCheck, Does: ops{fleet.OpSettle.Kind}, Handler: settings{s}.databasesSettle, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/download", Permission: auth.DatabasesExport, Does: ops{fleet.OpDownload.Kind, fleet.OpExport.Kind}, Handler: settings{s}.databasesDownload, Form: "/databases/:db/settings", Slow: true},
		{Method: post, Path: "/databases/:db/archive", Permission: auth.DatabasesManage, Does: ops{fleet.OpArchive.Kind}, Handler: settings{s}.databasesArchive, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/unarchive", Permission: auth.DatabasesManage, Does: ops{fleet.OpUnarchive.Kind}, Handler: settings{s}.databasesUnarchive, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/delete", Permission: auth.DatabasesManage, Does: ops{fleet.OpDelete.Kind}, Handler: settings{s}.databasesDelete, Form: "/databases/:db/settings"},
		{Method: post, Path: "/databases/:db/revive", Permission: auth.DatabasesManage, Does: ops{fleet.OpRevive.Kind}, Handler: settings{s}.databasesRevive, Form: "/databases/:db/settings"},

		{Method: get, Path: "/plans/:plan", Permission: auth.DatabasesRead, Handler: plans{s}.plansShow},
		{Method: get, Path: "/plans/:plan/rehearsal", Permission: auth.DatabasesRead, Handler: plans{s}.plansRehearsal},
		{Method: post, Path: "/plans/:plan/rehearse", Permission: auth.PlansCreate, Handler: plans{s}.plansRehearse, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/approve", Permission: auth.PlansApprove, Does: ops{fleet.OpApprove.Kind}, Handler: plans{s}.plansApprove, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/reject", Permission: auth.PlansApprove, Does: ops{fleet.OpReject.Kind}, Handler: plans{s}.plansReject, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/apply", Permission: auth.PlansApply, Does: ops{fleet.OpApply.Kind}, Handler: plans{s}.plansApply, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/settle", Permission: auth.FleetCheck, Does: ops{fleet.OpSettle.Kind}, Handler: plans{s}.plansSettle, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/retry", Permission: auth.PlansApply, Does: ops{fleet.OpRetry.Kind}, Handler: plans{s}.plansRetry, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/fill", Permission: auth.PlansApply, Does: ops{fleet.OpFill.Kind}, Handler: plans{s}.fillsResume, Form: "/plans/:plan"},
		{Method: post, Path: "/plans/:plan/fill/stop", Permission: auth.PlansApply, Does: ops{fleet.OpFillStop.Kind}, Handler: plans{s}.fillsStop, Form: "/plans/:plan"},

		{Method: get, Path: "/account", Permission: auth.SessionOwn, Handler: people{s}.accountShow},
		{Method: post, Path: "/account/password", Permission: auth.SessionOwn, Does: ops{opPassword}, Handler: people{s}.accountPassword, Form: "/account"},
		{Method: post, Path: "/account/sessions/end", Permission: auth.SessionOwn, Does: ops{opRevoke}, Handler: people{s}.accountEnd, Form: "/account"},
		{Method: post, Path: "/account/sessions/end-all", Permission: auth.SessionOwn, Does: ops{opRevoke}, Handler: people{s}.accountEndAll, Form: "/account"},

		{Method: get, Path: "/settings", Permission: auth.SettingsManage, Handler: install{s}.cloudflareShow},
		{Method: post, Path: "/settings/cloudflare", Permission: auth.SettingsManage, Does: ops{account.OpSave}, Handler: install{s}.cloudflareSave, Form: "/settings"},
		{Method: post, Path: "/settings/cloudflare/test", Permission: auth.SettingsManage, Handler: install{s}.cloudflareTest, Form: "/settings"},
		{Method: post, Path: "/settings/cloudflare/forget", Permission: auth.SettingsManage, Does: ops{account.OpForget}, Handler: install{s}.cloudflareForget, Form: "/settings"},

		{Method: get, Path: "/audit", Permission: auth.AuditRead, Handler: auditlog{s}.auditIndex},
		{Method: get, Path: "/audit.csv", Permission: auth.AuditRead, Handler: auditlog{s}.auditCSV, Slow: true},

		{Method: get, Path: "/schemas", Permission: auth.SchemasRead, Handler: schemas{s}.schemasIndex},
		{Method: get, Path: "/schemas/new", Permission: auth.SchemasWrite, Handler: schemas{s}.schemasNew},
		{Method: post, Path: "/schemas", Permission: auth.SchemasWrite, Does: ops{fleet.OpVersion.Kind}, Handler: schemas{s}.schemasCreate, Form: "/schemas/new", Keep: true, Limit: maxSchema},
		{Method: get, Path: "/schemas/:name", Permission: auth.SchemasRead, Handler: schemas{s}.schemasShow},
		{Method: get, Path: "/schemas/:name/versions/new", Permission: auth.SchemasWrite, Handler: schemas{s}.versionsNew},
		{Method: post, Path: "/schemas/:name/versions", Permission: auth.SchemasWrite, Does: ops{fleet.OpVersion.Kind}, Handler: schemas{s}.versionsCreate, Form: "/schemas/:name/versions/new", Keep: true, Limit: maxSchema},
		{Method: get, Path: "/schemas/:name/versions/:version", Permission: auth.SchemasRead, Handler: schemas{s}.versionsShow},
	}
}
