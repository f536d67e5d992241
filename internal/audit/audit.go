package audit

import (
	"fmt"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// Action is what was done, as area.verb.
type Action string

// The actions.
const (
	SetupClaim        Action = "setup.claim"
	SessionLogin      Action = "session.login"
	SessionFailed     Action = "session.login_failed"
	SessionLogout     Action = "session.logout"
	SessionRevoke     Action = "session.revoke"
	OperatorPassword  Action = "operator.password"
	OrgCreate         Action = "org.create"
	OrgRename         Action = "org.rename"
	OrgDelete         Action = "org.delete"
	FleetCheck        Action = "fleet.check"
	DatabaseProvision Action = "database.provision"
	DatabaseUndo      Action = "database.provision_undo"
	DatabaseQuery     Action = "database.query"
	DatabaseWrite     Action = "database.write"
	DatabaseUnlock    Action = "database.allow_writes"
	DatabaseRows      Action = "database.rows"
	DatabaseDownload  Action = "database.download"
	DatabaseArchive   Action = "database.archive"
	DatabaseUnarchive Action = "database.unarchive"
	DatabaseDelete    Action = "database.delete"
	DatabaseRevive    Action = "database.revive"
	DatabasePurge     Action = "database.purge"
	PointKeep         Action = "point.keep"
	PointRestore      Action = "point.restore"
	PointForget       Action = "point.forget"
	SchemaSave        Action = "schema.save"
	SchemaRehash      Action = "schema.rehash"
	PlanCreate        Action = "plan.create"
	PlanApprove       Action = "plan.approve"
	PlanReject        Action = "plan.reject"
	PlanApply         Action = "plan.apply"
	AccountSave       Action = "account.save"
	AccountForget     Action = "account.forget"
	SecretsRotate     Action = "secrets.rotate"
	DatabaseAdopt     Action = "database.adopt"
	DatabaseMove      Action = "database.move"
	DatabaseImport    Action = "database.import"
	DatabaseLetGo     Action = "database.let_go"
	DatabaseReplicate Action = "database.replication"
	PlanFill          Action = "plan.fill"
	PlanFillStop      Action = "plan.fill_stop"
	ClockJump         Action = "clock.jump"
)

// Actions are all actions, in the order a menu shows them.
var Actions = []Action{
	SetupClaim, SessionLogin, SessionFailed, SessionLogout, SessionRevoke, OperatorPassword, OrgCreate, OrgRename, OrgDelete, FleetCheck,
	DatabaseProvision, DatabaseUndo, DatabaseQuery, DatabaseWrite, DatabaseUnlock, DatabaseRows, DatabaseDownload,
	DatabaseArchive, DatabaseUnarchive, DatabaseDelete, DatabaseRevive, DatabasePurge, PointKeep, PointRestore, PointForget,
	SchemaSave, SchemaRehash, PlanCreate, PlanApprove, PlanReject, PlanApply, PlanFill, PlanFillStop,
	AccountSave, AccountForget, SecretsRotate, DatabaseAdopt, DatabaseMove, DatabaseImport, DatabaseLetGo, DatabaseReplicate,
	ClockJump,
}

// Outcomes are all outcomes, in the order a menu shows them.
var Outcomes = []Outcome{Done, Intent, Failed, Unknown}

// Filter selects entries; a field that is empty selects all.
type Filter struct {
	Action  Action
	Outcome Outcome
	// Actions, when there are some, are the actions of which one must be it.
	Actions []Action
	// Actor, Org and Database are matched exactly.
	Actor, Org, Database string
	// Search matches within statements, details and targets, in any case.
	Search string
	// Since and Until bound the time, Until excluded.
	Since, Until time.Time
	// Before, an entry's id, goes on below that entry: ids sort by age.
	Before string
	// Limit is the most entries, 0 means 100.
	Limit int
}

// Outcome is how far it went.
type Outcome string

// The outcomes.
const (
	// Done is an action that is complete.
	Done Outcome = "done"
	// Intent is a write that is about to be sent.
	Intent Outcome = "intent"
	// Failed is an action that changed nothing.
	Failed Outcome = "failed"
	// Unknown is a write whose answer was lost.
	Unknown Outcome = "unknown"
)

// Entry is one line of the log.
type Entry struct {
	ID string
	At time.Time
	// Operator and Actor are who: an id and an e-mail address, or "" and
	// "system:<part>".
	Operator id.Operator
	Actor    string
	IP       string
	Request  string
	Action   Action
	Outcome  Outcome
	// Intent is the id of the intent an outcome belongs to.
	Intent string
	// Org and Database are a slug and a name, where it was about one.
	Org, Database string
	// Target names what else it was about: a plan, a schema's version, an operator.
	Target string
	// Statement is the SQL, where there was some.
	Statement string
	// Detail says more in words.
	Detail string
	// Rows counts the rows read or changed.
	Rows int64
	// Open says of an intent, where a list tells it, that nothing tells its
	// outcome: the write's end was seen by nobody.
	Open bool
}

// Ended makes the entry the outcome of what ended with err, nil for done. An answer that was
// lost is no failure, since a failure says that nothing was changed. Of a message of many lines
// the log keeps as many as MaxDetail holds.
func (e Entry) Ended(err error) Entry {
	switch {
	case fault.Is(err, fault.Unknown):
		e.Outcome = Unknown
	case err != nil:
		e.Outcome = Failed
	default:
		return e
	}
	e.Detail = Sentences(strings.Split(fault.Message(err), "\n"), MaxDetail)
	return e
}

// MaxDetail is how many bytes of what an operation says are kept. An import can name thousands of
// objects that can't come.
const MaxDetail = 4000

// Sentences joins as many of the sentences as n bytes hold, and says how many are left out. A
// first one that is longer is cut.
func Sentences(sentences []string, n int) string {
	if len(sentences) > 0 && len(sentences[0]) > n {
		return strings.ToValidUTF8(sentences[0][:n], "") + "…"
	}
	var b strings.Builder
	for i, s := range sentences {
		if b.Len()+len(s) > n {
			return fmt.Sprintf("%s… and %d more.", b.String(), len(sentences)-i)
		}
		b.WriteString(s + " ")
	}
	return strings.TrimSuffix(b.String(), " ")
}
