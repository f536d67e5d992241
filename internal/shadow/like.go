package shadow

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Like returns a copy of what these rows of sqlite_master are of. What the engine can't
// make is left out, and with it what can't be made without it: Copy.Left names it. The
// error is for a copy that can't be had at all, or not before ctx ended.
func Like(ctx context.Context, rows []schema.MasterRow) (*Copy, error) {
	s, err := begin(ctx)
	if err != nil {
		return nil, err
	}
	for _, kind := range live.Types() {
		if err := s.makeAll(ctx, kind, rows); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// makeAll makes what is of one type. Of what fails all is tried again for as long as
// something comes of it: a virtual table may want another one that comes later by name.
func (s *Copy) makeAll(ctx context.Context, kind string, rows []schema.MasterRow) error {
	var todo []schema.MasterRow
	for _, row := range rows {
		if row.Type == kind && row.SQL != "" {
			todo = append(todo, row)
		}
	}
	for before := -1; len(todo) > 0 && len(todo) != before; {
		before = len(todo)
		var failed []schema.MasterRow
		var left []live.Left
		for _, row := range todo {
			err := s.Exec(row.SQL)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				failed, left = append(failed, row), append(left, live.Left{Type: row.Type, Name: row.Name, Table: row.Table, Reason: reason(row, err)})
			}
		}
		if todo = failed; len(todo) == before {
			s.lacks, s.Left = append(s.lacks, failed...), append(s.Left, left...)
		}
	}
	return nil
}

// Lacks reports whether the copy lacks something for a collation that the engine doesn't
// have. There ALTER TABLE … RENAME and DROP COLUMN fail for every table, and here not.
func (s *Copy) Lacks() (left live.Left, ok bool) {
	i := slices.IndexFunc(s.Left, func(l live.Left) bool { return strings.HasPrefix(l.Reason, usesCollation) })
	if i < 0 {
		return live.Left{}, false
	}
	return s.Left[i], true
}

const usesCollation = "it uses the collation "

// reason says why the engine can't make something, in our words where there are some.
func reason(row schema.MasterRow, err error) string {
	text, module := err.Error(), schema.Module(row.SQL)
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		text = d1.Said(e.Text)
	}
	if name, ok := strings.CutPrefix(text, "no such collation sequence: "); ok {
		return usesCollation + name + ", which neither D1 nor this engine has"
	}
	if name, ok := strings.CutPrefix(text, "no such tokenizer: "); ok {
		return "it splits texts by the tokenizer " + name + ", which neither D1 nor this engine has"
	}
	switch {
	case module != "" && strings.HasPrefix(text, "not authorized"):
		return "it is of the module " + module + ", which neither D1 nor this engine has"
	case module != "":
		return "the module " + module + " can't make it: SQLite says: " + text
	case strings.HasPrefix(text, "no such table: "):
		return "what it is on is gone, or left alone itself"
	}
	return "the engine can't make it: SQLite says: " + text
}
