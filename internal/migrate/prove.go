package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// stepError is a statement the engine refused on the scratch copy.
type stepError struct {
	step int   // index into Plan.Steps, or -1 for what the steps leave behind
	fill *Fill // what can't be filled, nil for a step
	text string
}

func (e *stepError) Error() string { return e.text }

// prove replays a plan on a scratch copy of the live schema and compares what comes out
// with the target, and what no step is about with what it was (keep). It returns the
// schema afterwards. A step that fails, and an end that differs from the target, is a
// *stepError.
func prove(live *live.Database, target *schema.Schema, p *Plan, keep []schema.MasterRow) (*live.Database, error) {
	s, err := shadow.Like(context.Background(), live.Rows)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	for _, sql := range p.Before {
		if err := s.Exec(sql); err != nil {
			return nil, ends("%s: %s", sql, engineWords(err))
		}
	}
	for i, step := range p.Steps {
		if err := s.Exec(step.SQL); err != nil {
			return nil, &stepError{step: i, text: engineWords(err)}
		}
	}
	for _, a := range p.After {
		if err := s.Exec(a.Statement()); err != nil {
			return nil, ends("%s: %s", a.What, engineWords(err))
		}
	}
	if err := proveFills(s, p); err != nil {
		return nil, err
	}
	after, err := s.Read()
	if err != nil {
		return nil, ends("it can't be read afterwards: %v", err)
	}
	if words := differs(after, target, keep, p.Left); len(words) > 0 {
		return nil, ends("%s", strings.Join(words, "; "))
	}
	return after, nil
}

// ends is for steps that don't lead to the target: a fault of the planner, which nobody
// should have to look for in a log.
func ends(format string, args ...any) error {
	return &stepError{step: -1, text: "On an empty copy of this schema the steps don't end where they should, " +
		"which is a fault of the dashboard and not of the schema: " + fmt.Sprintf(format, args...) + "."}
}

// differs says where a schema is not the target, or something else not what it was.
func differs(after *live.Database, target *schema.Schema, keep []schema.MasterRow, left []live.Left) (words []string) {
	for _, c := range standing(schema.Diff(after.Schema, target), left) {
		words = append(words, c.Words())
	}
	last := map[string]int{} // where the last trigger of a table stands
	for _, row := range keep {
		at := slices.IndexFunc(after.Rows, func(r schema.MasterRow) bool {
			return r.Type == row.Type && r.Name == row.Name && r.Table == row.Table && (r.SQL == row.SQL || schema.Requoted(row.SQL, r.SQL))
		})
		if at < 0 {
			words = append(words, "the "+row.Type+" "+row.Name+" is not what it was")
		}
		if table := sqltext.Fold(row.Table); row.Type == "trigger" && at >= 0 {
			if at < last[table] {
				words = append(words, "the trigger "+row.Name+" has lost its place among those of "+row.Table)
			}
			last[table] = at
		}
	}
	return words
}

func engineWords(err error) string {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return d1.Words(e.Text)
	}
	return err.Error()
}
