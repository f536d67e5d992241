package controlplane

import (
	"context"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// AuditTable is the audit log. Entries are added and never changed.
type AuditTable struct{ *core }

func auditValues(e audit.Entry) orm.Values {
	return orm.Values{
		"id": e.ID, "at": e.At, "operator_id": d1.OptStr(string(e.Operator)), "actor": e.Actor, "ip": d1.OptStr(e.IP),
		"request": d1.OptStr(e.Request),
		"action":  e.Action, "outcome": e.Outcome, "intent": d1.OptStr(e.Intent), "org": d1.OptStr(e.Org), "database_name": d1.OptStr(e.Database),
		"target": d1.OptStr(e.Target), "statement": d1.OptStr(e.Statement), "detail": d1.OptStr(e.Detail), "row_count": e.Rows,
	}
}

func auditEntry(r orm.Row) audit.Entry {
	return audit.Entry{
		ID: r.Text("id"), At: r.Time("at"), Operator: id.Operator(r.Text("operator_id")), Actor: r.Text("actor"), IP: r.Text("ip"),
		Request: r.Text("request"),
		Action:  audit.Action(r.Text("action")), Outcome: audit.Outcome(r.Text("outcome")), Intent: r.Text("intent"), Org: r.Text("org"),
		Database: r.Text("database_name"), Target: r.Text("target"), Statement: r.Text("statement"), Detail: r.Text("detail"),
		Rows: r.Int("row_count"),
	}
}

// Record writes audit entries of their own.
func (t AuditTable) Record(ctx context.Context, es ...audit.Entry) error {
	return t.change().audit(es...).run(ctx, nil, nil)
}

// Audit returns entries, the newest first. An intent says whether its outcome
// is known.
func (t AuditTable) Audit(ctx context.Context, f audit.Filter) ([]audit.Entry, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	rows, err := t.table("audit").Where(auditConds(f)...).OrderBy("-id").Limit(f.Limit).Many(ctx)
	if err != nil {
		return nil, err
	}
	es := each(rows, auditEntry)
	return es, t.closeIntents(ctx, es)
}

func auditConds(f audit.Filter) []orm.Cond {
	var conds []orm.Cond
	// In a fixed order: the same filter is the same statement, prepared once.
	for _, c := range []struct{ column, value string }{
		{"action", string(f.Action)}, {"outcome", string(f.Outcome)}, {"actor", f.Actor}, {"org", f.Org}, {"database_name", f.Database},
	} {
		if c.value != "" {
			conds = append(conds, orm.Eq(c.column, c.value))
		}
	}
	if len(f.Actions) > 0 {
		conds = append(conds, orm.In("action", anys(f.Actions)...))
	}
	if f.Search != "" {
		conds = append(conds, orm.Or(orm.Contains("statement", f.Search), orm.Contains("detail", f.Search), orm.Contains("target", f.Search)))
	}
	if !f.Since.IsZero() {
		conds = append(conds, orm.Gte("at", f.Since))
	}
	if !f.Until.IsZero() {
		conds = append(conds, orm.Lt("at", f.Until))
	}
	if f.Before != "" {
		conds = append(conds, orm.Lt("id", f.Before))
	}
	return conds
}

// closeIntents marks the intents that no outcome refers to.
func (t AuditTable) closeIntents(ctx context.Context, es []audit.Entry) error {
	open := map[string]*audit.Entry{}
	var ids []any
	for i := range es {
		if es[i].Outcome == audit.Intent {
			es[i].Open = true
			open[es[i].ID] = &es[i]
			ids = append(ids, es[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := t.table("audit").Select("intent").Where(orm.In("intent", ids...)).Many(ctx)
	for _, r := range rows {
		open[r.Text("intent")].Open = false
	}
	return err
}

// OpenIntent returns the newest intent of that action about a database that no
// outcome refers to, "" for none.
func (t AuditTable) OpenIntent(ctx context.Context, action audit.Action, database string) (string, error) {
	es, err := t.Audit(ctx, audit.Filter{Action: action, Outcome: audit.Intent, Database: database, Limit: 10})
	if err != nil {
		return "", err
	}
	for _, e := range es {
		if e.Open {
			return e.ID, nil
		}
	}
	return "", nil
}
