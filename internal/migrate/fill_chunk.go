package migrate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// FillProgress is a row of kuratchi_fills: how far a fill is.
type FillProgress struct {
	Table, Column string
	// Chunks counts those that are done; a chunk is done once because it names the
	// number it was read with.
	Chunks int64
	// Last is the key of the last row that was gone through, as SQL, "" for none.
	Last string
	// Passed are the rows gone through, Filled those of them that were NULL and were
	// written, Total those the table had when it began.
	Passed, Filled, Total int64
	// Finished is zero while rows are left.
	Finished time.Time
}

const (
	createFills = `CREATE TABLE IF NOT EXISTS kuratchi_fills (plan TEXT NOT NULL, table_name TEXT NOT NULL, ` +
		`column_name TEXT NOT NULL, chunks INTEGER NOT NULL DEFAULT 0, last_key TEXT, passed INTEGER NOT NULL DEFAULT 0, ` +
		`filled INTEGER NOT NULL DEFAULT 0, total INTEGER NOT NULL, latest INTEGER NOT NULL DEFAULT 0, ` +
		`started_at INTEGER NOT NULL, finished_at INTEGER, PRIMARY KEY (plan, table_name, column_name))`
	createFillKeys = `CREATE TABLE IF NOT EXISTS kuratchi_fill_keys (plan TEXT NOT NULL, table_name TEXT NOT NULL, ` +
		`column_name TEXT NOT NULL, side INTEGER NOT NULL, position INTEGER NOT NULL, value, PRIMARY KEY (plan, table_name, ` +
		`column_name, side, position)) WITHOUT ROWID`
	// thisFill selects the rows of one fill in both.
	thisFill = `plan = ?1 AND table_name = ?2 AND column_name = ?3`
)

// The names of the assertions of the batches.
const (
	planApplied = "plan in the ledger"
	fillIsThere = "fill where it was"
)

// The keys that bound a chunk are kept as values, and never leave the database: no
// transport could change what they are. Side 0 is the last key gone through, side 1
// the last of the chunk that is being done.
func (f Fill) bound(side int) string {
	values := make([]string, len(f.Key))
	for i := range f.Key {
		values[i] = "(SELECT value FROM kuratchi_fill_keys WHERE " + thisFill + " AND side = " + strconv.Itoa(side) +
			" AND position = " + strconv.Itoa(i) + ")"
	}
	return row(values)
}

// key are the columns of the key in SQL.
func (f Fill) key() []string {
	out := make([]string, len(f.Key))
	for i, k := range f.Key {
		out[i] = sqltext.Quote(f.Table) + "." + sqltext.Quote(k.Name)
		if k.Collate != "" {
			out[i] += " COLLATE " + k.Collate
		}
	}
	return out
}

func row(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "(" + list(values) + ")"
}

// after is the condition of the rows that were not gone through, true for a first
// chunk.
func (f Fill) after(first bool) string {
	if first {
		return "1"
	}
	return row(f.key()) + " > " + f.bound(0)
}

// within is the condition of the rows of the chunk.
func (f Fill) within(first bool) string {
	return f.after(first) + " AND " + row(f.key()) + " <= " + f.bound(1)
}

// last selects the last key of the chunk, its columns named k0, k1 and so on.
func (f Fill) last(first bool, rows int) string {
	names, up, down := make([]string, len(f.Key)), f.key(), make([]string, len(f.Key))
	columns := make([]string, len(f.Key))
	for i, q := range up {
		names[i] = "k" + strconv.Itoa(i)
		columns[i], _, _ = strings.Cut(q, " COLLATE ")
		columns[i] += " AS " + names[i]
		down[i] = names[i]
		if c := f.Key[i].Collate; c != "" {
			down[i] += " COLLATE " + c
		}
		down[i] += " DESC"
	}
	return "SELECT " + list(names) + " FROM (SELECT " + list(columns) + " FROM " + sqltext.Quote(f.Table) + " WHERE " + f.after(first) +
		" ORDER BY " + list(up) + " LIMIT " + strconv.Itoa(rows) + ") ORDER BY " + list(down) + " LIMIT 1"
}

// statements do one chunk, once it is certain that it is the next: they find its
// last key, write the rows that are NULL, and note how far it is.
func (f Fill) statements(plan string, first bool, rows int, now int64) []d1.Stmt {
	fill := []d1.Value{d1.Str(plan), d1.Str(f.Table), d1.Str(f.Column)}
	positions, cases := make([]string, len(f.Key)), make([]string, len(f.Key))
	for i := range f.Key {
		positions[i] = "(" + strconv.Itoa(i) + ")"
		cases[i] = "WHEN " + strconv.Itoa(i) + " THEN k" + strconv.Itoa(i)
	}
	column := sqltext.Quote(f.Column)
	expr := (&schema.Column{Fill: f.Expression}).FillSQL()
	return []d1.Stmt{
		d1.Exec("INSERT INTO kuratchi_fill_keys (plan, table_name, column_name, side, position, value) "+
			"SELECT ?1, ?2, ?3, 1, p.column1, CASE p.column1 "+strings.Join(cases, " ")+" END FROM ("+f.last(first, rows)+
			") CROSS JOIN (VALUES "+list(positions)+") AS p", fill...),
		d1.Exec("UPDATE "+sqltext.Quote(f.Table)+" SET "+column+" = "+expr+" WHERE "+f.within(first)+" AND "+
			sqltext.Quote(f.Table)+"."+column+" IS NULL", fill...),
		d1.Exec("UPDATE kuratchi_fills SET chunks = chunks + 1, filled = filled + changes(), latest = (SELECT count(*) FROM "+
			sqltext.Quote(f.Table)+" WHERE "+f.within(first)+
			"), last_key = coalesce((SELECT group_concat(substr(quote(value), 1, 100), ', ') FROM (SELECT value "+
			"FROM kuratchi_fill_keys WHERE "+thisFill+" AND side = 1 ORDER BY position)), last_key) WHERE "+thisFill, fill...),
		d1.Exec("UPDATE kuratchi_fills SET passed = passed + latest, finished_at = CASE WHEN latest < "+strconv.Itoa(rows)+
			" THEN ?4 END WHERE "+thisFill, append(fill[:3:3], d1.Int(now))...),
		d1.Exec("DELETE FROM kuratchi_fill_keys WHERE "+thisFill+" AND (side = 0 OR EXISTS (SELECT 1 FROM kuratchi_fills WHERE "+
			thisFill+" AND finished_at IS NOT NULL))", fill...),
		d1.Exec("UPDATE kuratchi_fill_keys SET side = 0 WHERE "+thisFill, fill...),
	}
}

// whole fills every row at once, which only a copy is for.
func (f Fill) whole() string {
	column := sqltext.Quote(f.Column)
	return "UPDATE " + sqltext.Quote(f.Table) + " SET " + column + " = " + (&schema.Column{Fill: f.Expression}).
		FillSQL() + " WHERE " + sqltext.Quote(f.Table) + "." + column + " IS NULL"
}

// StartFills makes a plan's fills known to the database, where they aren't yet, and
// returns how far they are, in the plan's order. A database whose ledger doesn't
// have the plan, because it was put back to a point before it, is fault.Conflict.
func StartFills(ctx context.Context, conn d1.Conn, p *Plan, plan string, now time.Time) ([]FillProgress, error) {
	batch := []d1.Stmt{
		d1.Assertion{Name: planApplied}.Holds("(SELECT count(*) FROM kuratchi_ledger WHERE id = ?1 AND outcome IS NOT 'failed') = 1",
			d1.Str(plan)),
		d1.Exec(createFills), d1.Exec(createFillKeys),
	}
	for _, f := range p.Fills {
		batch = append(batch, d1.Exec("INSERT INTO kuratchi_fills (plan, table_name, column_name, total, started_at) "+
			"SELECT ?1, ?2, ?3, (SELECT count(*) FROM "+sqltext.Quote(f.Table)+
			"), ?4 WHERE NOT EXISTS (SELECT 1 FROM kuratchi_fills WHERE "+thisFill+")",
			d1.Str(plan), d1.Str(f.Table), d1.Str(f.Column), d1.Int(now.UnixMilli())))
	}
	rs, err := conn.Batch(ctx, append(batch, readFills(plan)))
	if err != nil {
		if d1.FailedAt(err, planApplied) || noTable(err) {
			return nil, fault.Wrap(err, fault.Conflict,
				"The database does not have this plan: it was put back to a point before it. There is nothing to fill.")
		}
		return nil, err
	}
	all := progressOf(rs[len(rs)-1])
	var out []FillProgress
	for _, f := range p.Fills {
		if at, ok := f.among(all); ok {
			out = append(out, at)
		}
	}
	return out, nil
}

// Progress reads how far the fills of a plan are, none for a plan without fills or
// whose fills have not begun.
func Progress(ctx context.Context, conn d1.Conn, plan string) ([]FillProgress, error) {
	r, err := conn.Query(ctx, readFills(plan))
	if noTable(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return progressOf(r), nil
}

// readFills is the statement whose rows are how far the fills of a plan are: see progressOf.
func readFills(plan string) d1.Stmt {
	return d1.Query(`SELECT table_name, column_name, chunks, coalesce(last_key, ''), passed, filled, `+
		`total, coalesce(finished_at, 0) FROM kuratchi_fills WHERE plan = ?1 ORDER BY rowid`, d1.Str(plan))
}

func progressOf(r *d1.Result) []FillProgress {
	out := make([]FillProgress, len(r.Rows))
	for i, v := range r.Rows {
		out[i] = FillProgress{
			Table: v[0].Text(), Column: v[1].Text(), Chunks: v[2].Int(), Last: v[3].Text(), Passed: v[4].Int(), Filled: v[5].Int(),
			Total: v[6].Int(),
		}
		if at := v[7].Int(); at != 0 {
			out[i].Finished = time.UnixMilli(at).UTC()
		}
	}
	return out
}

// among finds how far the fill is.
func (f Fill) among(all []FillProgress) (FillProgress, bool) {
	for _, at := range all {
		if at.Table == f.Table && at.Column == f.Column {
			return at, true
		}
	}
	return FillProgress{}, false
}

// Portion is a chunk of a fill that is to be done.
type Portion struct {
	// Plan is the id of the attempt that applied the fill's plan.
	Plan string
	// At is how far the fill is: the chunk is the one after it.
	At FillProgress
	// Rows are how many it has: FillChunk, or fewer where they are too much for one
	// transaction.
	Rows int
	Now  time.Time
}

// first reports whether no chunk was done before.
func (p Portion) first() bool { return p.At.Chunks == 0 }

// Chunk does a chunk, in one batch. Those of its rows are written whose column is NULL, with
// the row in kuratchi_fills. It returns how far the fill then is, which the batch reads too.
// An answer that was lost is resolved by reading that row.
// Errors: fault.Conflict when somebody else did the chunk, or when the rows forbid
// it; its message then has the engine's words and says which rows. Nothing of the
// chunk was written then. fault.Unavailable when it may be tried again, and
// fault.Limited when it took too long: with fewer rows.
// fault.Unknown when it can't be read what became of it; ask Progress.
func (f Fill) Chunk(ctx context.Context, conn d1.Conn, p Portion) (FillProgress, error) {
	batch := append([]d1.Stmt{
		d1.Assertion{Name: fillIsThere}.Holds("(SELECT count(*) FROM kuratchi_fills WHERE "+thisFill+
			" AND chunks = ?4 AND finished_at IS NULL) = 1",
			d1.Str(p.Plan), d1.Str(f.Table), d1.Str(f.Column), d1.Int(p.At.Chunks)),
	}, f.statements(p.Plan, p.first(), p.Rows, p.Now.UnixMilli())...)
	rs, cause := conn.Batch(ctx, append(batch, readFills(p.Plan)))
	switch {
	case cause == nil:
		if next, ok := f.among(progressOf(rs[len(rs)-1])); ok {
			return next, nil
		}
		return p.At, f.unknown()
	case fault.Is(cause, fault.Unknown):
	case Moved(cause):
		return p.At, fault.Wrap(cause, fault.Conflict, "Somebody else goes on with filling %s.", f.Object())
	default:
		return p.At, f.explain(ctx, conn, p, cause)
	}
	next, err := f.progress(ctx, conn, p.Plan)
	switch {
	case err != nil:
		return p.At, fault.Wrap(err, fault.Unknown, "What became of a chunk of %s can't be read now.", f.Object())
	case next.Chunks == p.At.Chunks:
		return p.At, fault.Wrap(cause, fault.Unavailable, "The answer was lost, and the chunk was not written.")
	}
	return next, nil
}

func (f Fill) progress(ctx context.Context, conn d1.Conn, plan string) (FillProgress, error) {
	all, err := Progress(ctx, conn, plan)
	if err != nil {
		return FillProgress{}, err
	}
	if at, ok := f.among(all); ok {
		return at, nil
	}
	return FillProgress{}, f.unknown()
}

// unknown says that the database doesn't know of the fill.
func (f Fill) unknown() error {
	return fault.New(fault.NotFound, "The database does not know of filling %s.", f.Object())
}

// explain adds to the engine's words which rows they are about.
func (f Fill) explain(ctx context.Context, conn d1.Conn, p Portion, cause error) error {
	de, ok := errors.AsType[*d1.Error](cause)
	if !ok || fault.Is(cause, fault.Unavailable) || fault.Is(cause, fault.Limited) {
		return cause
	}
	names, quoted := make([]string, len(f.Key)), make([]string, len(f.Key))
	for i, k := range f.Key {
		names[i], quoted[i] = k.Name, "substr(quote(k"+strconv.Itoa(i)+"), 1, 100)"
	}
	rows := fmt.Sprintf("rows of %s with (%s)", f.Table, list(names))
	if p.At.Last != "" {
		rows += " after " + p.At.Last
	}
	args := []d1.Value{d1.Str(p.Plan), d1.Str(f.Table), d1.Str(f.Column)}
	if p.first() {
		args = nil
	}
	r, err := conn.Query(ctx, d1.Query("SELECT "+strings.Join(quoted, " || ', ' || ")+" FROM ("+f.last(p.first(), p.Rows)+")", args...))
	if err == nil && len(r.Rows) == 1 {
		rows += " up to " + r.Rows[0][0].Text()
	}
	return fault.Wrap(cause, fault.KindOf(cause), "%s, in the %s. Nothing of this chunk was written.", d1.Words(de.Text), rows)
}

// Left counts the rows without a value.
func (f Fill) Left(ctx context.Context, conn d1.Conn) (int64, error) {
	r, err := conn.Query(ctx, d1.Query("SELECT count(*) FROM "+sqltext.Quote(f.Table)+" WHERE "+sqltext.Quote(f.Column)+" IS NULL"))
	if err != nil {
		return 0, err
	}
	return r.Rows[0][0].Int(), nil
}

// Moved reports whether Chunk failed because the fill is not where it was: somebody
// else did that chunk, or the database was put back to a point. StartFills reads how
// far it is.
func Moved(err error) bool { return d1.FailedAt(err, fillIsThere) || noTable(err) }
