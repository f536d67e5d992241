package orm

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

func (c *compiler) cond(cond Cond) error {
	switch cond.op {
	case "AND", "OR":
		return c.group(cond)
	case "NOT":
		if cond.conds[0].op == "below" {
			// Below is never NULL. NOT IN would look at every pair for one that is, for
			// each row that has none: two seconds on 10,000.
			c.sql.WriteString("CASE WHEN ")
			err := c.cond(cond.conds[0])
			c.sql.WriteString(" THEN 0 ELSE 1 END")
			return err
		}
		c.sql.WriteString("NOT (")
		err := c.cond(cond.conds[0])
		c.sql.WriteString(")")
		return err
	case "key":
		return c.key(cond.key)
	case "short":
		c.short(cond.values[0].(int))
		return nil
	}
	place, err := c.table.place(cond.column)
	if err != nil {
		return err
	}
	switch cond.op {
	case "IN", "NOT IN":
		return c.in(place, cond)
	case "below":
		return c.below(place, cond.values)
	case "octets":
		c.sql.WriteString("octet_length(" + c.table.ref(self, place) + ") = " + strconv.FormatInt(cond.values[0].(int64), 10))
		return nil
	case "readable":
		return c.readable(place, cond.conds[0])
	}
	sql, err := c.compare(place, cond)
	c.sql.WriteString(sql)
	return err
}

// short writes the condition on the sizes of all columns, some in one comparison: D1 allows
// a function 32 arguments.
func (c *compiler) short(n int) {
	var conds []string
	for columns := range slices.Chunk(Places(c.table.Table), 20) {
		sizes := make([]string, len(columns), len(columns)+1)
		for i, place := range columns {
			sizes[i] = "ifnull(octet_length(" + c.table.ref(self, place) + "), 0)"
		}
		conds = append(conds, "max("+strings.Join(append(sizes, "0"), ", ")+") <= "+strconv.Itoa(n))
	}
	c.sql.WriteString(and(conds))
}

// readable writes a condition that doesn't look at a value that is too large. Such a
// value isn't NULL.
func (c *compiler) readable(place int, cond Cond) error {
	large := "0"
	if cond.op == "<>" && cond.values[0] == nil {
		large = "1"
	}
	c.sql.WriteString("CASE WHEN octet_length(" + c.table.ref(self, place) + ") > " + strconv.Itoa(d1.MaxValue) + " THEN " + large + " ELSE (")
	err := c.cond(cond)
	c.sql.WriteString(") END")
	return err
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

// compare returns a comparison of a column with one value.
func (c *compiler) compare(place int, cond Cond) (string, error) {
	ref, first := c.table.ref(self, place), cond.values[0]
	if text, ok := first.(Typed); ok {
		return c.typed(place, cond.op, string(text)), nil
	}
	if first == nil && (cond.op == "=" || cond.op == "<>") {
		return ref + map[string]string{"=": " IS NULL", "<>": " IS NOT NULL"}[cond.op], nil
	}
	if s, ok := first.(string); ok && cond.op == "LIKE" && len(s) > d1.MaxPattern {
		return "", fault.New(fault.Invalid, "A LIKE pattern has at most %d bytes; use Contains.", d1.MaxPattern)
	}
	v, err := c.table.value(place, first)
	if err != nil {
		return "", err
	}
	p := c.add(v)
	switch cond.op {
	case "fold":
		return "lower(" + ref + ") = " + p, nil
	case "contains":
		return "instr(lower(CAST(" + ref + " AS TEXT)), " + p + ") > 0", nil
	case "starts":
		// By bytes: substr and length of a text end at a NUL.
		n := strconv.Itoa(v.Len())
		return "lower(CAST(substr(CAST(" + ref + " AS BLOB), 1, " + n + ") AS TEXT)) = " + p, nil
	case "is":
		is := c.same(self, []int{place}, []string{p})
		if k := v.Kind(); c.table.Columns[place].Untyped() && (k == d1.Integer || k == d1.Real) {
			is += " AND typeof(" + ref + ") = typeof(" + p + ")" // 2 IS 2.0
		}
		return is, nil
	}
	return ref + " " + cond.op + " " + p, nil
}

// key writes the condition of one row.
func (c *compiler) key(values []d1.Value) error {
	row, ok := c.row(values)
	if !ok {
		return fault.New(fault.NotFound, "This is not the key of a row of %s.", c.table.Name)
	}
	c.sql.WriteString(row)
	return nil
}

// row returns the condition of the row with that key, and false for a key of another
// table.
func (c *compiler) row(key []d1.Value) (string, bool) {
	places, ok := c.table.Key.Match(len(key))
	if !ok {
		return "", false
	}
	params := make([]string, len(key))
	for n, v := range key {
		params[n] = c.add(v)
	}
	return c.same(self, places, params), true
}

// same returns the condition that columns hold exactly these values: equal by the
// column's collation, which an index can find, and by bytes. The rowid is never NULL,
// and a full-text table finds it by = alone.
func (c *compiler) same(alias string, places []int, params []string) string {
	var conds []string
	for n, i := range places {
		ref := c.table.ref(alias, i)
		if i == live.RowID {
			conds = append(conds, ref+" = "+params[n])
			continue
		}
		conds = append(conds, ref+" IS "+params[n])
		if c.table.collated(i) {
			conds = append(conds, ref+" COLLATE BINARY IS "+params[n])
		}
	}
	return and(conds)
}

func (c *compiler) in(place int, cond Cond) error {
	values, err := c.listed(place, cond.values)
	if err != nil {
		return err
	}
	if len(values) == 0 {
		c.sql.WriteString(map[string]string{"IN": "0", "NOT IN": "1"}[cond.op])
		return nil
	}
	c.sql.WriteString(c.table.ref(self, place) + " " + cond.op + " (")
	defer c.sql.WriteString(")")
	if len(values) > maxListed {
		if list, ok := jsonList(values); ok {
			c.sql.WriteString("SELECT value FROM json_each(" + c.add(d1.Str(list)) + ")")
			return nil
		}
	}
	for i, v := range values {
		if i > 0 {
			c.sql.WriteString(", ")
		}
		c.sql.WriteString(c.add(v))
	}
	return nil
}

// listed are the values of a list as the column compares them.
func (c *compiler) listed(place int, list []any) ([]d1.Value, error) {
	out := make([]d1.Value, 0, len(list))
	for _, v := range list {
		if text, ok := v.(Typed); ok {
			out = append(out, text.values(c.table.Columns[place].Affinity)...)
			continue
		}
		dv, err := c.table.value(place, v)
		if err != nil {
			return nil, err
		}
		out = append(out, dv)
	}
	return out, nil
}

// maxListed is up to how many values of a list are bound one by one: D1 binds 100 in a
// whole statement.
const maxListed = 20

// jsonList writes values as a JSON array, if JSON keeps every one of them.
func jsonList(values []d1.Value) (list string, ok bool) {
	out := make([]any, len(values))
	for i, v := range values {
		switch text := v.Text(); {
		case v.IsNull():
		case v.Kind() == d1.Integer:
			out[i] = v.Int()
		case v.Kind() == d1.Text && utf8.ValidString(text) && !strings.Contains(text, "\x00"):
			out[i] = text
		default:
			return "", false
		}
	}
	b, err := json.Marshal(out)
	return string(b), err == nil
}

func (c *compiler) below(place int, names []any) error {
	text := func(i int) string { s, _ := names[i].(string); return s }
	there, err := c.db.table(text(0))
	if err != nil {
		return err
	}
	ref, err := c.table.place(text(3))
	if err != nil {
		return err
	}
	other, err := there.place(text(1))
	if err != nil {
		return err
	}
	key, err := there.place(text(2))
	if err != nil {
		return err
	}
	// The pairs are found once, and an index of both columns finds their rows.
	c.sql.WriteString("(" + c.table.ref(self, ref) + ", " + c.table.ref(self, place) + ") IN (SELECT DISTINCT " +
		c.table.ref("h", ref) + ", " + c.table.ref("h", place) +
		" FROM " + c.table.quoted() + " h JOIN " + there.quoted() + " o ON " + there.ref("o", key) + " = " + c.table.ref("h", ref) +
		" WHERE " + c.table.ref("h", place) + " < " + there.ref("o", other) + ")")
	return nil
}

func (t *table) quoted() string { return sqltext.Quote(t.Name) }
