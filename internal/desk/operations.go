package desk

import (
	"context"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// The operations of a desk.
var (
	OpQuery = operation.Kind{Action: audit.DatabaseQuery, Needs: auth.DatabasesQuery}
	OpWrite = operation.Kind{Action: audit.DatabaseWrite, Needs: auth.DatabasesWrite}
	OpAllow = operation.Kind{Action: audit.DatabaseUnlock, Needs: auth.DatabasesWrite}
	OpRows  = operation.Kind{Action: audit.DatabaseRows, Needs: auth.DatabasesWrite, Toasts: map[string]string{
		"inserted": "The row is inserted.", "saved": "The changes are saved.", "rows-deleted": "The rows are deleted."}}
)

// Operations are all operations of a desk.
func Operations() []operation.Kind { return []operation.Kind{OpQuery, OpWrite, OpAllow, OpRows} }

func (d *Desk) door() operation.Door { return operation.Door{Log: d.Log, Now: d.Now} }

// what is a write for the audit log: what it is to, "" for the database itself, its
// statements, and what else is to be known.
type what struct{ target, statement, detail string }

// about is the entry of it.
func (w what) about(db fleet.Database) audit.Entry {
	return audit.Entry{Org: db.OrgSlug, Database: db.Name, Target: w.target, Statement: logged(w.statement), Detail: w.detail}
}

// bracket runs a write between an intent and its outcome in the audit log. Once begun it
// isn't stopped by the end of ctx: neither the entries, nor run by the context it is given.
func (d *Desk) bracket(ctx context.Context, a auth.Actor, db fleet.Database, k operation.Kind, w what,
	run func(context.Context) (rows int64, err error)) error {
	return d.door().Do(context.WithoutCancel(ctx), a, k, operation.Job{About: w.about(db),
		Work: func(ctx context.Context, out *audit.Entry) (err error) {
			out.Rows, err = run(ctx)
			return err
		}})
}

// maxLogged is how many bytes of a statement the audit log keeps.
const maxLogged = 20_000

// logged is a statement as the audit log keeps it.
func logged(sql string) string {
	return strings.ToValidUTF8(sql[:min(len(sql), maxLogged)], "\uFFFD")
}
