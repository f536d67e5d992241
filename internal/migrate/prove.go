package migrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// prove replays a plan on a scratch copy of the live schema and compares what
// comes out with the target. It returns an error that says where they differ,
// which is a defect of the planner or a schema that can't be made.
func prove(live *Live, target *schema.Schema, p *Plan) error {
	c, err := sqlite.Open("", sqlite.Options{Memory: true})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	statements := live.Statements()
	for _, s := range p.Steps {
		statements = append(statements, s.SQL)
	}
	rows, err := replay(c, statements)
	if err != nil {
		return err
	}
	after, err := schema.FromObjects(rows)
	if err != nil {
		return err
	}
	if left := schema.Diff(after, target); len(left) > 0 {
		words := make([]string, len(left))
		for i, c := range left {
			words[i] = c.Words()
		}
		return fmt.Errorf("migrate: the plan does not end at its target: %s", strings.Join(words, "; "))
	}
	return nil
}

// Statements make the live schema anew, in an order that works.
func (l *Live) Statements() []string {
	var statements []string
	for _, kind := range []string{"table", "index", "view", "trigger"} {
		for _, r := range l.Rows {
			if r.Type == kind && r.SQL != "" {
				statements = append(statements, r.SQL)
			}
		}
	}
	return statements
}

// replay runs statements on a scratch engine and returns its sqlite_master.
func replay(c *sqlite.Conn, statements []string) ([]schema.MasterRow, error) {
	if err := c.Begin(context.Background(), sqlite.Write); err != nil {
		return nil, err
	}
	defer func() { _ = c.End(false) }()
	for _, sql := range statements {
		st, err := c.Prepare(sql)
		if err != nil {
			return nil, fmt.Errorf("migrate: on a scratch copy: %s: %w", sql, err)
		}
		for more := true; more && err == nil; {
			more, err = st.Step()
		}
		st.Close()
		if err != nil {
			return nil, fmt.Errorf("migrate: on a scratch copy: %s: %w", sql, err)
		}
	}
	st, err := c.Prepare(inspectSQL)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	var rows []schema.MasterRow
	for {
		row, err := st.Step()
		if err != nil || !row {
			return rows, err
		}
		rows = append(rows, schema.MasterRow{Type: st.Bytes(0), Name: st.Bytes(1), Table: st.Bytes(2), SQL: st.Bytes(3)})
	}
}
