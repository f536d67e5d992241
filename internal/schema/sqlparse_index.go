package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// ParseIndex reads a CREATE INDEX text and returns the index and its table.
func ParseIndex(sql string) (ix Index, table string, err error) {
	r := newReader(sql)
	if !r.accept("create") {
		return ix, "", r.fail("CREATE INDEX")
	}
	ix.SQL, ix.Unique = sql, r.accept("unique")
	if !r.accept("index") {
		return ix, "", r.fail("CREATE INDEX")
	}
	r.accept("if", "not", "exists")
	if ix.Name, err = r.qualified(); err != nil {
		return ix, "", err
	}
	if !r.accept("on") {
		return ix, "", r.fail("ON")
	}
	if table, err = r.name(); err != nil {
		return ix, "", err
	}
	columns, err := r.group()
	if err != nil {
		return ix, "", err
	}
	for _, part := range splitList(columns) {
		ix.Columns = append(ix.Columns, indexColumn(part))
	}
	if r.accept("where") {
		ix.Where = strings.TrimRight(strings.TrimSpace(sql[r.peek().Offset:]), "; \t\r\n")
	}
	return ix, table, nil
}

// splitList cuts an SQL list at its outermost commas.
func splitList(sql string) []string {
	var parts []string
	start, depth := 0, 0
	for t := range sqltext.Tokens(sql) {
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case t.Is(",") && depth == 0:
			parts = append(parts, strings.TrimSpace(sql[start:t.Offset]))
			start = t.Offset + 1
		}
	}
	return append(parts, strings.TrimSpace(sql[start:]))
}

func indexColumn(sql string) IndexColumn {
	toks := slices.Collect(sqltext.Code(sql))
	var c IndexColumn
	if n := len(toks); n > 1 && isWordOf(toks[n-1], "asc", "desc") && isWhole(toks[:n-1]) {
		c.Desc = toks[n-1].Is("desc")
		toks = toks[:n-1]
	}
	if n := len(toks); n > 2 && isWordOf(toks[n-2], "collate") && isPrimary(toks[:n-2]) {
		c.Collate = sqltext.Upper(toks[n-1].Ident())
		toks = toks[:n-2]
	}
	if len(toks) == 1 && toks[0].IsName() && !isWordOf(toks[0], "null", "true", "false") {
		c.Expr = toks[0].Ident()
		return c
	}
	last := toks[len(toks)-1]
	c.Expr, c.IsExpr = strings.TrimSpace(sql[toks[0].Offset:last.Offset+len(last.Text)]), true
	if isWordOf(toks[0], "with") { // which begins a query in the parentheses that are written around it
		c.Expr = sqltext.Quote(toks[0].Text) + c.Expr[len(toks[0].Text):]
	}
	return c
}

// isWhole reports whether an expression can end with its tokens: of (- asc) the word is a
// column, for nothing else could follow the operator.
func isWhole(toks []sqltext.Token) bool {
	n := len(toks) - 1
	if n < 0 {
		return false
	}
	switch last := toks[n]; {
	case isWordOf(last, "like", "glob", "regexp", "match"): // an operator, or a name where there can be none
		return !isWhole(toks[:n])
	case last.Kind == sqltext.Word:
		return !isWordOf(last, "and", "or", "not", "is", "between", "in", "case", "when", "then", "else", "escape", "collate", "from")
	default:
		return last.Kind != sqltext.Symbol || last.Is(")")
	}
}
