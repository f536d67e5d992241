package schema

import (
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// MasterRow is a row of sqlite_master.
type MasterRow struct{ Type, Name, Table, SQL string }

// FromObjects reads what a database keeps of itself. Names that are Reserved
// are left out; a table or index whose text can't be read is an error that
// names it.
func FromObjects(rows []MasterRow) (*Schema, error) {
	s := &Schema{}
	for _, row := range rows {
		if sqltext.Reserved(row.Name) || sqltext.Reserved(row.Table) || row.SQL == "" {
			continue
		}
		switch {
		case row.Type == "table" && strings.HasPrefix(canonicalExpr(row.SQL), "create virtual table"):
			s.Objects = append(s.Objects, Object{Type: "virtual table", Name: row.Name, Table: row.Table, SQL: row.SQL})
		case row.Type == "table":
			t, err := ParseTable(row.SQL)
			if err != nil {
				return nil, fmt.Errorf("table %s can't be read: %w", row.Name, err)
			}
			s.Tables = append(s.Tables, t)
		case row.Type == "view" || row.Type == "trigger":
			s.Objects = append(s.Objects, Object(row))
		}
	}
	for _, row := range rows {
		if row.Type != "index" || row.SQL == "" || sqltext.Reserved(row.Table) {
			continue
		}
		ix, table, err := ParseIndex(row.SQL)
		if err != nil {
			return nil, fmt.Errorf("index %s can't be read: %w", row.Name, err)
		}
		if t, ok := s.Table(table); ok {
			ix.texts(t)
			t.Indexes = append(t.Indexes, ix)
		}
	}
	return s, nil
}

// texts takes what stands like a column in double quotes and is none for the text that
// SQLite takes it for.
func (ix *Index) texts(t *Table) {
	for i := range ix.Columns {
		c := &ix.Columns[i]
		if _, ok := t.Column(c.Expr); !ok && !c.IsExpr {
			c.Expr, c.IsExpr = sqltext.Quote(c.Expr), true
		}
	}
}
