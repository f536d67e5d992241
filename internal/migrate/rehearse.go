package migrate

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Rehearsal is what a plan did to a copy.
type Rehearsal struct {
	// Took is how long the plan's batch ran, on this machine.
	Took time.Duration
	// Tables are the rows of every table before and after; -1 where it is not there.
	Tables []TableRows
	// Held are the assertions that were true afterwards.
	Held []string
	// Failed says what stopped the batch, or a fill after it; "" when all went through.
	Failed string
}

// TableRows is how many rows a table has.
type TableRows struct {
	Name          string
	Before, After int64
}

// Rehearse applies a plan to a copy of the database, an SQLite file that is read
// from src and removed again. The error is for a rehearsal that could not be held;
// a plan that fails is told by Failed.
func Rehearse(ctx context.Context, src io.Reader, p *Plan, target *schema.Schema) (r Rehearsal, err error) {
	dir, err := os.MkdirTemp("", "rehearsal-")
	if err != nil {
		return r, fault.Wrap(err, fault.Unavailable, "There is no room for a copy to rehearse on. Nothing was changed.")
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "copy.db")
	if err := write(path, src); err != nil {
		return r, fault.Wrap(err, fault.Unavailable, "There is no room for a copy to rehearse on. Nothing was changed.")
	}
	c, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		return r, err
	}
	s := shadow.Over(c)
	defer s.Close()
	before, err := countRows(ctx, s)
	if err != nil {
		return r, err
	}
	began := time.Now()
	r.Failed, err = replay(ctx, s, p)
	r.Took = time.Since(began)
	if err != nil || r.Failed != "" {
		return r, err
	}
	var filled []string
	if filled, r.Failed, err = replayFills(ctx, s, p); err != nil || r.Failed != "" {
		return r, err
	}
	after, err := countRows(ctx, s)
	if err != nil {
		return r, err
	}
	r.Tables = compared(before, after)
	r.Held = filled
	for _, a := range p.After {
		r.Held = append(r.Held, a.What)
	}
	if err := c.Begin(ctx, sqlite.Read); err != nil {
		return r, err
	}
	live, err := s.Read()
	if err == nil && len(standing(schema.Diff(live.Schema, target), p.Left)) > 0 {
		r.Failed = "the schema afterwards is not the target"
	}
	if err == nil {
		r.Held = append(r.Held, fmt.Sprintf("the schema afterwards is %s v%d", p.Schema, p.Version))
	}
	return r, err
}

func write(path string, src io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, src)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// replay runs the plan's batch in one transaction.
func replay(ctx context.Context, s *shadow.Copy, p *Plan) (failed string, err error) {
	if err := s.Begin(ctx, sqlite.Write); err != nil {
		return "", err
	}
	for _, column := range added { // fails where it is there already, or no ledger
		_ = s.Exec("ALTER TABLE kuratchi_ledger ADD COLUMN " + column)
	}
	a := Attempt{ID: "rehearsal", Actor: "rehearsal", At: time.Now()}
	for i, st := range p.Statements(a) {
		if err := s.Bound(st); err != nil {
			_ = s.End(false)
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return fault.Message(p.explain(fault.Wrap(&d1.Error{Text: err.Error(), Stmt: i}, fault.Conflict, "%s", engineWords(err)),
				len(p.opening(a)))), nil
		}
	}
	if err := s.End(true); err != nil {
		return engineWords(err), nil
	}
	return "", nil
}

// replayFills does the plan's fills, each whole, and says in words what each did.
func replayFills(ctx context.Context, s *shadow.Copy, p *Plan) (held []string, failed string, err error) {
	for _, f := range p.Fills {
		if err := s.Begin(ctx, sqlite.Write); err != nil {
			return nil, "", err
		}
		before := s.TotalChanges()
		err := s.Exec(f.whole())
		if ctx.Err() != nil {
			_ = s.End(false)
			return nil, "", ctx.Err()
		}
		if eerr := s.End(err == nil); err == nil {
			err = eerr
		}
		if err != nil {
			return nil, "The plan itself goes through, but then the fill of " + f.Object() + " stops: " + engineWords(err), nil
		}
		held = append(held, fmt.Sprintf("%s: rows written, with what triggers wrote: %d", f.Words(), s.TotalChanges()-before))
	}
	return held, "", nil
}

// countRows counts the rows of every table, in a transaction of its own.
func countRows(ctx context.Context, s *shadow.Copy) ([]TableRows, error) {
	if err := s.Begin(ctx, sqlite.Read); err != nil {
		return nil, err
	}
	defer func() { _ = s.End(false) }()
	live, err := s.Read()
	if err != nil {
		return nil, err
	}
	var out []TableRows
	for _, t := range live.Schema.Tables {
		st, err := s.Prepare("select count(*) from " + sqltext.Quote(t.Name))
		if err != nil { // left alone, then: it names what the engine doesn't have
			continue
		}
		_, err = st.Step()
		out = append(out, TableRows{Name: t.Name, Before: st.Int(0)})
		st.Close()
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func compared(before, after []TableRows) []TableRows {
	out := slices.Clone(before)
	for i := range out {
		out[i].After = -1
	}
	for _, a := range after {
		i := slices.IndexFunc(out, func(t TableRows) bool { return t.Name == a.Name })
		if i < 0 {
			out = append(out, TableRows{Name: a.Name, Before: -1, After: a.Before})
			continue
		}
		out[i].After = a.Before
	}
	return out
}
