package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Attempt is one try at applying a plan.
type Attempt struct {
	// ID is the caller's id of it; a second one with the same id fails.
	ID string
	// Actor is who applies, as text.
	Actor string
	At    time.Time
	// Point is the restore point that was kept before, "" for none.
	Point string
	// Fence is the number of the lease it is done under. An attempt fails in a
	// database whose ledger has a higher one: somebody else has the lease by now.
	// 0 is for a database nobody else works on.
	Fence int64
}

// Ended is how an attempt ended.
type Ended string

const (
	// Applied is an attempt that committed.
	Applied Ended = "applied"
	// Failed is one that changed nothing.
	Failed Ended = "failed"
)

// Entry is a row of the ledger in the database.
type Entry struct {
	Attempt
	PlanHash string
	Schema   string
	Version  int
	FromHash string
	ToHash   string
	Steps    int
	Ended    Ended
	// Took is by the database's own clock, 0 where that stands still during a
	// transaction or wasn't read.
	Took time.Duration
	// Note says why it failed, or how an answer that was lost was resolved.
	Note string
}

func (p *Plan) entry(a Attempt, ended Ended) Entry {
	return Entry{Attempt: a, Ended: ended, PlanHash: p.Hash(), Schema: p.Schema, Version: p.Version, FromHash: p.FromHash,
		ToHash: p.ToHash, Steps: len(p.Steps)}
}

// String returns the entry in one line, for logs.
func (e Entry) String() string {
	return fmt.Sprintf("%s %s v%d %s by %s at %s", e.ID, e.Schema, e.Version, e.Ended, e.Actor, e.At.Format(time.RFC3339))
}

const (
	// newestLease is the name of the assertion of the fencing number, fenceIsNewest what
	// it asserts.
	newestLease   = "newest lease"
	fenceIsNewest = `(SELECT coalesce(max(fence), 0) FROM kuratchi_ledger) <= CAST(?1 AS INTEGER)`

	createLedger = `CREATE TABLE IF NOT EXISTS kuratchi_ledger (id TEXT PRIMARY KEY NOT NULL, plan_hash TEXT NOT NULL, ` +
		`schema_name TEXT NOT NULL, version INTEGER NOT NULL, from_hash TEXT NOT NULL, to_hash TEXT NOT NULL, ` +
		`actor TEXT NOT NULL, steps INTEGER NOT NULL, applied_at INTEGER NOT NULL, outcome TEXT, restore_point TEXT, ` +
		`fence INTEGER, started_at INTEGER, finished_at INTEGER, note TEXT)`
	createState = `CREATE TABLE IF NOT EXISTS kuratchi_schema_state (schema_name TEXT PRIMARY KEY NOT NULL, ` +
		`schema_hash TEXT NOT NULL, version INTEGER, updated_at INTEGER NOT NULL)`
	insertLedger = `INSERT INTO kuratchi_ledger (id, plan_hash, schema_name, version, from_hash, to_hash, actor, steps, ` +
		`applied_at, outcome, restore_point, fence, note, started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ` +
		`?12, ?13, ` + engineNow + `)`
	finishLedger = `UPDATE kuratchi_ledger SET finished_at = ` + engineNow + ` WHERE id = ?1`
	engineNow    = `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
)

// added are the columns that the ledgers of older versions lack.
var added = []string{"outcome TEXT", "restore_point TEXT", "fence INTEGER", "started_at INTEGER", "finished_at INTEGER", "note TEXT"}

func (e Entry) insert() d1.Stmt {
	return d1.Exec(insertLedger, d1.Str(e.ID), d1.Str(e.PlanHash), d1.Str(e.Schema), d1.Int(int64(e.Version)),
		d1.Str(e.FromHash), d1.Str(e.ToHash),
		d1.Str(e.Actor), d1.Int(int64(e.Steps)), d1.Int(e.At.UnixMilli()), d1.Str(string(e.Ended)), d1.OptStr(e.Point), d1.Int(e.Fence),
		d1.OptStr(e.Note))
}

// withLedger sends a batch that writes the ledger. A ledger that lacks columns is
// given them first: the engine has refused the batch by then, so nothing of it is
// sent twice.
func withLedger(ctx context.Context, conn d1.Conn, ss []d1.Stmt) error {
	_, err := conn.Batch(ctx, ss)
	if e, ok := errors.AsType[*d1.Error](err); !ok || !strings.HasPrefix(e.Text, "table kuratchi_ledger has no column named") {
		return err
	}
	r, err := conn.Query(ctx, d1.Query("select name from pragma_table_info('kuratchi_ledger')"))
	if err != nil {
		return err
	}
	var alter []d1.Stmt
	for _, column := range added {
		name, _, _ := strings.Cut(column, " ")
		if !slices.ContainsFunc(r.Rows, func(row []d1.Value) bool { return row[0].Text() == name }) {
			alter = append(alter, d1.Exec("ALTER TABLE kuratchi_ledger ADD COLUMN "+column))
		}
	}
	if _, err := conn.Batch(ctx, alter); err != nil {
		return err
	}
	_, err = conn.Batch(ctx, ss)
	return err
}

// Ledger returns the newest 200 rows of the database's ledger, the newest first;
// none for a database that never had one.
func Ledger(ctx context.Context, conn d1.Conn) ([]Entry, error) {
	return entries(ctx, conn, newestEntries)
}

const newestEntries = `select * from kuratchi_ledger order by applied_at desc, id desc limit 200`

// Find returns the ledger's row of an attempt, and whether there is one.
func Find(ctx context.Context, conn d1.Conn, id string) (Entry, bool, error) {
	es, err := entries(ctx, conn, `select * from kuratchi_ledger where id = ?1`, d1.Str(id))
	if err != nil || len(es) == 0 {
		return Entry{}, false, err
	}
	return es[0], true, nil
}

func entries(ctx context.Context, conn d1.Conn, sql string, args ...d1.Value) ([]Entry, error) {
	r, err := conn.Query(ctx, d1.Query(sql, args...))
	if noTable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return entriesOf(r), nil
}

func entriesOf(r *d1.Result) []Entry {
	out := make([]Entry, len(r.Rows))
	for i, row := range r.Rows {
		of := func(column string) d1.Value {
			if at := slices.Index(r.Columns, column); at >= 0 {
				return row[at]
			}
			return d1.Value{} // an older ledger
		}
		e := Entry{
			Attempt: Attempt{
				ID: of("id").Text(), Actor: of("actor").Text(), At: time.UnixMilli(of("applied_at").Int()).UTC(),
				Point: of("restore_point").Text(), Fence: of("fence").Int(),
			},
			PlanHash: of("plan_hash").Text(), Schema: of("schema_name").Text(), Version: int(of("version").Int()),
			FromHash: of("from_hash").Text(), ToHash: of("to_hash").Text(), Steps: int(of("steps").Int()),
			Ended: Ended(of("outcome").Text()), Note: of("note").Text(),
		}
		if e.Ended == "" {
			e.Ended = Applied // before there was an outcome, no other had a row
		}
		if end := of("finished_at"); !end.IsNull() {
			e.Took = time.Duration(max(0, end.Int()-of("started_at").Int())) * time.Millisecond
		}
		out[i] = e
	}
	return out
}

// NoteFailure writes into the ledger that an attempt failed and changed nothing,
// and why. One that has a row keeps it.
func NoteFailure(ctx context.Context, conn d1.Conn, p *Plan, a Attempt, why string) error {
	e := p.entry(a, Failed)
	e.Note = why
	return withLedger(ctx, conn, []d1.Stmt{d1.Exec(createLedger), e.insertMissing()})
}

func (e Entry) insertMissing() d1.Stmt {
	s := e.insert()
	s.SQL += " ON CONFLICT (id) DO NOTHING"
	return s
}

// Settle finds out what became of an attempt whose answer was lost, and returns
// its row. Where the ledger has none, one is written that it failed: the batch of
// an attempt that is still under way writes a row of the same id, so it can no
// longer commit. Whichever row was first is the truth. fault.Unknown, when the
// database can't be reached: nothing is known yet, and Settle may be called again.
func Settle(ctx context.Context, conn d1.Conn, p *Plan, a Attempt) (Entry, error) {
	e, there, err := Find(ctx, conn, a.ID)
	if err != nil {
		return e, err
	}
	if there {
		if e.Ended == Applied && e.Note == "" {
			e.Note = "The answer was lost; this row told that it was applied."
			// The row is the truth with or without the note.
			_, _ = conn.Query(ctx, d1.Exec("UPDATE kuratchi_ledger SET note = ?2 WHERE id = ?1 AND note IS NULL", d1.Str(a.ID), d1.Str(e.Note)))
		}
		return e, nil
	}
	if err := NoteFailure(ctx, conn, p, a, "The answer was lost. The ledger did not have it, so it was stopped from committing."); err != nil {
		return e, err
	}
	e, there, err = Find(ctx, conn, a.ID)
	if err == nil && !there {
		err = fault.New(fault.Unknown, "The ledger does not say yet what became of the plan.")
	}
	return e, err
}
