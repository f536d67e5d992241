package views

import (
	"net/url"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// fillTone and fillTitle say how the fills of a plan stand.
func fillTone(f fleet.Filling) string {
	switch f.State {
	case fleet.FillDone:
		return "ok"
	case fleet.FillFailed:
		return "bad"
	case fleet.FillStopped:
		return "warn"
	}
	return "info"
}

func fillTitle(f fleet.Filling) string {
	switch f.State {
	case fleet.FillDone:
		return "The rows that were there are filled."
	case fleet.FillFailed:
		return "Filling ended with an error."
	case fleet.FillStopped:
		return "Filling is stopped."
	}
	return "The rows that were there are being filled."
}

// fillRows says how far a fill is.
func fillRows(at migrate.FillProgress) string {
	if !at.Finished.IsZero() {
		return textual.Count(at.Filled) + " filled, all of " + textual.Count(at.Passed) + " rows gone through"
	}
	return textual.Count(at.Filled) + " filled, " + textual.Count(at.Passed) + " of about " +
		textual.Count(max(at.Total, at.Passed)) + " rows gone through"
}

// filling reports whether the fills of the plan run, so that its page follows them.
func (v Plan) filling() bool { return v.Plan.Filling.State == fleet.FillRunning }

// fillColumns name what a plan fills.
func fillColumns(p *migrate.Plan) string {
	names := make([]string, len(p.Fills))
	for i, f := range p.Fills {
		names[i] = f.Object()
	}
	return join(names)
}

// offerHref is the form of the version that is offered instead of a plan.
func offerHref(p fleet.Plan) string {
	return paths.With(paths.NewVersion(p.Body.Schema), url.Values{"plan": {string(p.ID)}})
}
