package fleet

import (
	"fmt"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Operation is a kind of operation on a database: what it is, and once for all its words.
type Operation struct {
	operation.Kind
	// From are the states that it may begin in, none for any.
	From []State
	Hold Hold
	// Look says that the database is looked into once it is done.
	Look bool
	// Clears is the key of what it settles itself: it may begin while that is open.
	Clears string
	// Being stands after "the database is being", where nobody can use it meanwhile.
	Being string
	// Going begins the sentence about what goes on, with the database's name for %s; "" for what
	// is over at once.
	Going string
	// Done, Failed and Unclear begin the sentences about its end.
	Done, Failed, Unclear string
	// Was says what was cut short, where a stop may do that.
	Was string
}

// Hold says who else may work on the database meanwhile.
type Hold int

// The holds.
const (
	// Shared is beside whatever else goes on.
	Shared Hold = iota
	// Claimed is alone among the operations that claim it, here by memory and elsewhere by a
	// lease. Others read and write beside it.
	Claimed
	// Alone is Claimed while nobody reads or writes through a handle of Open: the calls under
	// way are waited for, and later ones refused. A handle from before is refused afterwards too.
	Alone
)

// The operations on a database.
var (
	OpProvision = &Operation{Kind: operation.Kind{Action: audit.DatabaseProvision, Needs: auth.DatabasesCreate}, From: unfinishedStates}
	OpUndo      = &Operation{Kind: operation.Kind{Action: audit.DatabaseUndo, Needs: auth.DatabasesCreate}, From: unfinishedStates,
		Hold: Claimed}
	OpAdopt = &Operation{Kind: operation.Kind{Action: audit.DatabaseAdopt, Needs: auth.DatabasesCreate}}
	OpCheck = &Operation{Kind: operation.Kind{Action: audit.FleetCheck, Needs: auth.FleetCheck, Toasts: map[string]string{
		"checked": "Checked just now.", "checking": "Every database is being checked."}}, From: []State{Ready}}
	OpSettle = &Operation{Kind: operation.Kind{Action: audit.FleetCheck, Needs: auth.FleetCheck, Toasts: map[string]string{
		"settled": "It is known now what became of it."}}}
	OpKeep = &Operation{Kind: operation.Kind{Action: audit.PointKeep, Needs: auth.DatabasesRestore, Toasts: map[string]string{
		"kept": "The restore point is kept."}}, From: []State{Ready}, Hold: Claimed,
		Going: "Keeping a restore point of %s", Done: "A restore point was kept", Failed: "No restore point was kept",
		Unclear: "Whether a restore point was kept is not known"}
	OpForget = &Operation{Kind: operation.Kind{Action: audit.PointForget, Needs: auth.DatabasesRestore, Toasts: map[string]string{
		"forgotten": "The restore point is gone."}}}
	OpRestore = &Operation{Kind: operation.Kind{Action: audit.PointRestore, Needs: auth.DatabasesRestore, Toasts: map[string]string{
		"restored": "The database is put back. The state before is kept as a restore point."}}, From: []State{Ready}, Hold: Alone, Look: true,
		Being: "put back to an earlier state", Going: "Putting %s back", Done: "Put back", Failed: "Putting it back failed",
		Unclear: "Whether it was put back is not known"}
	OpArchive = &Operation{Kind: operation.Kind{Action: audit.DatabaseArchive, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"archived": "Archived. Nothing of it changed."}}, From: []State{Ready}, Hold: Claimed}
	OpUnarchive = &Operation{Kind: operation.Kind{Action: audit.DatabaseUnarchive, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"unarchived": "It is in use again."}}, From: []State{Archived, Deleting}, Hold: Claimed, Clears: ClearsDelete}
	OpDelete = &Operation{Kind: operation.Kind{Action: audit.DatabaseDelete, Needs: auth.DatabasesManage},
		From: []State{Ready, Archived, Deleting}, Hold: Alone, Clears: ClearsDelete, Being: "removed",
		Going: "Removing %s", Done: "Removed", Failed: "Removing it failed",
		Unclear: "Whether it was removed is not known", Was: "its deletion was under way"}
	OpRevive = &Operation{Kind: operation.Kind{Action: audit.DatabaseRevive, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"revived": "Its last state is back."}}, From: []State{Deleted}, Hold: Claimed, Look: true, Going: "Bringing %s back",
		Done: "Brought back", Failed: "Bringing it back failed", Unclear: "Whether it was brought back is not known"}
	OpPurge = &Operation{Kind: operation.Kind{Action: audit.DatabasePurge, Needs: auth.DatabasesManage}, From: []State{Deleted}}
	OpMove  = &Operation{Kind: operation.Kind{Action: audit.DatabaseMove, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"moved": "It is moved. The old one is kept until you let it go."}}, From: []State{Ready}, Hold: Alone, Look: true,
		Being: "moved to another place", Going: "Moving %s", Done: "Moved", Failed: "Moving it failed",
		Unclear: "Whether it was moved is not known", Was: "it was being moved"}
	OpLetGo = &Operation{Kind: operation.Kind{Action: audit.DatabaseLetGo, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"let-go": "The old one is gone."}}, From: []State{Ready, Archived}, Hold: Claimed}
	OpReplicate = &Operation{Kind: operation.Kind{Action: audit.DatabaseReplicate, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"replication-auto":     "Read replication is on.",
		"replication-disabled": "Read replication is switched off. It takes some hours until every replica is gone."}},
		From: []State{Ready}, Hold: Claimed}
	OpImport = &Operation{Kind: operation.Kind{Action: audit.DatabaseImport, Needs: auth.DatabasesManage, Toasts: map[string]string{
		"imported": "The file is imported."}}, From: []State{Ready}, Hold: Alone, Look: true, Being: "filled from a file",
		Going: "Importing into %s", Done: "Imported", Failed: "The import failed",
		Unclear: "Whether all of it was imported is not known"}
	OpDownload = &Operation{Kind: operation.Kind{Action: audit.DatabaseDownload, Needs: auth.DatabasesExport}}
	// OpExport makes what OpDownload sends; only that one is noted.
	OpExport = &Operation{Kind: operation.Kind{Action: audit.DatabaseDownload, Needs: auth.DatabasesExport, Toasts: map[string]string{
		"exported": "The copy is ready: download it here."}}, From: []State{Ready}, Hold: Claimed, Going: "Copying %s",
		Done: "Copied", Failed: "The copy failed"}
	OpApply = &Operation{Kind: operation.Kind{Action: audit.PlanApply, Needs: auth.PlansApply}, From: []State{Ready}, Hold: Claimed,
		Was: "a plan was being applied"}
	OpFill     = &Operation{Kind: operation.Kind{Action: audit.PlanFill, Needs: auth.PlansApply}, From: []State{Ready}}
	OpFillStop = &Operation{Kind: operation.Kind{Action: audit.PlanFillStop, Needs: auth.PlansApply}}
)

// The operations on plans, schemas and organizations.
var (
	// OpRetry makes a new attempt of a plan that was approved: who may apply it may.
	OpRetry = &Operation{Kind: operation.Kind{Action: audit.PlanCreate, Needs: auth.PlansApply, Toasts: map[string]string{
		"retried": "This is the new attempt. It is approved as the one before."}}}
	OpPlan      = &Operation{Kind: operation.Kind{Action: audit.PlanCreate, Needs: auth.PlansCreate}}
	OpApprove   = &Operation{Kind: operation.Kind{Action: audit.PlanApprove, Needs: auth.PlansApprove}}
	OpReject    = &Operation{Kind: operation.Kind{Action: audit.PlanReject, Needs: auth.PlansApprove}}
	OpVersion   = &Operation{Kind: operation.Kind{Action: audit.SchemaSave, Needs: auth.SchemasWrite}}
	OpRehash    = &Operation{Kind: operation.Kind{Action: audit.SchemaRehash, Needs: auth.SchemasWrite}}
	OpOrg       = &Operation{Kind: operation.Kind{Action: audit.OrgCreate, Needs: auth.OrgsCreate}}
	OpRenameOrg = &Operation{Kind: operation.Kind{Action: audit.OrgRename, Needs: auth.OrgsManage, Toasts: map[string]string{
		"renamed": "Renamed."}}}
	OpDeleteOrg = &Operation{Kind: operation.Kind{Action: audit.OrgDelete, Needs: auth.OrgsManage, Toasts: map[string]string{
		"org-deleted": "The organization is deleted."}}}
)

// Operations are all operations of the fleet.
func Operations() []*Operation {
	return []*Operation{
		OpProvision, OpUndo, OpAdopt, OpCheck, OpSettle, OpKeep, OpForget, OpRestore, OpArchive, OpUnarchive, OpDelete, OpRevive, OpPurge, OpMove,
		OpLetGo, OpReplicate, OpImport, OpDownload, OpExport, OpApply, OpFill, OpFillStop, OpPlan, OpRetry, OpApprove, OpReject, OpVersion,
		OpRehash,
		OpOrg, OpRenameOrg, OpDeleteOrg,
	}
}

// Words begin the sentence about what goes on with a database.
func (o *Operation) Words(d Database) string { return fmt.Sprintf(o.Going, d.Name) }
