package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// sqlReader reads a CREATE text token by token. The texts come from
// sqlite_master, so SQLite has accepted them; what this grammar doesn't know is
// an error and never dropped.
type sqlReader struct {
	src  string
	toks []sqltext.Token
	pos  int
	// Of the table being read: its primary key stands in a list of its own, which may
	// end in AUTOINCREMENT; what its UNIQUE constraints do with a conflict.
	listed, autoincrement bool
	before                int // how many UNIQUE constraints come before that key
	conflicts             []conflict
}

// conflict is the ON CONFLICT of a UNIQUE constraint.
type conflict struct {
	of  Key
	how string
}

func newReader(sql string) *sqlReader {
	return &sqlReader{src: sql, toks: slices.Collect(sqltext.Code(sql))}
}

func (r *sqlReader) done() bool { return r.pos >= len(r.toks) }

func (r *sqlReader) peek() sqltext.Token {
	if r.done() {
		return sqltext.Token{Kind: sqltext.Symbol, Offset: len(r.src)}
	}
	return r.toks[r.pos]
}

func (r *sqlReader) next() sqltext.Token {
	t := r.peek()
	r.pos++
	return t
}

// accept moves past the words if they all come next.
func (r *sqlReader) accept(words ...string) bool {
	for i, w := range words {
		if r.pos+i >= len(r.toks) || !r.toks[r.pos+i].Is(w) {
			return false
		}
	}
	r.pos += len(words)
	return true
}

func (r *sqlReader) fail(what string) error {
	t := r.peek()
	if t.Text == "" {
		return fmt.Errorf("expected %s at the end", what)
	}
	return fmt.Errorf("expected %s, found %q at byte %d", what, t.Text, t.Offset)
}

func (r *sqlReader) name() (string, error) {
	t := r.peek()
	if !t.IsName() && t.Kind != sqltext.String { // SQLite takes 'name' for a name too
		return "", r.fail("a name")
	}
	r.pos++
	if t.Kind == sqltext.String {
		return t.Value(), nil
	}
	return t.Ident(), nil
}

// group returns the text between the parenthesis that comes next and its end.
func (r *sqlReader) group() (string, error) {
	if !r.peek().Is("(") {
		return "", r.fail("(")
	}
	end := sqltext.Closing(r.toks, r.pos)
	if end == len(r.toks) {
		return "", r.fail("a closing )")
	}
	inner := r.src[r.toks[r.pos].Offset+1 : r.toks[end].Offset]
	r.pos = end + 1
	return closable(inner), nil
}

// closable is an expression that may stand before a closing parenthesis: a comment at its
// end that reaches to the end of its line keeps that line's end.
func closable(expr string) string {
	expr = strings.TrimSpace(expr)
	var last sqltext.Token
	for last = range sqltext.Tokens(expr) {
	}
	if last.Kind == sqltext.Comment && strings.HasPrefix(last.Text, "--") {
		return expr + "\n"
	}
	return expr
}

// DefaultExpr is a default as an expression that means the same wherever it stands, of
// one as the database tells it: there a single word is a text, whatever is called so.
func DefaultExpr(told string) string {
	r := newReader(told)
	if t := r.next(); r.done() && isText(t) {
		return sqltext.QuoteText(t.Ident())
	}
	return closable(told)
}

// isText reports whether SQLite takes a default of that one token for a text: a bare or
// "quoted" word.
func isText(t sqltext.Token) bool {
	return t.Kind == sqltext.Name || t.Kind == sqltext.Word &&
		!isWordOf(t, "current_timestamp", "current_date", "current_time", "null", "true", "false")
}

// names reads the "(a, b)" of a foreign key. SQLite reads COLLATE, ASC and DESC after
// a name in files of old, where they mean nothing.
func (r *sqlReader) names() ([]string, error) {
	if !r.accept("(") {
		return nil, r.fail("(")
	}
	var out []string
	for {
		n, err := r.name()
		if err != nil {
			return nil, err
		}
		out = append(out, n)
		if r.accept("collate") {
			r.pos++
		}
		_ = r.accept("asc") || r.accept("desc")
		if r.accept(")") {
			return out, nil
		}
		if !r.accept(",") {
			return nil, r.fail(", or )")
		}
	}
}

// ParseTable reads a CREATE TABLE text.
func ParseTable(sql string) (Table, error) {
	r := newReader(sql)
	if !r.accept("create") {
		return Table{}, r.fail("CREATE TABLE")
	}
	_ = r.accept("temp") || r.accept("temporary")
	if !r.accept("table") {
		return Table{}, r.fail("CREATE TABLE")
	}
	r.accept("if", "not", "exists")
	name, err := r.qualified()
	if err != nil {
		return Table{}, err
	}
	t := Table{Name: name, SQL: sql}
	if !r.accept("(") {
		return Table{}, r.fail("(")
	}
	for !r.accept(")") {
		if err := r.item(&t); err != nil {
			return Table{}, fmt.Errorf("table %s: %w", name, err)
		}
		_ = r.accept(",")
	}
	if err := r.options(&t); err != nil {
		return t, err
	}
	t.settle(r.listed, r.before)
	for _, c := range r.conflicts {
		t.Extra = append(t.Extra, uniqueClause(t.own(c.of), c.how))
	}
	return t, nil
}

// qualified reads a name that may have a schema's before it.
func (r *sqlReader) qualified() (string, error) {
	n, err := r.name()
	if err == nil && r.accept(".") {
		return r.name()
	}
	return n, err
}

func (r *sqlReader) options(t *Table) error {
	for !r.done() {
		switch {
		case r.accept("without", "rowid"):
			t.WithoutRowID = true
		case r.accept("strict"):
			t.Strict = true
		case r.accept(","), r.accept(";"):
		default:
			return r.fail("a table option")
		}
	}
	return nil
}

// item reads a column or a constraint of the table.
func (r *sqlReader) item(t *Table) error {
	if r.accept("constraint") {
		if _, err := r.name(); err != nil {
			return err
		}
		t.Named = true
		return nil // what it names comes next, if anything does
	}
	if isWordOf(r.peek(), "primary", "unique", "check", "foreign") {
		return r.tableConstraint(t)
	}
	return r.column(t)
}

func (r *sqlReader) tableConstraint(t *Table) error {
	switch {
	case r.accept("primary", "key"):
		key, err := r.terms()
		t.PrimaryKey, t.PrimaryTerms, r.listed, r.before = key.Columns(), key, true, len(t.UniqueTerms)
		t.Autoincrement = t.Autoincrement || r.autoincrement
		return r.orConflict(t, err, "primary key")
	case r.accept("unique"):
		key, err := r.terms()
		return r.unique(t, key, err)
	case r.accept("check"):
		expr, err := r.group()
		t.Checks = append(t.Checks, expr)
		return r.orConflict(t, err, "check "+canonicalExpr(expr))
	case r.accept("foreign", "key"):
		cols, err := r.names()
		if err != nil {
			return err
		}
		if !r.accept("references") {
			return r.fail("REFERENCES")
		}
		return r.references(t, cols)
	}
	return r.fail("a constraint")
}

// unique adds a UNIQUE constraint with the ON CONFLICT that comes after it.
func (r *sqlReader) unique(t *Table, key Key, err error) error {
	t.UniqueTerms = append(t.UniqueTerms, key)
	if err != nil || !r.accept("on", "conflict") {
		return err
	}
	how, err := r.name()
	if sqltext.Fold(how) != "abort" {
		r.conflicts = append(r.conflicts, conflict{key, sqltext.Fold(how)})
	}
	return err
}

// uniqueClause is the word of Extra for it.
func uniqueClause(of Key, how string) string {
	columns := strings.Join(folded(of.Columns()), ",")
	if !of.plain() {
		columns = of.canonical()
	}
	return "unique " + columns + " on conflict " + how
}

// orConflict reads an ON CONFLICT clause, which changes what a write does and has
// no word in the schema language.
func (r *sqlReader) orConflict(t *Table, err error, of string) error {
	if err != nil || !r.accept("on", "conflict") {
		return err
	}
	how, err := r.name()
	if sqltext.Fold(how) != "abort" { // what happens without a clause
		t.Extra = append(t.Extra, of+" on conflict "+sqltext.Fold(how))
	}
	return err
}

func (r *sqlReader) column(t *Table) error {
	name, err := r.name()
	if err != nil {
		return err
	}
	c := Column{Name: name}
	if c.Type, err = r.declaredType(); err != nil {
		return fmt.Errorf("column %s: %w", name, err)
	}
	for !r.done() && !r.peek().Is(",") && !r.peek().Is(")") {
		if err := r.columnConstraint(t, &c); err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
	}
	t.Columns = append(t.Columns, c)
	return nil
}

func startsConstraint(t sqltext.Token) bool {
	return isWordOf(t, "constraint", "primary", "not", "null", "unique", "check", "default", "collate", "references",
		"as", "deferrable")
}

func (r *sqlReader) columnConstraint(t *Table, c *Column) error {
	of := sqltext.Fold(c.Name)
	switch {
	case r.accept("constraint"):
		t.Named = true
		_, err := r.name()
		return err
	case r.accept("primary", "key"):
		t.PrimaryKey = []string{c.Name}
		t.PrimaryTerms, r.before = Key{{Expr: c.Name, Desc: r.accept("desc")}}, len(t.UniqueTerms)
		r.accept("asc")
		err := r.orConflict(t, nil, "primary key")
		t.Autoincrement = r.accept("autoincrement")
		return err
	case r.accept("not", "null"):
		c.NotNull = true
		return r.orConflict(t, nil, of+" not null")
	case r.accept("null"):
		return r.orConflict(t, nil, of+" null")
	case r.accept("unique"):
		return r.unique(t, plainKey([]string{c.Name}), nil)
	case r.accept("check"):
		expr, err := r.group()
		t.Checks = append(t.Checks, expr)
		return r.orConflict(t, err, "check "+canonicalExpr(expr))
	case r.accept("default"):
		return r.defaultValue(c)
	case r.accept("collate"):
		n, err := r.name()
		c.Collate = sqltext.Upper(n)
		return err
	case r.accept("references"):
		return r.references(t, []string{c.Name})
	case r.accept("not", "deferrable"):
		r.initially()
		return t.deferLast(false)
	case r.accept("deferrable"):
		return t.deferLast(r.initially())
	case r.accept("generated", "always", "as"), r.accept("as"):
		expr, err := r.group()
		c.Generated = expr
		c.Stored = r.accept("stored")
		_ = r.accept("virtual")
		return err
	}
	return r.fail("a column constraint")
}

func (r *sqlReader) defaultValue(c *Column) error {
	if r.peek().Is("(") {
		expr, err := r.group()
		c.Default = expr
		return err
	}
	sign := ""
	if r.peek().Is("-") || r.peek().Is("+") {
		sign = strings.TrimPrefix(r.next().Text, "+")
	}
	t := r.next()
	switch {
	case isText(t):
		c.Default = sqltext.QuoteText(t.Ident())
	case t.IsLiteral() || t.Kind == sqltext.Word:
		c.Default = sign + t.Text
	default:
		return r.fail("a default")
	}
	if sqltext.Same(c.Default, "null") {
		c.Default = ""
	}
	return nil
}
