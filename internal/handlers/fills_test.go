package handlers_test

import (
	"html"
	"strings"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

// fillEnds waits until the fills of a plan have run.
func (s *site) fillEnds(p id.Plan) fleet.Plan {
	s.t.Helper()
	var plan fleet.Plan
	s.eventually("the fills end", func() (ended bool) {
		var err error
		plan, err = s.fleet.Change.Plans.Plan(s.t.Context(), anOwner, p)
		must(s.t, err)
		return plan.Filling.State != fleet.FillRunning && plan.Filling.State != ""
	})
	return plan
}

// sourceIn is the text in the editor of a page.
func sourceIn(body string) string {
	_, source, _ := strings.Cut(body, `spellcheck="false" rows="24"`)
	_, source, _ = strings.Cut(source, ">")
	source, _, _ = strings.Cut(source, "</textarea>")
	return html.UnescapeString(source)
}
