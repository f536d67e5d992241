package migrate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Entry is a row of the ledger in the database.
type Entry struct {
	// ID is the caller's id of this apply; a second one with the same id fails.
	ID       string
	PlanHash string
	Schema   string
	Version  int
	FromHash string
	ToHash   string
	// Actor is who applied, as text.
	Actor     string
	Steps     int
	AppliedAt time.Time
}

// changedText is what the first assertion of a batch fails with.
const changedText = "schema changed since the plan was made"

const (
	createLedger = `CREATE TABLE IF NOT EXISTS kuratchi_ledger (id TEXT PRIMARY KEY NOT NULL, plan_hash TEXT NOT NULL, schema_name TEXT NOT NULL, version INTEGER NOT NULL, from_hash TEXT NOT NULL, to_hash TEXT NOT NULL, actor TEXT NOT NULL, steps INTEGER NOT NULL, applied_at INTEGER NOT NULL)`
	createState  = `CREATE TABLE IF NOT EXISTS kuratchi_schema_state (schema_name TEXT PRIMARY KEY NOT NULL, schema_hash TEXT NOT NULL, version INTEGER, updated_at INTEGER NOT NULL)`
	insertLedger = `INSERT INTO kuratchi_ledger (id, plan_hash, schema_name, version, from_hash, to_hash, actor, steps, applied_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`
	upsertState  = `INSERT INTO kuratchi_schema_state (schema_name, schema_hash, version, updated_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (schema_name) DO UPDATE SET schema_hash = excluded.schema_hash, version = excluded.version, updated_at = excluded.updated_at`
	assertSame   = `select iif((` + fingerprintSQL + `) = ?1, 1, json_extract('{}', '` + changedText + `'))`
)

// Statements returns the batch that applies the plan: the assertion that the
// schema is the one planned against, the counts, the steps, what must hold
// afterwards, the ledger row and the state row.
func (p *Plan) Statements(e Entry) []d1.Stmt {
	ss := []d1.Stmt{d1.Query(assertSame, d1.Str(p.Fingerprint))}
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
	at := d1.Int(e.AppliedAt.UnixMilli())
	return append(ss, d1.Exec(createLedger), d1.Exec(createState),
		d1.Exec(insertLedger, d1.Str(e.ID), d1.Str(e.PlanHash), d1.Str(e.Schema), d1.Int(int64(e.Version)), d1.Str(e.FromHash), d1.Str(e.ToHash), d1.Str(e.Actor), d1.Int(int64(e.Steps)), at),
		d1.Exec(upsertState, d1.Str(e.Schema), d1.Str(e.ToHash), d1.Int(int64(e.Version)), at))
}

// Apply runs the plan in one batch and returns its ledger row. Errors:
// fault.Conflict when the schema is no longer the one planned against, or when
// rows forbid a step; then nothing was changed. fault.Unknown when the answer
// was lost: ask Applied with the id, and never send again.
func Apply(ctx context.Context, conn d1.Conn, p *Plan, id, actor string, now time.Time) (Entry, error) {
	if err := p.Ready(); err != nil {
		return Entry{}, err
	}
	e := Entry{
		ID: id, PlanHash: p.Hash(), Schema: p.Schema, Version: p.Version, FromHash: p.FromHash, ToHash: p.ToHash,
		Actor: actor, Steps: len(p.Steps), AppliedAt: now,
	}
	if _, err := conn.Batch(ctx, p.Statements(e)); err != nil {
		return Entry{}, p.explain(err)
	}
	return e, nil
}

// explain says in the plan's terms what stopped a batch.
func (p *Plan) explain(err error) error {
	de, ok := errors.AsType[*d1.Error](err)
	switch {
	case !ok:
		return err
	case strings.Contains(de.Text, changedText):
		return fault.Wrap(err, fault.Conflict, "The database's schema changed since this plan was made. Nothing was changed; make a new plan.")
	case strings.Contains(de.Text, assertText):
		_, what, _ := strings.Cut(de.Text, assertText)
		what, _, _ = strings.Cut(what, "'")
		return fault.Wrap(err, fault.Conflict, "Afterwards it was not so that %s. Everything was rolled back; nothing was changed.", what)
	}
	if i := de.Stmt - 1 - len(p.Before); i >= 0 && i < len(p.Steps) {
		first := i
		for first > 0 && p.Steps[first].More {
			first--
		}
		n := 0
		for _, s := range p.Steps[:first+1] {
			if !s.More {
				n++
			}
		}
		return fault.Wrap(err, fault.KindOf(err), "Step %d (%s) failed: %s. Everything was rolled back; nothing was changed.", n, p.Steps[first].Cause, d1.Words(de.Text))
	}
	return err
}

// Ledger returns the database's ledger, the newest first; none for a database
// that never had one.
func Ledger(ctx context.Context, conn d1.Conn) ([]Entry, error) {
	r, err := conn.Query(ctx, d1.Query(`select id, plan_hash, schema_name, version, from_hash, to_hash, actor, steps, applied_at from kuratchi_ledger order by applied_at desc, id desc limit 200`))
	if noTable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(r.Rows))
	for i, v := range r.Rows {
		entries[i] = Entry{
			ID: v[0].Text(), PlanHash: v[1].Text(), Schema: v[2].Text(), Version: int(v[3].Int()), FromHash: v[4].Text(),
			ToHash: v[5].Text(), Actor: v[6].Text(), Steps: int(v[7].Int()), AppliedAt: time.UnixMilli(v[8].Int()).UTC(),
		}
	}
	return entries, nil
}

// Applied reports whether the ledger has that id: the answer to "did it commit?".
func Applied(ctx context.Context, conn d1.Conn, id string) (bool, error) {
	r, err := conn.Query(ctx, d1.Query(`select 1 from kuratchi_ledger where id = ?1`, d1.Str(id)))
	if noTable(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return len(r.Rows) > 0, nil
}

// State is what kuratchi_schema_state says of one schema.
type State struct {
	Hash    string
	Version int
}

// Recorded returns the state the database records for a schema, and whether it
// records one.
func Recorded(ctx context.Context, conn d1.Conn, name string) (State, bool, error) {
	r, err := conn.Query(ctx, d1.Query(`select schema_hash, coalesce(version, 0) from kuratchi_schema_state where schema_name = ?1`, d1.Str(name)))
	if noTable(err) {
		return State{}, false, nil
	}
	if err != nil || len(r.Rows) == 0 {
		return State{}, false, err
	}
	return State{Hash: r.Rows[0][0].Text(), Version: int(r.Rows[0][1].Int())}, true, nil
}

func noTable(err error) bool {
	e, ok := errors.AsType[*d1.Error](err)
	return ok && strings.HasPrefix(e.Text, "no such table: kuratchi_")
}

// String returns the entry in one line, for logs.
func (e Entry) String() string {
	return fmt.Sprintf("%s %s v%d by %s at %s", e.ID, e.Schema, e.Version, e.Actor, e.AppliedAt.Format(time.RFC3339))
}
