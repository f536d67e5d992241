package migrate

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
)

// lintMeanings says of each statement that defines data what it does to the views and
// triggers there are, as a plan's findings do: the statements run on an empty copy, one
// after the other. What the engine refuses says nothing.
func lintMeanings(live *live.Database, statements []string, add func(i int, f Finding)) {
	if !slices.ContainsFunc(live.Rows, func(r schema.MasterRow) bool { return r.Type == "view" || r.Type == "trigger" || isFullText(r) }) ||
		!slices.ContainsFunc(statements, schema.Defines) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), draftTime)
	defer cancel()
	s, err := shadow.Like(ctx, live.Rows)
	if err != nil {
		return
	}
	defer s.Close()
	before := live
	for i, sql := range statements {
		if !schema.Defines(sql) || s.Exec(sql) != nil {
			continue
		}
		after, err := s.Read()
		if err != nil {
			return
		}
		for _, f := range meaningsBetween(before, after, sql) {
			add(i, f)
		}
		before = after
	}
}

// meaningsBetween are the findings about views and triggers of one statement.
func meaningsBetween(before, after *live.Database, sql string) []Finding {
	target := after.Schema.Clone()
	if r, ok := schema.ParseRename(sql); ok {
		note(target, before.Schema, r)
	}
	b := &builder{live: before, target: target, rows: before.Rows, plan: &Plan{}, changes: map[string]*tableChange{}}
	b.was, b.renamed = schema.Renamed(before.Schema, target)
	changes := slices.DeleteFunc(schema.Diff(b.was, target), func(c schema.Change) bool {
		_, text := c.(schema.CreateObject) // no statement gives one that is there another text; ALTER TABLE rewrites them
		return text
	})
	b.collect(changes)
	if err := b.meaning(after, changes); err != nil {
		return nil
	}
	for _, r := range b.plan.Refusals {
		b.finding(codeMeans, Fails, r.Object, r.Reason, fixMeaning)
	}
	return b.plan.Findings
}
