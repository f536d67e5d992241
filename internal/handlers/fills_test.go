package handlers_test

import (
	"html"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

// fillEnds waits until the fills of a plan have run.
func (s *site) fillEnds(p id.Plan) fleet.Plan {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		plan, err := s.fleet.Plan(s.t.Context(), p)
		must(s.t, err)
		if plan.Filling.State != fleet.FillRunning && plan.Filling.State != "" {
			return plan
		}
	}
	s.t.Fatal("the fills don't end")
	return fleet.Plan{}
}

// sourceIn is the text in the editor of a page.
func sourceIn(body string) string {
	_, source, _ := strings.Cut(body, `spellcheck="false" rows="24"`)
	_, source, _ = strings.Cut(source, ">")
	source, _, _ = strings.Cut(source, "</textarea>")
	return html.UnescapeString(source)
}
