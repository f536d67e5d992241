package migrate

import (
	"fmt"
	"slices"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// FillChunk is how many rows of a table a chunk of a fill reads, and writes at most.
// D1 runs one query at a time, so everybody waits for a chunk: at WritesPerSecond,
// a row and two indexes of it take 0.3 s. A smaller one would spend more on the way
// to the database than in it.
const FillChunk = 10_000

// Fill is a column that rows get a value in after the plan's batch, in chunks.
type Fill struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	// Expression is SQL of the row.
	Expression string `json:"expression"`
	// Key are the columns whose order the chunks follow. No two rows have the same
	// values in them, and none has NULL.
	Key []FillKey `json:"key"`
}

// FillKey is a column of the order that a fill follows.
type FillKey struct {
	// Name is a column's, or rowid's.
	Name string `json:"name"`
	// Collate is the collation of the key's index, "" for the column's own.
	Collate string `json:"collate,omitempty"`
}

// Words say the fill, for instance "Fill users.mail with lower(email)".
func (f Fill) Words() string { return "Fill " + f.Object() + " with " + f.Expression }

// Object is the table's name and the column's.
func (f Fill) Object() string { return f.Table + "." + f.Column }

// fills notes what is to be filled of the columns that come. How the rows are told
// apart is asked of the tables as the steps leave them: a live table may have what
// no schema file says.
func (b *builder) fills(changes []schema.Change) error {
	var after *live.Database
	for _, c := range changes {
		add, ok := c.(schema.AddColumn)
		if !ok || add.Column.Fill == "" {
			continue
		}
		if after == nil {
			if _, err := b.failing(); err != nil { // prove will say what is wrong with a step
				return err
			}
			var err error
			if after, err = b.trial.Read(); err != nil {
				return err
			}
		}
		t, ok := after.Schema.Table(add.Table.Name)
		if !ok {
			continue // a step failed, which prove will say
		}
		key, err := fillKey(b.trial, t)
		if err != nil {
			return err
		}
		f := Fill{Table: add.Table.Name, Column: add.Column.Name, Expression: add.Column.Fill, Key: key}
		if len(key) == 0 {
			b.refuse(fillWords{f}, "Its rows can't be taken in portions: rowid, _rowid_ and oid are all columns of it, "+
				"and its primary key may be NULL. Give it a primary key that is not null.")
			continue
		}
		b.plan.Fills = append(b.plan.Fills, f)
		b.plan.Findings = append(b.plan.Findings, Finding{
			Code: "CP104", Level: Warns, Object: f.Object(),
			What: fmt.Sprintf("Rows that are there get their value after the plan's transaction, %d at a time; "+
				"until then they read as NULL.", FillChunk),
			Fix: "Let code do with NULL, and write new rows with a value.",
		})
		for _, name := range b.triggersOf(f) {
			b.plan.Findings = append(b.plan.Findings, Finding{
				Code: "CP105", Level: Warns, Object: f.Object(),
				What: "The trigger " + name + " fires for every row that is filled, as for any other UPDATE.",
				Fix:  "Leave it out of this version and make it again in the next one, if it should not.",
			})
		}
	}
	return nil
}

// fillWords is a fill as a change.
type fillWords struct{ Fill }

// triggersOf names the triggers there will be that fire when the fill writes.
func (b *builder) triggersOf(f Fill) []string {
	var names []string
	fires := func(name, table, sql string) {
		if sqltext.Same(table, f.Table) && schema.FiresOnUpdate(sql, f.Column) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, o := range b.target.Objects {
		if o.Type == "trigger" {
			fires(o.Name, o.Table, o.SQL)
		}
	}
	for _, row := range b.rows {
		if row.Type == "trigger" && b.alone(row) {
			fires(row.Name, row.Table, row.SQL)
		}
	}
	return names
}

// fillKey returns the columns whose order a fill of the table follows, those of its
// live.Key: the rowid where there is a name of it, else the primary key; none where
// neither tells every row from the others. A key with collations of its own, which is
// not exact to live, tells them too: a fill orders by it as its index does.
func fillKey(s *shadow.Copy, t *schema.Table) ([]FillKey, error) {
	declared := live.Declared(t)
	switch k := declared.Key; {
	case k.Alias:
		return []FillKey{{Name: t.PrimaryKey[0]}}, nil
	case k.RowID != "":
		return []FillKey{{Name: k.RowID}}, nil
	case slices.ContainsFunc(k.Columns, func(i int) bool { return !declared.Columns[i].NotNull }):
		return nil, nil
	}
	return indexKey(s, t)
}

// indexKey is the order of the primary key's index: no chunk has to sort the table then.
// It is asked of the engine, as there the columns of a key without a collation of their
// own have the table's.
func indexKey(s *shadow.Copy, t *schema.Table) ([]FillKey, error) {
	name := sqltext.QuoteText(t.Name)
	st, err := s.Prepare("select name, coll from pragma_index_xinfo((select name from pragma_index_list(" + name +
		") where origin = 'pk')) where key = 1 order by seqno")
	if err != nil {
		return nil, err
	}
	defer st.Close()
	var key []FillKey
	for {
		row, err := st.Step()
		if err != nil || !row {
			return key, err
		}
		k := FillKey{Name: st.Bytes(0), Collate: sqltext.Upper(st.Bytes(1))}
		if c, _ := t.Column(k.Name); c != nil && sqltext.Same(k.Collate, c.Collation()) {
			k.Collate = ""
		}
		key = append(key, k)
	}
}

// proveFills runs the statements of the plan's fills on the scratch copy, where the
// steps have run: a *stepError names the fill the engine refuses.
func proveFills(s *shadow.Copy, p *Plan) error {
	if len(p.Fills) == 0 {
		return nil
	}
	for _, sql := range []string{createFills, createFillKeys} {
		if err := s.Exec(sql); err != nil {
			return fmt.Errorf("migrate: on an empty copy: %s: %w", sql, err)
		}
	}
	for i, f := range p.Fills {
		for _, first := range []bool{true, false} {
			for _, q := range f.statements("proof", first, FillChunk, 0) {
				if err := s.Bound(q); err != nil {
					return &stepError{fill: &p.Fills[i], text: engineWords(err)}
				}
			}
		}
	}
	return nil
}
