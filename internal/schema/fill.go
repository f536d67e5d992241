package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// readFill reads the expression that old rows get in portions.
func (r *columnReader) readFill(w word) {
	if r.c.Fill != "" {
		r.bad(w, "a column is filled from one expression")
	}
	expr, ok := r.parenthesized(w, "fill")
	if ok && slices.ContainsFunc(slices.Collect(sqltext.Code(expr)), func(t sqltext.Token) bool { return t.Kind == sqltext.Parameter }) {
		r.bad(w, "%q has a parameter, and nobody is there to give it a value", expr)
	}
	r.c.Fill = strings.TrimSpace(expr)
}

// checkFill refuses a fill that would find no row to write, or none it may.
func (r *columnReader) checkFill() {
	why := ""
	switch {
	case r.c.Fill == "":
		return
	case r.c.Generated != "":
		why = "a generated column is computed from its own expression"
	case r.isPK:
		why = "a part of the primary key has a value from the beginning"
	case r.c.NotNull:
		why = "a column that is not null has a value in every row as soon as it is there. Leave not null out, and let it come in a later version"
	case r.c.Default != "":
		why = "a column with a default has it in every row as soon as it is there. Take one of the two"
	default:
		return
	}
	r.p.bad(r.base, "fill gives a value to rows whose column is NULL, and %s", why)
}

// fillInKey is for a key that is declared after the columns.
func (p *parser) fillInKey(t *Table, offset int) {
	for _, name := range t.PrimaryKey {
		if c, ok := t.Column(name); ok && c.Fill != "" {
			p.bad(offset, "%s has fill, and a part of the primary key has a value from the beginning", name)
		}
	}
}

// FillSQL returns the expression of the column's fill as it stands in a statement:
// in parentheses, which a comment at its end can't swallow.
func (c *Column) FillSQL() string {
	if strings.Contains(c.Fill, "--") {
		return "(" + c.Fill + "\n)"
	}
	return "(" + c.Fill + ")"
}

// FiresOnUpdate reports whether a trigger's CREATE text fires when that column is
// written by an UPDATE.
func FiresOnUpdate(sql, column string) bool {
	t, ok := ParseTrigger(sql)
	return ok && t.Event == "update" &&
		(len(t.Of) == 0 || slices.ContainsFunc(t.Of, func(name string) bool { return sqltext.Same(name, column) }))
}

// Line returns the column as it stands in a schema file, for instance
// "name": "text fill (lower(email))".
func (t *Table) Line(c *Column) string {
	return quoteJSON(c.Name) + ": " + quoteJSON(t.columnSource(c))
}

// CheckedColumn returns the only column a CHECK of the table speaks of, "" when it
// speaks of none or several. Such a check comes with the column.
func (t *Table) CheckedColumn(check string) string { return t.checkedColumn(check) }

// Clone returns a copy that shares nothing with the schema.
func (s *Schema) Clone() *Schema { return s.clone() }
