package copier

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// broken are rows that break a constraint of their table, which a database can hold all
// the same.
type broken struct {
	table string
	// parent is the table they refer to, "" for rows that break a CHECK.
	parent string
	rows   int64
}

func (b broken) String() string {
	if b.parent == "" {
		return fmt.Sprintf("Rows of %s that break a CHECK: %d", b.table, b.rows)
	}
	return fmt.Sprintf("Rows of %s that refer to rows of %s that aren't there: %d", b.table, b.parent, b.rows)
}

// ask runs a query of a database that has the content.
type ask func(sql string) ([][]d1.Value, error)

// look finds the rows of the tables that break a constraint. notes are what it could not
// look at.
func look(ctx context.Context, tables []Table, ask ask) (found []broken, notes []string, err error) {
	for _, t := range tables {
		rows, err := t.dangling(tables, ask)
		if err != nil && ctx.Err() == nil {
			notes = append(notes, "The foreign keys of "+t.Name+" lead to columns that are no key, so its rows were not looked at.")
			err = nil
		}
		if err != nil {
			return nil, nil, err
		}
		found = append(found, rows...)
		n, err := t.unchecked(ask)
		if err != nil && ctx.Err() == nil {
			notes = append(notes, "The CHECKs of "+t.Name+" can't be asked about, so its rows were not looked at.")
			err = nil
		}
		if err != nil {
			return nil, nil, err
		}
		if n > 0 {
			found = append(found, broken{table: t.Name, rows: n})
		}
	}
	return found, notes, nil
}

// dangling are the rows that refer to what isn't there.
func (t Table) dangling(tables []Table, ask ask) ([]broken, error) {
	if len(t.Parents) == 0 || t.allRefer(tables, ask) {
		return nil, nil
	}
	rows, err := ask("SELECT parent, count(*) FROM pragma_foreign_key_check(" + sqltext.QuoteText(t.Name) + ") GROUP BY 1 ORDER BY 1")
	var out []broken
	for _, r := range rows {
		out = append(out, broken{t.Name, r[0].Text(), r[1].Int()})
	}
	return out, err
}

// allRefer reports whether every foreign key certainly leads to a row: by a query that
// goes through the child's index, where there is one, and so through the parent in order.
// SQLite's own check takes the rows as they come, which costs ten times as much. It gives
// the child's value the parent's affinity, so both must have the same.
func (t Table) allRefer(tables []Table, ask ask) bool {
	child, err := schema.ParseTable(t.SQL)
	if err != nil {
		return false
	}
	for _, fk := range child.ForeignKeys {
		i := slices.IndexFunc(tables, func(t Table) bool { return sqltext.Same(t.Name, fk.Table) })
		if i < 0 {
			return false
		}
		parent, err := schema.ParseTable(tables[i].SQL)
		if err != nil {
			return false
		}
		to := fk.RefColumns
		if len(to) == 0 {
			to = parent.PrimaryKey
		}
		if len(to) != len(fk.Columns) {
			return false
		}
		sql, ok := orphan(child, parent, fk.Columns, to)
		if !ok {
			return false
		}
		if rows, err := ask(sql); err != nil || len(rows) > 0 {
			return false
		}
	}
	return true
}

// orphan is a query for one row of the child whose key isn't the parent's, false where it
// would compare otherwise than a foreign key does.
func orphan(child, parent schema.Table, from, to []string) (string, bool) {
	var has, same []string
	for i := range from {
		c, ok := child.Column(from[i])
		p, found := parent.Column(to[i])
		if !ok || !found || schema.Affinity(c.Type) != schema.Affinity(p.Type) {
			return "", false
		}
		has = append(has, "c."+sqltext.Quote(from[i])+" IS NOT NULL")
		same = append(same, "p."+sqltext.Quote(to[i])+" = c."+sqltext.Quote(from[i])) // the left one's collation holds
	}
	return "SELECT 1 FROM " + sqltext.Quote(child.Name) + " c WHERE " + strings.Join(has, " AND ") + " AND NOT EXISTS (SELECT 1 FROM " +
		sqltext.Quote(parent.Name) + " p WHERE " + strings.Join(same, " AND ") + ") LIMIT 1", true
}

// unchecked counts the rows that break a CHECK.
func (t Table) unchecked(ask ask) (int64, error) {
	parsed, err := schema.ParseTable(t.SQL)
	if err != nil || len(parsed.Checks) == 0 {
		return 0, err
	}
	conditions := make([]string, len(parsed.Checks))
	for i, c := range parsed.Checks {
		conditions[i] = "NOT coalesce((" + c + "), 1)"
	}
	rows, err := ask("SELECT count(*) FROM " + sqltext.Quote(t.Name) + " WHERE " + strings.Join(conditions, " OR "))
	if err != nil {
		return 0, err
	}
	return rows[0][0].Int(), nil
}
