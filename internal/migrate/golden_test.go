package migrate_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

var update = flag.Bool("update", false, "write the golden plans anew")

// TestGoldenPlans reads testdata/plans: a live database (live.sql), the schema it
// is to have (schema.json) and the one before (previous.json), and the plan in
// full. Every plan that can be is applied, and its schema is then the target's.
func TestGoldenPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/plans/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range a.Files {
				part[f.Name] = string(f.Data)
			}
			db := database(t, lines(part["live.sql"])...)
			live, err := migrate.Inspect(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			var previous *schema.Schema
			if part["previous.json"] != "" {
				previous = parse(t, part["previous.json"])
			}
			target := parse(t, part["schema.json"])
			p, err := migrate.New(live, target, previous)
			if err != nil {
				t.Fatal(err)
			}
			got := printed(p)
			if *update {
				for i := range a.Files {
					if a.Files[i].Name == "plan" {
						a.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(file, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(part["plan"], got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if p.Ready() != nil {
				return
			}
			if _, err := p.Ask(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "a", Actor: "test", At: now}); err != nil {
				t.Fatal(err)
			}
			after, err := migrate.Inspect(t.Context(), db)
			if err != nil || len(schema.Diff(after.Schema, target)) > 0 {
				t.Errorf("%v: not at the target", err)
			}
		})
	}
}

// lines are statements, one a line.
func lines(sql string) []string {
	var out []string
	for line := range strings.Lines(sql) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func printed(p *migrate.Plan) string {
	var b strings.Builder
	for _, r := range p.Refusals {
		fmt.Fprintf(&b, "refused: %s: %s\n", r.Cause, r.Reason)
	}
	for _, sql := range p.Before {
		fmt.Fprintf(&b, "before: %s\n", sql)
	}
	for _, s := range p.Steps {
		if !s.More {
			fmt.Fprintf(&b, "%s: %s. %s\n", s.Risk, s.Cause, s.Reason)
		}
		fmt.Fprintf(&b, "  %s;\n", strings.ReplaceAll(s.SQL, "\n", "\n  "))
	}
	for _, f := range p.Fills {
		fmt.Fprintf(&b, "fill: %s, in the order of", f.Words())
		for _, k := range f.Key {
			fmt.Fprintf(&b, " %s", k.Name)
		}
		b.WriteString("\n")
	}
	for _, a := range p.After {
		fmt.Fprintf(&b, "after: %s\n", a.What)
	}
	for _, l := range p.Losses {
		fmt.Fprintf(&b, "lost: %s. %s\n", l.Name, l.Words)
	}
	for _, c := range p.Checks {
		fmt.Fprintf(&b, "%s: %s: %s\n", c.Severity, c.What, c.Count)
	}
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "%s %s: %s: %s\n", f.Code, f.Level, f.Object, f.What)
	}
	for _, t := range p.Unmanaged {
		fmt.Fprintf(&b, "left alone: %s\n", t)
	}
	return b.String()
}
