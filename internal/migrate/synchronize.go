package migrate

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Outcome is what Synchronize did.
type Outcome struct {
	// Changed reports whether a plan was applied.
	Changed bool
	// Applied are the statements that ran, in order.
	Applied []string
	// Warnings name what the database has and the schema doesn't speak of, and the
	// columns that came and stay NULL because a fill is not run here.
	Warnings []string
	// Hash is the schema's.
	Hash string
}

// Synchronize brings a database to a schema by a plan nobody reviews. It is for
// databases a program owns and for new ones. It looks at the database itself,
// not only at the recorded hash, so drift is seen. Errors: fault.Invalid when a
// change has no safe step, loses something, or makes a view, a trigger or a full-text
// index mean something else; fault.Conflict when the database is at a newer
// version.
func Synchronize(ctx context.Context, conn d1.Conn, target *schema.Schema, a Attempt) (Outcome, error) {
	out := Outcome{Hash: target.Hash()}
	live, state, known, err := new(Own).State(ctx, conn, target.Name)
	if err != nil {
		return out, err
	}
	if known && state.Version > target.Version {
		return out, fault.New(fault.Conflict, "The database is at version %d of the schema %s, newer than version %d, "+
			"which was asked for.", state.Version, target.Name, target.Version)
	}
	p, err := New(live, target, nil)
	if err != nil {
		return out, err
	}
	for _, t := range p.Unmanaged {
		out.Warnings = append(out.Warnings, "The table "+t+" is not in the schema and was left alone.")
	}
	if p.Empty() && known && target.Recorded(state.Hash) && state.Version == target.Version {
		return out, nil
	}
	if err := p.unattended(known); err != nil {
		return out, err
	}
	for _, f := range p.Findings {
		if f.Code == codeReplaced || f.Level == Warns && slices.Contains([]string{codeGoes, codeMeans, codeShows, codeForbids}, f.Code) {
			out.Warnings = append(out.Warnings, f.What)
		}
	}
	if _, err := Apply(ctx, conn, p, a); err != nil {
		return out, err
	}
	for _, f := range p.Fills { // it may take minutes, and must go on after a stop: work for a fleet
		out.Warnings = append(out.Warnings, "The rows that were there have no "+f.Object()+
			": only a plan that was reviewed is followed by its fills.")
	}
	for _, s := range p.Steps {
		out.Applied = append(out.Applied, s.SQL)
	}
	out.Changed = true
	return out, nil
}

// unattended returns nil for a plan that can be applied with nobody there to read it,
// else a fault.Invalid that names what stands against it. known says that the database
// has been at this schema before, so what it declares and the database has was most
// likely its own: that it is replaced is a warning then.
func (p *Plan) unattended(known bool) error {
	if err := p.Acknowledged(nil); err != nil {
		return err
	}
	for _, f := range p.Findings {
		if f.Level == Fails && (f.Code == codeMeans || f.Code == codeFullText || f.Code == codeReplaced && !known) {
			return fault.New(fault.Invalid, "%s Nobody reviews this synchronization, so it was not done. %s", f.What, f.Fix)
		}
	}
	return nil
}
