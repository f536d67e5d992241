package views

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/web/templates/layout"
)

// Migrations is how a database stands against a version of a schema, and what
// was done to it.
type Migrations struct {
	Database fleet.Database
	Schemas  SchemaList
	// Schema and Version are what it is compared with.
	Schema  string
	Version int
	// Versions are the newest ones, up to Latest.
	Versions []fleet.Version
	Latest   int
	// Plan is the difference, nil without a schema to compare with.
	Plan *migrate.Plan
	// Error is why there is no comparison.
	Error string
	// Filling are the plans whose fills are not done.
	Filling []fleet.Plan
	// Plans are the stored ones, the newest first; Ledger is the database's own.
	Plans  []fleet.Plan
	Ledger []migrate.Entry
}

func (v Migrations) current() bool {
	return v.Plan != nil && v.Plan.Empty() && v.Database.Schema == v.Schema && v.Database.Version == v.Version
}

// Plan is a stored plan under review.
type Plan struct {
	Plan fleet.Plan
	// Look is what the database says to it now.
	Look change.Look
	// Rehearsed is its last rehearsal, zero for none.
	Rehearsed change.RehearsalRun
	// Rights are of who is signed in.
	Rights layout.Rights
	// Fills are how far the plan's fills are, where they have begun.
	Fills []migrate.FillProgress
	// Restorable says that the restore point kept before it is still there, and
	// that the operator may use it.
	Restorable bool
	Error      string
}

// waits reports whether the plan can still be decided or applied.
func (v Plan) waits() bool {
	return v.Plan.State == fleet.PlanProposed || v.Plan.State == fleet.PlanApproved
}

// blocked reports whether the rows forbid the plan.
func (v Plan) blocked() bool {
	return slices.ContainsFunc(v.Look.Answers, migrate.Answer.Blocks)
}

// answer is what a loss's live check found, nil where there is none.
func (v Plan) answer(loss string) *migrate.Answer {
	for i := range v.Look.Answers {
		if a := &v.Look.Answers[i]; a.Severity == migrate.Lost && a.Object == loss {
			return a
		}
	}
	return nil
}

func answerTone(a migrate.Answer) string {
	switch {
	case a.Blocks():
		return "bad"
	case a.Severity == migrate.Lost && a.N > 0:
		return "warn"
	}
	return "ok"
}

func answerWord(a migrate.Answer) string {
	switch {
	case a.Blocks():
		return "blocked"
	case a.Severity == migrate.Size:
		return "rewrite"
	case a.Severity == migrate.Lost && a.N > 0:
		return "loss"
	}
	return "ok"
}

// sampleText is a row that a check found, as column: value.
func sampleText(columns []string, row []d1.Value) string {
	parts := make([]string, len(row))
	for i, v := range row {
		parts[i] = columns[i] + ": " + cutText(shown(v), 60)
	}
	return strings.Join(parts, ", ")
}

// overrideOf is the reason that was given for a finding, nil for none.
func (v Plan) overrideOf(f migrate.Finding) *migrate.Override {
	for i, o := range v.Plan.Overrides {
		if o.Code == f.Code && o.Object == f.Object {
			return &v.Plan.Overrides[i]
		}
	}
	return nil
}

func levelTone(l migrate.Level) string {
	switch l {
	case migrate.Fails:
		return "bad"
	case migrate.Warns:
		return "warn"
	}
	return "mute"
}

func lossNames(losses []migrate.Loss) string {
	names := make([]string, len(losses))
	for i, l := range losses {
		names[i] = l.Name
	}
	return strings.Join(names, ", ")
}

// filled leaves out tables that were empty and are.
func filled(tables []migrate.TableRows) []migrate.TableRows {
	return slices.DeleteFunc(slices.Clone(tables), func(t migrate.TableRows) bool { return t.Before <= 0 && t.After <= 0 })
}

func rowsText(n int64) string {
	if n < 0 {
		return "–"
	}
	return strconv.FormatInt(n, 10)
}

// RehearsalID is the card of a plan's rehearsal.
const RehearsalID = "rehearsal"

// PlanID is the part of a plan's page that follows an apply.
const PlanID = "plan"

func (v Plan) title() string {
	return v.Plan.Body.Schema + " v" + itoa(v.Plan.Body.Version)
}

func riskTone(r migrate.Risk) string {
	switch r {
	case migrate.Safe:
		return "ok"
	case migrate.Check, migrate.Caution, migrate.Rewrite:
		return "warn"
	}
	return "bad"
}

func planTone(s fleet.PlanState) string {
	switch s {
	case fleet.PlanApplied:
		return "ok"
	case fleet.PlanFailed:
		return "bad"
	case fleet.PlanUnknown:
		return "warn"
	case fleet.PlanApproved, fleet.PlanApplying:
		return "info"
	}
	return "mute"
}

// stepClass tints a step's SQL: what comes, what goes.
func stepClass(sql string) string {
	switch word, _, _ := strings.Cut(sql, " "); word {
	case "DROP", "DELETE":
		return "del"
	case "SELECT":
		return "note"
	}
	if strings.HasPrefix(sql, "ALTER TABLE") && strings.Contains(sql, " DROP COLUMN ") {
		return "del"
	}
	return "add"
}

// planSQL is a plan's statements as one text, for copying.
func planSQL(p *migrate.Plan) string {
	var b strings.Builder
	for _, part := range planParts(p) {
		for _, sql := range part.statements {
			b.WriteString(sql + ";\n")
		}
	}
	return b.String()
}

// planPart is the statements of one change, under its words.
type planPart struct {
	title      string
	statements []string
	// watch says that the statements count and compare, and change nothing of the
	// database's own.
	watch bool
}

// planParts are all the statements that run, but for the ledger's.
func planParts(p *migrate.Plan) []planPart {
	var parts []planPart
	if len(p.Before) > 0 {
		parts = append(parts, planPart{title: "first  count what must be kept", statements: p.Before, watch: true})
	}
	n := 0
	for _, s := range p.Steps {
		if s.More && len(parts) > 0 {
			last := &parts[len(parts)-1]
			last.statements = append(last.statements, s.SQL)
			continue
		}
		n++
		parts = append(parts, planPart{title: itoa(n) + "  " + s.Cause, statements: []string{s.SQL}})
	}
	if len(p.After) > 0 {
		last := planPart{title: "last  or all of it is rolled back", watch: true}
		for _, a := range p.After {
			last.statements = append(last.statements, a.Statement())
		}
		parts = append(parts, last)
	}
	return parts
}

// sqlBlock writes a plan's SQL, a line an element: blanks between elements
// would show.
func sqlBlock(p *migrate.Plan) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for _, part := range planParts(p) {
			title := templ.EscapeString(part.title)
			if part.watch { // many, and all alike
				b.WriteString(`<details class="params"><summary>-- ` + title + `: ` + plural(len(part.statements), "statement") +
					`</summary><pre class="sql">`)
			} else {
				b.WriteString(`<pre class="sql"><span class="note">-- ` + title + `</span>`)
			}
			for _, sql := range part.statements {
				class := stepClass(sql)
				if part.watch {
					class = "line"
				}
				for _, line := range sqlLines(sql + ";") {
					b.WriteString(`<span class="` + class + `">` + templ.EscapeString(line) + `</span>`)
				}
			}
			b.WriteString(`</pre>`)
			if part.watch {
				b.WriteString(`</details>`)
			}
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}
