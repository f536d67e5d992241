package migrate

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// draftTime is how long statements may take on an empty copy of a schema.
const draftTime = 2 * time.Second

// After returns what a live schema would be after statements that define data:
// CREATE, ALTER and DROP, on an empty copy. Renames are noted as such. Errors:
// fault.Invalid names the statement that is none of these, or that the engine
// refuses, in its words.
func After(ctx context.Context, live *live.Database, text string) (*schema.Schema, error) {
	parts := sqltext.Split(text)
	if len(parts) == 0 {
		return nil, fault.New(fault.Invalid,
			"There is no statement. Write what is to change, for instance: alter table users add column note text")
	}
	ctx, cancel := context.WithTimeout(ctx, draftTime)
	defer cancel()
	s, err := shadow.Like(ctx, live.Rows)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var renames []schema.Rename
	for i, part := range parts {
		if !schema.Defines(part.SQL) {
			return nil, fault.New(fault.Invalid, "Statement %d is none that a schema can say: only CREATE, "+
				"ALTER and DROP can become a version, and no table can be made of a SELECT.", i+1)
		}
		if err := s.Exec(part.SQL); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "Statement %d: %s.", i+1, engineWords(err))
		}
		if r, ok := schema.ParseRename(part.SQL); ok {
			renames = append(renames, r)
		}
	}
	after, err := s.Read()
	if err != nil {
		return nil, err
	}
	for _, l := range after.Left {
		if leftAlone(live.Left, l.Type, l.Name) == nil {
			return nil, fault.New(fault.Invalid, "What comes out can't be read as a schema: %s.", l.Words())
		}
	}
	for _, r := range renames {
		note(after.Schema, live.Schema, r)
	}
	return after.Schema, nil
}

// note writes a rename into the schema it led to, where the old name was a live
// one.
func note(after, live *schema.Schema, r schema.Rename) {
	t, ok := after.Table(r.Table)
	if r.Column == "" {
		if t, ok = after.Table(r.To); !ok {
			return
		}
		if _, was := live.Table(r.Table); was && !sqltext.Same(r.Table, r.To) {
			t.Was = r.Table
		}
		return
	}
	if !ok {
		return
	}
	name := t.Name
	if t.Was != "" {
		name = t.Was
	}
	old, was := live.Table(name)
	if c, ok := t.Column(r.To); ok && was {
		if _, was := old.Column(r.Column); was {
			c.Was = r.Column
		}
	}
}
