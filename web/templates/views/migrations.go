package views

import (
	"context"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// Migrations is how a database stands against a version of a schema, and what
// was done to it.
type Migrations struct {
	Database fleet.Database
	Schemas  []fleet.Schema
	// Schema and Version are what it is compared with.
	Schema   string
	Version  int
	Versions []fleet.Version
	// Plan is the difference, nil without a schema to compare with.
	Plan *migrate.Plan
	// Error is why there is no comparison.
	Error string
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
	// Stale says that the database's schema changed since.
	Stale bool
	// CanApprove and CanApply are what the operator may do.
	CanApprove, CanApply bool
	// Restorable says that the restore point kept before it is still there, and
	// that the operator may use it.
	Restorable bool
	Error      string
}

func (v Plan) title() string {
	return v.Plan.Body.Schema + " v" + itoa(v.Plan.Body.Version)
}

func riskTone(r migrate.Risk) string {
	switch r {
	case migrate.Safe:
		return "ok"
	case migrate.Check, migrate.Caution:
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
	if len(sql) > 4 && sql[:4] == "DROP" {
		return "del"
	}
	return "add"
}

// planSQL is a plan's statements as one text, for copying.
func planSQL(p *migrate.Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(s.SQL + ";\n")
	}
	return b.String()
}

// sqlBlock writes a plan's SQL, a line an element: blanks between elements
// would show.
func sqlBlock(p *migrate.Plan) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		b.WriteString(`<pre class="sql">`)
		for i, s := range p.Steps {
			b.WriteString(`<span class="note">-- ` + itoa(i+1) + "  " + templ.EscapeString(s.Cause) + `</span>`)
			for _, line := range sqlLines(s.SQL + ";") {
				b.WriteString(`<span class="` + stepClass(s.SQL) + `">` + templ.EscapeString(line) + `</span>`)
			}
		}
		b.WriteString(`</pre>`)
		_, err := io.WriteString(w, b.String())
		return err
	})
}
