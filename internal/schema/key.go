package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Key is the columns of a primary key or of a UNIQUE constraint, in its order. A
// column's Collate is "" where the column's own collation is meant.
type Key []IndexColumn

// plainKey is a key of columns as they are.
func plainKey(columns []string) Key {
	k := make(Key, len(columns))
	for i, c := range columns {
		k[i].Expr = c
	}
	return k
}

func plainKeys(lists [][]string) []Key {
	keys := make([]Key, len(lists))
	for i, columns := range lists {
		keys[i] = plainKey(columns)
	}
	return keys
}

// Columns returns the names alone.
func (k Key) Columns() []string {
	names := make([]string, len(k))
	for i, c := range k {
		names[i] = c.Expr
	}
	return names
}

// plain reports whether every column stands in the key as it is.
func (k Key) plain() bool {
	return !slices.ContainsFunc(k, func(c IndexColumn) bool { return c.Collate != "" || c.Desc })
}

// String is the key as an operator reads it, for instance email collate nocase.
func (k Key) String() string { return k.join(func(name string) string { return name }) }

func (k Key) source() string { return k.join(sqltext.Quote) }

func (k Key) canonical() string {
	return k.join(func(name string) string { return dottedSource(sqltext.Fold(name)) })
}

func (k Key) join(name func(string) string) string {
	parts := make([]string, len(k))
	for i, c := range k {
		parts[i] = name(c.Expr)
		if c.Collate != "" {
			parts[i] += " collate " + sqltext.Fold(c.Collate)
		}
		if c.Desc {
			parts[i] += " desc"
		}
	}
	return strings.Join(parts, ", ")
}

func (k Key) ddl() string {
	parts := make([]string, len(k))
	for i, c := range k {
		parts[i] = c.ddl()
	}
	return strings.Join(parts, ", ")
}

// Value is the column or expression as its values are compared, without the
// direction: "email" COLLATE NOCASE.
func (c IndexColumn) Value() string {
	sql := c.Expr
	if !c.IsExpr {
		sql = sqltext.Quote(c.Expr)
	}
	if c.Collate != "" {
		sql += " COLLATE " + c.Collate
	}
	return sql
}

func (c IndexColumn) ddl() string {
	if c.Desc {
		return c.Value() + " DESC"
	}
	return c.Value()
}

// Keys returns the primary key, where there is one, and every UNIQUE constraint.
func (t *Table) Keys() []Key {
	var keys []Key
	if len(t.PrimaryKey) > 0 {
		keys = append(keys, t.primary())
	}
	return append(keys, t.UniqueKeys()...)
}

// UniqueKeys returns every UNIQUE constraint.
func (t *Table) UniqueKeys() []Key { return slices.Concat(plainKeys(t.Unique), t.UniqueTerms) }

// primary is the primary key with its terms.
func (t *Table) primary() Key {
	if len(t.PrimaryTerms) == len(t.PrimaryKey) && len(t.PrimaryTerms) > 0 {
		return t.PrimaryTerms
	}
	return plainKey(t.PrimaryKey)
}

// settle leaves in PrimaryTerms and UniqueTerms what SQLite's own indexes tell apart,
// and puts the other UNIQUE constraints into Unique. A collation is nothing of its
// own where the column has it already. listed says that the primary key stands in a
// list of its own, not at its column; before, how many UNIQUE constraints come first.
func (t *Table) settle(listed bool, before int) {
	primary, descends := t.settlePrimary(listed), !listed && len(t.PrimaryTerms) == 1 && t.PrimaryTerms[0].Desc
	if t.WithoutRowID && t.integerKey() && !descends { // SQLite makes its index last
		before = len(t.UniqueTerms)
	}
	var keys []Key
	for _, k := range append(slices.Clone(t.UniqueTerms), primary) {
		keys = append(keys, t.own(k))
	}
	last := len(keys) - 1
	copy(keys[before+1:], keys[before:last])
	keys[before] = primary // in its place among them
	oneDirection(keys)
	t.PrimaryTerms = keys[before]
	if descends && t.integerKey() { // whatever its index: the word keeps it from being the rowid
		t.PrimaryTerms[0].Desc = true
	}
	if t.PrimaryTerms.plain() {
		t.PrimaryTerms = nil
	}
	t.UniqueTerms = nil
	for _, k := range slices.Delete(keys, before, before+1) {
		if k.plain() {
			t.Unique = append(t.Unique, k.Columns())
		} else {
			t.UniqueTerms = append(t.UniqueTerms, k)
		}
	}
}

// settlePrimary returns the primary key as its index has it, none without an index. A
// listed INTEGER key is the rowid, which has neither collation nor direction; in a
// table without rowids it has a direction alone.
func (t *Table) settlePrimary(listed bool) Key {
	k := t.own(t.PrimaryTerms)
	if !t.integerKey() || !listed && !k.plain() {
		return k
	}
	if !t.WithoutRowID {
		return nil
	}
	for i := range k {
		k[i].Collate = ""
	}
	return k
}

// integerKey reports whether the primary key is one column of the type INTEGER.
func (t *Table) integerKey() bool {
	c, ok := t.onlyKey()
	return ok && sqltext.Same(c.Type, "integer")
}

// oneDirection gives keys that SQLite keeps in one index, since they differ by
// directions at most, the directions of the first.
func oneDirection(keys []Key) {
	for i, k := range keys {
		first := slices.IndexFunc(keys[:i], func(o Key) bool {
			return slices.EqualFunc(o, k, func(a, b IndexColumn) bool { return sqltext.Same(a.Expr, b.Expr) && sqltext.Same(a.Collate, b.Collate) })
		})
		if first < 0 || len(k) == 0 {
			continue
		}
		for j := range k {
			k[j].Desc = keys[first][j].Desc
		}
	}
}

// onlyKey returns the column that is the primary key by itself.
func (t *Table) onlyKey() (*Column, bool) {
	if len(t.PrimaryKey) != 1 {
		return nil, false
	}
	return t.Column(t.PrimaryKey[0])
}

// own returns the key without the collations that its columns have already.
func (t *Table) own(k Key) Key {
	k = slices.Clone(k)
	for i := range k {
		if c, ok := t.Column(k[i].Expr); ok && sameCollation(k[i].Collate, c.Collate) {
			k[i].Collate = ""
		}
	}
	return k
}

// sameCollation compares collations; "" is BINARY.
func sameCollation(a, b string) bool {
	return strings.TrimPrefix(sqltext.Fold(a), "binary") == strings.TrimPrefix(sqltext.Fold(b), "binary")
}

// terms reads the list of a PRIMARY KEY or UNIQUE: "(a, b COLLATE nocase DESC)". The
// grammar has expressions there, of which SQLite takes columns alone, also in
// parentheses.
func (r *sqlReader) terms() (Key, error) {
	if !r.accept("(") {
		return nil, r.fail("(")
	}
	var k Key
	for {
		c, err := r.term()
		if err != nil {
			return nil, err
		}
		if c.Desc = r.accept("desc"); !c.Desc {
			r.accept("asc")
		}
		k = append(k, c)
		r.autoincrement = r.accept("autoincrement")
		if r.accept(")") {
			return k, nil
		}
		if !r.accept(",") {
			return nil, r.fail(", or )")
		}
	}
}

// term reads a column with its collation, of which the outermost counts.
func (r *sqlReader) term() (c IndexColumn, err error) {
	if r.accept("(") {
		if c, err = r.term(); err == nil && !r.accept(")") {
			err = r.fail(")")
		}
	} else {
		c.Expr, err = r.name()
	}
	for err == nil && r.accept("collate") {
		var name string
		name, err = r.name()
		c.Collate = sqltext.Upper(name)
	}
	return c, err
}
