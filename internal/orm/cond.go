package orm

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Cond is a condition on a row.
type Cond struct {
	op     string
	column string
	values []any
	conds  []Cond
}

// Eq is column = v, or column IS NULL for nil.
func Eq(column string, v any) Cond { return Cond{op: "=", column: column, values: []any{v}} }

// Ne is column <> v, or column IS NOT NULL for nil. As in SQL, a NULL is not
// different from anything.
func Ne(column string, v any) Cond { return Cond{op: "<>", column: column, values: []any{v}} }

// Gt is column > v.
func Gt(column string, v any) Cond { return Cond{op: ">", column: column, values: []any{v}} }

// Gte is column >= v.
func Gte(column string, v any) Cond { return Cond{op: ">=", column: column, values: []any{v}} }

// Lt is column < v.
func Lt(column string, v any) Cond { return Cond{op: "<", column: column, values: []any{v}} }

// Lte is column <= v.
func Lte(column string, v any) Cond { return Cond{op: "<=", column: column, values: []any{v}} }

// Like matches a pattern of at most 50 bytes, where % is any text and _ any
// character.
func Like(column, pattern string) Cond {
	return Cond{op: "LIKE", column: column, values: []any{pattern}}
}

// Contains is true where the text holds s, in any ASCII case. Unlike Like, s is
// taken as it is and may be long.
func Contains(column, s string) Cond {
	return Cond{op: "contains", column: column, values: []any{lower(s)}}
}

// EqFold is column = s, in any ASCII case.
func EqFold(column, s string) Cond {
	return Cond{op: "fold", column: column, values: []any{lower(s)}}
}

// lower is SQLite's lower(), which knows the letters of ASCII alone.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// In is true where the column is one of the values; of none, never. There may be any
// number of texts and integers: a long list of them is one bound value.
func In(column string, values ...any) Cond { return Cond{op: "IN", column: column, values: values} }

// NotIn is true where the column is none of the values; of none, always. As in In,
// there may be many.
func NotIn(column string, values ...any) Cond {
	return Cond{op: "NOT IN", column: column, values: values}
}

// And is true where all conditions are; of none, always.
func And(conds ...Cond) Cond { return Cond{op: "AND", conds: conds} }

// Or is true where any condition is; of none, never.
func Or(conds ...Cond) Cond { return Cond{op: "OR", conds: conds} }

// Not is true where the condition is false.
func Not(c Cond) Cond { return Cond{op: "NOT", conds: []Cond{c}} }

// Below is true where the column is less than a column of another table, in the row
// whose key is what ref holds; without such a row, never.
func Below(column, table, other, key, ref string) Cond {
	return Cond{op: "below", column: column, values: []any{table, other, key, ref}}
}

// compiler gathers SQL and values.
type compiler struct {
	schema *schema.Schema
	table  *schema.Table
	sql    strings.Builder
	args   []d1.Value
}

func (c *compiler) column(name string) (*schema.Column, error) {
	col, ok := c.table.Column(name)
	if !ok {
		return nil, fault.New(fault.Invalid, "The table %s has no column %q.", c.table.Name, name)
	}
	return col, nil
}

func (c *compiler) bind(col *schema.Column, v any) error {
	dv, err := toValue(col, v)
	if err != nil {
		return err
	}
	c.args = append(c.args, dv)
	c.sql.WriteString("?")
	return nil
}

func (c *compiler) cond(cond Cond) error {
	switch cond.op {
	case "AND", "OR":
		return c.group(cond)
	case "NOT":
		c.sql.WriteString("NOT (")
		err := c.cond(cond.conds[0])
		c.sql.WriteString(")")
		return err
	}
	col, err := c.column(cond.column)
	if err != nil {
		return err
	}
	switch cond.op {
	case "IN", "NOT IN":
		return c.in(col, cond)
	case "below":
		return c.below(col, cond.values)
	case "fold":
		c.sql.WriteString("lower(" + sqltext.Quote(col.Name) + ") = ")
		return c.bind(col, cond.values[0])
	case "contains":
		c.sql.WriteString("instr(lower(" + sqltext.Quote(col.Name) + "), ")
		err := c.bind(col, cond.values[0])
		c.sql.WriteString(") > 0")
		return err
	}
	c.sql.WriteString(sqltext.Quote(col.Name))
	if cond.values[0] == nil && (cond.op == "=" || cond.op == "<>") {
		c.sql.WriteString(map[string]string{"=": " IS NULL", "<>": " IS NOT NULL"}[cond.op])
		return nil
	}
	if s, ok := cond.values[0].(string); ok && cond.op == "LIKE" && len(s) > d1.MaxPattern {
		return fault.New(fault.Invalid, "A LIKE pattern has at most %d bytes; use Contains.", d1.MaxPattern)
	}
	c.sql.WriteString(" " + cond.op + " ")
	return c.bind(col, cond.values[0])
}

func (c *compiler) group(cond Cond) error {
	if len(cond.conds) == 0 {
		c.sql.WriteString(map[string]string{"AND": "1", "OR": "0"}[cond.op])
		return nil
	}
	c.sql.WriteString("(")
	for i, sub := range cond.conds {
		if i > 0 {
			c.sql.WriteString(" " + cond.op + " ")
		}
		if err := c.cond(sub); err != nil {
			return err
		}
	}
	c.sql.WriteString(")")
	return nil
}

func (c *compiler) in(col *schema.Column, cond Cond) error {
	if len(cond.values) == 0 {
		c.sql.WriteString(map[string]string{"IN": "0", "NOT IN": "1"}[cond.op])
		return nil
	}
	c.sql.WriteString(sqltext.Quote(col.Name) + " " + cond.op + " (")
	defer c.sql.WriteString(")")
	if len(cond.values) > maxListed {
		list, ok, err := jsonList(col, cond.values)
		if err != nil {
			return err
		}
		if ok {
			c.args = append(c.args, d1.Str(list))
			c.sql.WriteString("SELECT value FROM json_each(?)")
			return nil
		}
	}
	for i, v := range cond.values {
		if i > 0 {
			c.sql.WriteString(", ")
		}
		if err := c.bind(col, v); err != nil {
			return err
		}
	}
	return nil
}

// maxListed is up to how many values of a list are bound one by one: D1 binds 100 in a
// whole statement.
const maxListed = 20

// jsonList writes values as a JSON array, if JSON keeps every one of them.
func jsonList(col *schema.Column, values []any) (list string, ok bool, err error) {
	out := make([]any, len(values))
	for i, v := range values {
		dv, err := toValue(col, v)
		if err != nil {
			return "", false, err
		}
		switch text := dv.Text(); {
		case dv.IsNull():
		case dv.Kind() == d1.Integer:
			out[i] = dv.Int()
		case dv.Kind() == d1.Text && utf8.ValidString(text) && !strings.Contains(text, "\x00"):
			out[i] = text
		default:
			return "", false, nil
		}
	}
	b, err := json.Marshal(out)
	return string(b), err == nil, err
}

func (c *compiler) below(col *schema.Column, names []any) error {
	text := func(i int) string { s, _ := names[i].(string); return s }
	t, ok := c.schema.Table(text(0))
	if !ok {
		return fault.New(fault.Invalid, "The schema %s has no table %q.", c.schema.Name, text(0))
	}
	ref, err := c.column(text(3))
	if err != nil {
		return err
	}
	there := compiler{table: t}
	other, err := there.column(text(1))
	if err != nil {
		return err
	}
	key, err := there.column(text(2))
	if err != nil {
		return err
	}
	// The pairs are found once, and an index of both columns finds their rows.
	own, theirs := sqltext.Quote(col.Name), sqltext.Quote(ref.Name)
	c.sql.WriteString("(" + theirs + ", " + own + ") IN (SELECT DISTINCT h." + theirs + ", h." + own + " FROM " + sqltext.Quote(c.table.Name) + " h JOIN " +
		sqltext.Quote(t.Name) + " o ON o." + sqltext.Quote(key.Name) + " = h." + theirs + " WHERE h." + own + " < o." + sqltext.Quote(other.Name) + ")")
	return nil
}
