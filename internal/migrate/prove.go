package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// stepError is a statement the engine refused on the scratch copy.
type stepError struct {
	step int   // index into Plan.Steps, or -1 for what the steps leave behind
	fill *Fill // what can't be filled, nil for a step
	text string
}

func (e *stepError) Error() string { return e.text }

// prove replays a plan on a scratch copy of the live schema and compares what
// comes out with the target, and what no step is about with what it was (keep). A step that fails, or a view or trigger that can't be
// compiled afterwards, is a *stepError; any other error says where the end differs
// from the target, which is a defect of the planner.
func prove(live *Live, target *schema.Schema, p *Plan, keep []schema.MasterRow) error {
	s, err := newScratch(context.Background(), live.Statements())
	if err != nil {
		return err
	}
	defer s.close()
	for _, sql := range p.Before {
		if err := s.run(sql); err != nil {
			return fmt.Errorf("migrate: on a scratch copy: %s: %w", sql, err)
		}
	}
	for i, step := range p.Steps {
		if err := s.run(step.SQL); err != nil {
			return &stepError{step: i, text: engineWords(err)}
		}
	}
	for _, a := range p.After {
		if err := s.run(a.Statement()); err != nil {
			return fmt.Errorf("migrate: on a scratch copy: %s: %w", a.Condition, err)
		}
	}
	if p.rewrites() {
		if err := s.broken(); err != nil {
			return &stepError{step: -1, text: engineWords(err)}
		}
	}
	if err := s.proveFills(p); err != nil {
		return err
	}
	after, err := s.inspect()
	if err != nil {
		return err
	}
	left := schema.Diff(after.Schema, target)
	words := make([]string, len(left))
	for i, c := range left {
		words[i] = c.Words()
	}
	for _, row := range keep {
		if !slices.Contains(after.Rows, row) {
			words = append(words, "the "+row.Type+" "+row.Name+" is not what it was")
		}
	}
	if len(words) > 0 {
		return fmt.Errorf("migrate: the plan does not end at its target: %s", strings.Join(words, "; "))
	}
	return nil
}

// rewrites reports whether the plan does more than add.
func (p *Plan) rewrites() bool {
	for _, s := range p.Steps {
		if s.Risk != Safe && s.Risk != Check {
			return true
		}
	}
	return false
}

func engineWords(err error) string {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return d1.Words(e.Text)
	}
	return err.Error()
}
