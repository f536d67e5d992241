package schema

import (
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// DDL returns the statements that make the schema in an empty database.
func (s *Schema) DDL() []string {
	var out []string
	for i := range s.Tables {
		out = append(out, s.Tables[i].DDL())
		for _, ix := range s.Tables[i].Indexes {
			out = append(out, ix.DDL(s.Tables[i].Name))
		}
	}
	for _, o := range s.Objects {
		out = append(out, o.SQL)
	}
	return out
}

// DDL returns the CREATE TABLE statement, a line a column, or the text of a table
// that is written verbatim.
func (t *Table) DDL() string {
	if t.Verbatim {
		return strings.TrimRight(t.SQL, "; \t\r\n")
	}
	var lines []string
	for i := range t.Columns {
		lines = append(lines, t.columnDDL(&t.Columns[i]))
	}
	if len(t.PrimaryKey) > 0 && !t.keyAtColumn() {
		lines = append(lines, "PRIMARY KEY ("+t.primary().ddl()+")")
	}
	for _, u := range t.Unique {
		if len(u) > 1 {
			lines = append(lines, "UNIQUE ("+sqltext.QuoteAll(u)+")")
		}
	}
	for _, k := range t.UniqueTerms {
		lines = append(lines, "UNIQUE ("+k.ddl()+")")
	}
	for _, fk := range t.ForeignKeys {
		if len(fk.Columns) > 1 {
			lines = append(lines, "FOREIGN KEY ("+sqltext.QuoteAll(fk.Columns)+") "+fk.ddl())
		}
	}
	for _, c := range t.Checks {
		if t.checkedColumn(c) == "" {
			lines = append(lines, "CHECK ("+c+")")
		}
	}
	var options []string
	if t.Strict {
		options = append(options, "STRICT")
	}
	if t.WithoutRowID {
		options = append(options, "WITHOUT ROWID")
	}
	sql := "CREATE TABLE " + sqltext.Quote(t.Name) + " (\n  " + strings.Join(lines, ",\n  ") + "\n)"
	if len(options) > 0 {
		sql += " " + strings.Join(options, ", ")
	}
	return sql
}

// keyAtColumn reports whether the primary key is written at its column. There alone
// DESC keeps an INTEGER key from being the rowid, and there is no COLLATE.
func (t *Table) keyAtColumn() bool {
	return len(t.PrimaryKey) == 1 && !t.WithoutRowID && t.primary()[0].Collate == ""
}

// columnDDL returns a column's definition with the constraints that are its alone.
func (t *Table) columnDDL(c *Column) string {
	parts := []string{sqltext.Quote(c.Name)}
	add := func(ok bool, s string) {
		if ok {
			parts = append(parts, s)
		}
	}
	add(c.Type != "", c.Type)
	add(c.NotNull, "NOT NULL")
	for _, u := range t.Unique {
		add(len(u) == 1 && sqltext.Same(u[0], c.Name), "UNIQUE")
	}
	if t.keyAtColumn() && sqltext.Same(t.PrimaryKey[0], c.Name) {
		add(true, "PRIMARY KEY")
		add(len(t.PrimaryTerms) > 0, "DESC")
		add(t.Autoincrement, "AUTOINCREMENT")
	}
	add(c.Default != "", "DEFAULT "+defaultDDL(c.Default))
	add(c.Collate != "", "COLLATE "+c.Collate)
	for _, fk := range t.ForeignKeys {
		if len(fk.Columns) == 1 && sqltext.Same(fk.Columns[0], c.Name) {
			add(true, fk.ddl())
		}
	}
	for _, check := range t.Checks {
		add(sqltext.Same(t.checkedColumn(check), c.Name), "CHECK ("+check+")")
	}
	if c.Generated != "" {
		add(true, "AS ("+c.Generated+")")
		add(c.Stored, "STORED")
	}
	return strings.Join(parts, " ")
}

// checkedColumn returns the only column a CHECK speaks of, "" when it speaks of
// none or several: such a check belongs to the column's definition, so that
// adding the column adds the check.
func (t *Table) checkedColumn(check string) string {
	found := ""
	for tok := range sqltext.Code(check) {
		c, ok := t.Column(tok.Ident())
		if !ok || !tok.IsName() || sqltext.Same(c.Name, found) {
			continue
		}
		if found != "" {
			return ""
		}
		found = c.Name
	}
	return found
}

// IsConstant reports whether a default is a literal, so that ALTER TABLE can
// give it to old rows. CURRENT_TIMESTAMP is none.
func IsConstant(expr string) bool {
	r := newReader(expr)
	signed := r.accept("-") || r.accept("+")
	t := r.next()
	return r.done() && (t.IsLiteral() || isWordOf(t, "null") || !signed && isWordOf(t, "true", "false"))
}

// defaultDDL puts an expression in parentheses where the grammar wants them.
func defaultDDL(expr string) string {
	r := newReader(expr)
	if expr == "" || IsConstant(expr) || isWordOf(r.next(), "current_timestamp", "current_date", "current_time") && r.done() {
		return expr
	}
	return "(" + expr + ")"
}

func (fk *ForeignKey) ddl() string {
	sql := "REFERENCES " + sqltext.Quote(fk.Table)
	if len(fk.RefColumns) > 0 {
		sql += " (" + sqltext.QuoteAll(fk.RefColumns) + ")"
	}
	if fk.OnDelete != "" {
		sql += " ON DELETE " + fk.OnDelete
	}
	if fk.OnUpdate != "" {
		sql += " ON UPDATE " + fk.OnUpdate
	}
	if fk.Deferred {
		sql += " DEFERRABLE INITIALLY DEFERRED"
	}
	return sql
}

// AddColumnDDL returns the statement that adds a column to the table, with the
// constraints that are the column's alone.
func (t *Table) AddColumnDDL(c *Column) string {
	return "ALTER TABLE " + sqltext.Quote(t.Name) + " ADD COLUMN " + t.columnDDL(c)
}

// DDL returns the CREATE INDEX statement.
func (ix *Index) DDL(table string) string {
	cols := make([]string, len(ix.Columns))
	for i, c := range ix.Columns {
		cols[i] = c.ddl()
	}
	sql := "CREATE "
	if ix.Unique {
		sql += "UNIQUE "
	}
	sql += "INDEX " + sqltext.Quote(ix.Name) + " ON " + sqltext.Quote(table) + " (" + strings.Join(cols, ", ") + ")"
	if ix.Where != "" {
		sql += " WHERE " + ix.Where
	}
	return sql
}
