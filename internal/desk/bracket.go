package desk

import (
	"context"
	"errors"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// what is a write for the audit log: what it is to, "" for the database itself, its
// statements, and what else is to be known.
type what struct{ target, statement, detail string }

// bracket runs a write between an intent and its outcome in the audit log. Once begun it
// isn't stopped by the end of ctx: neither the entries, nor run by the context it is given.
func (d *Desk) bracket(ctx context.Context, a auth.Actor, db fleet.Database, action audit.Action, w what,
	run func(context.Context) (rows int64, err error)) error {
	ctx = context.WithoutCancel(ctx)
	intent := d.entry(a, db, action, audit.Intent)
	intent.Target, intent.Statement, intent.Detail = w.target, logged(w.statement), w.detail
	if err := d.Log.Record(ctx, intent); err != nil {
		return err
	}
	rows, err := run(ctx)
	out := d.entry(a, db, action, audit.Done)
	out.Intent, out.Target, out.Rows = intent.ID, w.target, rows
	return errors.Join(err, d.Log.Record(ctx, out.Ended(err)))
}

// entry starts an audit entry about what the actor does now in a database.
func (d *Desk) entry(a auth.Actor, db fleet.Database, action audit.Action, outcome audit.Outcome) audit.Entry {
	e := a.Entry(d.Now(), action, outcome)
	e.Org, e.Database = db.OrgSlug, db.Name
	return e
}

// maxLogged is how many bytes of a statement the audit log keeps.
const maxLogged = 20_000

// logged is a statement as the audit log keeps it.
func logged(sql string) string {
	return strings.ToValidUTF8(sql[:min(len(sql), maxLogged)], "\uFFFD")
}
