package console

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// findings are what the planner's rules say of one statement.
type findings []migrate.Finding

// lint asks the planner's rules about the statements, and notes which findings are
// overridden: by a comment in the statement, or by the reason somebody typed.
func (j *Judgement) lint(live *live.Database, ss []*statement, reason string) []findings {
	texts := make([]string, len(ss))
	for i, st := range ss {
		texts[i] = st.part.SQL
	}
	out := make([]findings, len(ss))
	var words []string
	for i, found := range migrate.Lint(live, texts) {
		out[i] = found
		allowed := migrate.Allowed(texts[i])
		for _, f := range found {
			if f.Level != migrate.Fails {
				continue
			}
			why := strings.TrimSpace(reason)
			if at := slices.IndexFunc(allowed, func(o migrate.Override) bool { return o.Code == f.Code }); at >= 0 {
				why = allowed[at].Reason
			}
			if why == "" {
				j.Unexplained = true
				continue
			}
			words = append(words, f.Code+" "+f.Object+": "+why)
		}
	}
	j.Overridden = strings.Join(words, "; ")
	return out
}

// on adds the findings to what has to be confirmed of a statement, nil for
// nothing. Notes alone are no reason to ask.
func (fs findings) on(st *statement, d *Danger) *Danger {
	if !slices.ContainsFunc(fs, func(f migrate.Finding) bool { return f.Level != migrate.Notes }) {
		return d
	}
	if d == nil {
		d = &Danger{SQL: st.part.SQL, What: "Run this statement", Verb: "Run it"}
	}
	d.Findings = fs
	return d
}
