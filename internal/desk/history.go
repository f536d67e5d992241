package desk

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
)

const (
	// maxHistory is how many texts the history has, and historyRead how many entries it
	// is made from: a text that was run often stands in it once.
	maxHistory, historyRead = 25, 100
)

// History is what the actor ran in a database before, each text once, the newest first,
// with what came of it.
func (d *Desk) History(ctx context.Context, a auth.Actor, db fleet.Database) ([]audit.Entry, error) {
	es, err := d.Entries(ctx, a, audit.Filter{
		Actions: []audit.Action{audit.DatabaseQuery, audit.DatabaseWrite}, Actor: a.Email, Database: db.Name, Limit: historyRead,
	})
	if err != nil {
		return nil, err
	}
	seen, out := map[string]bool{}, es[:0]
	outcomes := map[string]audit.Outcome{}
	for _, e := range es {
		if e.Intent != "" {
			outcomes[e.Intent] = e.Outcome
		}
		if e.Statement == "" || seen[e.Statement] || len(out) == maxHistory {
			continue
		}
		seen[e.Statement] = true
		if o, ok := outcomes[e.ID]; ok { // of a write, the outcome stands in an entry of its own
			e.Outcome = o
		}
		out = append(out, e)
	}
	return out, nil
}

// Entries returns the entries of the audit log that match, the newest first.
func (d *Desk) Entries(ctx context.Context, a auth.Actor, f audit.Filter) ([]audit.Entry, error) {
	if err := a.Reaches(); err != nil {
		return nil, err
	}
	return d.Log.Audit(ctx, f)
}
