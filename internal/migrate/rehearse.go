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
	s := &scratch{c: c}
	defer s.close()
	before, err := s.rows(ctx)
	if err != nil {
		return r, err
	}
	began := time.Now()
	r.Failed, err = s.apply(ctx, p)
	r.Took = time.Since(began)
	if err != nil || r.Failed != "" {
		return r, err
	}
	var filled []string
	if filled, r.Failed, err = s.fill(ctx, p); err != nil || r.Failed != "" {
		return r, err
	}
	after, err := s.rows(ctx)
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
	live, err := s.inspect()
	if err == nil && len(schema.Diff(live.Schema, target)) > 0 {
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

// apply runs the plan's batch in one transaction.
func (s *scratch) apply(ctx context.Context, p *Plan) (failed string, err error) {
	if err := s.c.Begin(ctx, sqlite.Write); err != nil {
		return "", err
	}
	for _, column := range added { // fails where it is there already, or no ledger
		_ = s.run("ALTER TABLE kuratchi_ledger ADD COLUMN " + column)
	}
	a := Attempt{ID: "rehearsal", Actor: "rehearsal", At: time.Now()}
	for i, st := range p.Statements(a) {
		if err := s.bound(st); err != nil {
			_ = s.c.End(false)
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return fault.Message(p.explain(fault.Wrap(&d1.Error{Text: err.Error(), Stmt: i}, fault.Conflict, "%s", engineWords(err)), len(p.opening(a)))), nil
		}
	}
	if err := s.c.End(true); err != nil {
		return engineWords(err), nil
	}
	return "", nil
}

// fill does the plan's fills, each whole, and says in words what each did.
func (s *scratch) fill(ctx context.Context, p *Plan) (held []string, failed string, err error) {
	for _, f := range p.Fills {
		if err := s.c.Begin(ctx, sqlite.Write); err != nil {
			return nil, "", err
		}
		before := s.c.TotalChanges()
		err := s.run(f.whole())
		if ctx.Err() != nil {
			_ = s.c.End(false)
			return nil, "", ctx.Err()
		}
		if eerr := s.c.End(err == nil); err == nil {
			err = eerr
		}
		if err != nil {
			return nil, "The plan itself goes through, but then the fill of " + f.Object() + " stops: " + engineWords(err), nil
		}
		held = append(held, fmt.Sprintf("%s: rows written, with what triggers wrote: %d", f.Words(), s.c.TotalChanges()-before))
	}
	return held, "", nil
}

// bound runs a statement with its values, texts and integers.
func (s *scratch) bound(q d1.Stmt) error {
	st, err := s.c.Prepare(q.SQL)
	if err != nil {
		return err
	}
	defer st.Close()
	for i, v := range q.Args {
		if v.Kind() == d1.Integer {
			st.BindInt(i+1, v.Int())
			continue
		}
		st.BindText(i+1, v.Text())
	}
	for more := true; more && err == nil; {
		more, err = st.Step()
	}
	return err
}

// rows counts the rows of every table, in a transaction of its own.
func (s *scratch) rows(ctx context.Context) ([]TableRows, error) {
	if err := s.c.Begin(ctx, sqlite.Read); err != nil {
		return nil, err
	}
	defer func() { _ = s.c.End(false) }()
	live, err := s.inspect()
	if err != nil {
		return nil, err
	}
	var out []TableRows
	for _, t := range live.Schema.Tables {
		st, err := s.c.Prepare("select count(*) from " + sqltext.Quote(t.Name))
		if err != nil {
			return nil, err
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
