package migrate

import (
	"context"
	"errors"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// samePlanned is the name of the first assertion of a batch: the schema is the one that
// the plan was made for.
const samePlanned = "schema as planned"

const upsertState = `INSERT INTO kuratchi_schema_state (schema_name, schema_hash, version, updated_at) ` +
	`VALUES (?1, ?2, ?3, ?4) ON CONFLICT (schema_name) DO UPDATE SET schema_hash = excluded.schema_hash, ` +
	`version = excluded.version, updated_at = excluded.updated_at`

// Statements returns the batch that applies the plan: the assertion that the
// schema is the one planned against, the ledger row, the counts, the steps, what
// must hold afterwards, and the state row.
func (p *Plan) Statements(a Attempt) []d1.Stmt {
	ss := p.opening(a)
	for _, sql := range p.Before {
		ss = append(ss, d1.Exec(sql))
	}
	for _, s := range p.Steps {
		ss = append(ss, d1.Exec(s.SQL))
	}
	for _, a := range p.After {
		ss = append(ss, d1.Exec(a.Statement()))
	}
	if len(p.Before) > 0 {
		ss = append(ss, d1.Exec("DROP TABLE "+counts))
	}
	return append(ss, d1.Exec(finishLedger, d1.Str(a.ID)),
		d1.Exec(upsertState, d1.Str(p.Schema), d1.Str(p.ToHash), d1.Int(int64(p.Version)), d1.Int(a.At.UnixMilli())))
}

// opening are the statements ahead of the plan's own.
func (p *Plan) opening(a Attempt) []d1.Stmt {
	same := d1.Assertion{Name: samePlanned}.Holds("("+live.FingerprintSQL+") = ?1", d1.Str(p.Fingerprint))
	ss := []d1.Stmt{same, d1.Exec(createLedger), d1.Exec(createState), p.entry(a, Applied).insert()}
	if a.Fence > 0 {
		ss = append(ss, d1.Assertion{Name: newestLease}.Holds(fenceIsNewest, d1.Int(a.Fence)))
	}
	return ss
}

// Apply runs the plan in one batch and returns its ledger row. Errors:
// fault.Conflict when the schema is no longer the one planned against, when
// somebody else has the lease by now, or when rows forbid a step; then nothing was
// changed. fault.Unknown when the answer was lost: ask Settle, and never send
// again.
func Apply(ctx context.Context, conn d1.Conn, p *Plan, a Attempt) (Entry, error) {
	if err := p.Ready(); err != nil {
		return Entry{}, err
	}
	if err := withLedger(ctx, conn, p.Statements(a)); err != nil {
		return Entry{}, p.explain(err, len(p.opening(a)))
	}
	return p.entry(a, Applied), nil
}

// explain says in the plan's terms what stopped a batch whose steps come after so
// many statements and the counts.
func (p *Plan) explain(err error, opening int) error {
	de, ok := errors.AsType[*d1.Error](err)
	if !ok {
		return err
	}
	switch failed, _ := d1.Failed(err); failed.Name {
	case samePlanned:
		return fault.Wrap(err, fault.Conflict, "The database's schema changed since this plan was made. Nothing was changed; make a new plan.")
	case newestLease:
		return fault.Wrap(err, fault.Conflict,
			"Somebody else works on this database by now. Nothing was changed; look again, and make a new plan if its schema changed.")
	case d1.NotSo:
		return fault.Wrap(err, fault.Conflict, "Afterwards it was not so that %s. Everything was rolled back; nothing was changed.",
			failed.Detail)
	}
	if de.Stmt < 0 && strings.Contains(de.Text, "FOREIGN KEY constraint failed") { // at the commit
		return fault.Wrap(err, fault.Conflict,
			"Afterwards a reference would point at nothing, and no step's own: a row whose reference dangled already may have been "+
				"written anew. Everything was rolled back; nothing was changed. Review the plan again: its checks name such rows.")
	}
	if i := de.Stmt - opening - len(p.Before); i >= 0 && i < len(p.Steps) {
		first, n := p.change(i)
		return fault.Wrap(err, fault.KindOf(err), "Step %d (%s) failed: %s. Everything was rolled back; nothing was changed.", n,
			first.Cause, d1.Words(de.Text))
	}
	return err
}

// change is the step that begins the change which a step is a part of, and its number
// among the changes.
func (p *Plan) change(step int) (first Step, n int) {
	for _, s := range p.Steps[:step+1] {
		if !s.More {
			first = s
			n++
		}
	}
	return first, n
}

// State is what kuratchi_schema_state says of one schema.
type State struct {
	Hash    string
	Version int
}

// Recorded returns the state the database records for a schema, and whether it
// records one.
func Recorded(ctx context.Context, conn d1.Conn, name string) (State, bool, error) {
	r, err := conn.Query(ctx, recorded(name))
	if noTable(err) {
		return State{}, false, nil
	}
	if err != nil || len(r.Rows) == 0 {
		return State{}, false, err
	}
	return stateOf(r), true, nil
}

func recorded(name string) d1.Stmt {
	return d1.Query(`select schema_hash, coalesce(version, 0) from kuratchi_schema_state where schema_name = ?1`, d1.Str(name))
}

// stateOf is the state of a result with a row.
func stateOf(r *d1.Result) State {
	return State{Hash: r.Rows[0][0].Text(), Version: int(r.Rows[0][1].Int())}
}

func noTable(err error) bool {
	e, ok := errors.AsType[*d1.Error](err)
	return ok && strings.HasPrefix(e.Text, "no such table: kuratchi_")
}
