package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Lint says of statements somebody wrote by hand what the planner says of its own:
// for each statement what was found, with the codes of [Plan].Findings. They are
// read, and run on an empty copy alone; what the engine refuses by itself isn't found here.
//
// A comment "lint:allow DL101 the reason" anywhere in a statement overrides that
// code in it, see [Allowed].
func Lint(live *live.Database, statements []string) [][]Finding {
	out := make([][]Finding, len(statements))
	for i, sql := range statements {
		add := func(code string, level Level, object, what, fix string) {
			out[i] = append(out[i], Finding{Code: code, Level: level, Object: object, What: what, Fix: fix})
		}
		lintDrop(live, sql, add)
		lintRename(live, sql, add)
		lintCreate(sql, add)
		lintPragma(sql, add)
	}
	lintMeanings(live, statements, func(i int, f Finding) { out[i] = append(out[i], f) })
	return out
}

func lintDrop(live *live.Database, sql string, add addFinding) {
	d, ok := schema.ParseDrop(sql)
	if !ok {
		return
	}
	switch d.Kind {
	case "table":
		t, ok := live.Schema.Table(d.Name)
		if !ok {
			return // not there, or a virtual one
		}
		children := referring(live, t.Name)
		if len(children) == 0 {
			add("DL101", Warns, t.Name, "The table and its rows are gone.",
				"Export it first; a restore point brings back all of the database or nothing.")
			return
		}
		add("DL101", Fails, t.Name,
			"Other tables refer to it: "+strings.Join(children, ", ")+
				". DROP TABLE first deletes the rows, so those that refer to them are deleted or changed too, or it fails. "+
				"PRAGMA foreign_keys = off has no effect on that.",
			"To change the table, save its new form as a version of the schema: the plan keeps every row. "+
				"To be rid of it, let the references go first.")
	case "column":
		if t, ok := live.Schema.Table(d.Name); ok {
			if c, ok := t.Column(d.Column); ok {
				add("DL102", Warns, t.Name+"."+c.Name, "The column and its values are gone, and code that reads it fails.",
					"Let code stop using it first.")
			}
		}
	case "view", "trigger":
		add("CP102", Warns, d.Name, "The "+d.Kind+" is gone.", "Let code stop using it first.")
	}
}

// referring are the names of the other tables that refer to one.
func referring(live *live.Database, table string) (out []string) {
	for _, t := range live.Schema.Tables {
		refers := slices.ContainsFunc(t.ForeignKeys, func(fk schema.ForeignKey) bool { return sqltext.Same(fk.Table, table) })
		if refers && !sqltext.Same(t.Name, table) {
			out = append(out, t.Name)
		}
	}
	return out
}

func lintRename(live *live.Database, sql string, add addFinding) {
	r, ok := schema.ParseRename(sql)
	if !ok {
		return
	}
	t, ok := live.Schema.Table(r.Table)
	if !ok {
		return // made in the same run
	}
	object, what := r.To, "Rename table "+t.Name+" to "+r.To
	if r.Column != "" {
		object, what = t.Name+"."+r.To, "Rename column "+t.Name+"."+r.Column+" to "+r.To
	}
	add("CP101", Fails, object, what+": code that uses the old name fails as soon as this has run.",
		"Deploy code that can do with both names, or none of them, first.")
}

func lintCreate(sql string, add addFinding) {
	// Its indexes come with statements of their own, so nothing is said of those.
	if t, err := schema.ParseTable(sql); err == nil && len(t.PrimaryKey) == 0 {
		add("HY102", Notes, t.Name, "The table has no primary key.", "Give it one, so that a row can be named.")
	}
}

func lintPragma(sql string, add addFinding) {
	var words []string
	for t := range sqltext.Code(sql) {
		words = append(words, sqltext.Fold(t.Text))
	}
	if len(words) < 3 || words[0] != "pragma" {
		return
	}
	if i := slices.Index(words, "foreign_keys"); i > 0 && len(words) > i+1 && words[i+1] != ";" {
		add("LM101", Warns, "foreign_keys", "It has no effect: D1 runs everything in a transaction, and foreign keys stay on.",
			"Leave it out. PRAGMA defer_foreign_keys = on moves the checks, but not the actions, to the end.")
	}
}

// Allowed are the overrides that a statement's comments carry: "lint:allow CODE
// reason", up to the end of the line or comment. One without a reason is none.
func Allowed(sql string) (out []Override) {
	for t := range sqltext.Tokens(sql) {
		if t.Kind != sqltext.Comment {
			continue
		}
		text := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(t.Text, "--"), "/*"), "*/")
		for line := range strings.Lines(text) {
			rest, ok := strings.CutPrefix(strings.TrimSpace(line), "lint:allow ")
			if !ok {
				continue
			}
			if code, reason, ok := strings.Cut(strings.TrimSpace(rest), " "); ok && strings.TrimSpace(reason) != "" {
				out = append(out, Override{Code: sqltext.Upper(code), Reason: strings.TrimSpace(reason)})
			}
		}
	}
	return out
}
