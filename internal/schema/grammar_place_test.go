package schema_test

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// begin notes what a rule says once for the table, and chooses what its parts share.
func (g *grammar) begin(r *rule, at *place) {
	switch r.left {
	case "columnlist":
		g.left--
	case "columnname":
		g.integer, g.generated, g.settled = false, false, false
	case "ccons":
		g.generated = g.generated || slices.Contains(r.right, "generated")
		g.settled = g.settled || r.right[0] == "DEFAULT" || r.right[0] == "PRIMARY"
	case "expr":
		if !slices.Contains(leaves, r.text) {
			at.depth++
		}
		at.count = 0
		at.pair = isRule(r, "expr ::= expr EQ|NE expr", "expr ::= expr IS expr") && g.maybe(25)
	case "trigger_time":
		if slices.Contains(r.right, "INSTEAD") {
			g.target = "v"
		}
	}
	if slices.Contains(r.right, "PRIMARY") {
		g.key, g.terms = true, nil
	}
	if slices.Contains(r.right, "REFERENCES") {
		g.parent, at.count = g.one(g.table, "p", "p"), 1
		if r.left == "tcons" && g.parent == "p" {
			at.count += g.number(2)
		}
	}
	switch {
	case slices.Contains(r.right, "VIEW"):
		at.count = 2
	case slices.Contains(r.right, "distinct"):
		at.count = 1 + g.number(3)
	case isRule(r, "expr ::= expr in_op LP exprlist RP"):
		at.count = g.number(4)
	}
}

// end notes what was chosen.
func (g *grammar) end(r *rule) {
	switch {
	case r.text == "autoinc ::= AUTOINCR":
		g.auto = true
	case r.left == "sortlist":
		g.integer = len(g.terms) == 1 && g.kindOf(g.terms[0]) == "integer"
	}
}

func (g *grammar) kindOf(column string) string {
	for i, name := range g.names[:len(g.kinds)] {
		if name == column {
			return g.kinds[i]
		}
	}
	return ""
}

// declared notes the type of the column that comes.
func (g *grammar) declared(toks []string) {
	kind := strings.ToLower(strings.Join(toks, " "))
	if strings.Trim(kind, "\"'[]`") == "integer" {
		kind = "integer"
	}
	g.kinds, g.integer = append(g.kinds, kind), kind == "integer"
}

// places are what the names in a rule stand for, and where its expressions are, a symbol
// each, in order.
var places = map[string]map[string][]string{
	"create_table ::= createkw temp TABLE ifnotexists nm dbnm": {"nm": {"table"}},
	"columnname ::= nm typetoken": {
		"nm": {"new column"}, "typetoken": {"new column"}},
	"cmd ::= createkw temp VIEW ifnotexists nm dbnm eidlist_opt AS select":                 {"nm": {"new"}, "eidlist_opt": {"any"}},
	"cmd ::= createkw uniqueflag INDEX ifnotexists nm dbnm ON nm LP sortlist RP where_opt": {"nm": {"new", "table"}},
	"create_vtab ::= createkw VIRTUAL TABLE ifnotexists nm dbnm USING nm":                  {"nm": {"new", "module"}},
	"ccons ::= CONSTRAINT nm": {"nm": {"any"}},
	"tcons ::= CONSTRAINT nm": {"nm": {"any"}},
	"ccons ::= REFERENCES nm eidlist_opt refargs": {
		"nm": {"parent"}, "eidlist_opt": {"parent column"}, "refargs": {"any"}},
	"tcons ::= FOREIGN KEY LP eidlist RP REFERENCES nm eidlist_opt refargs defer_subclause_opt": {
		"eidlist": {"column"}, "nm": {"parent"}, "eidlist_opt": {"parent column"}, "refargs": {"any"}},
	"table_option ::= WITHOUT nm":        {"nm": {"rowid"}},
	"table_option ::= nm":                {"nm": {"strict"}},
	"trigger_event ::= UPDATE OF idlist": {"idlist": {"column"}},
	"fullname ::= nm DOT nm":             {"nm": {"main", "target"}},
	"fullname ::= nm":                    {"nm": {"target"}},
	"expr ::= nm DOT nm":                 {"nm": {"table", "column"}},
	"expr ::= nm DOT nm DOT nm":          {"nm": {"main", "table", "column"}},
	"expr ::= ID|INDEXED|JOIN_KW":        {"ID|INDEXED|JOIN_KW": {"operand"}},
	"expr ::= expr COLLATE ID|STRING":    {"ID|STRING": {"collation"}},
	"ccons ::= COLLATE ID|STRING":        {"ID|STRING": {"collation"}},
	"collate ::= COLLATE ID|STRING":      {"ID|STRING": {"collation"}},
	"ccons ::= DEFAULT ID|INDEXED":       {"ID|INDEXED": {"word"}},
	"typename ::= ID|STRING":             {"ID|STRING": {"type"}},
	"typename ::= typename ID|STRING":    {"ID|STRING": {"type"}},
}

// expressions are where the expressions of a rule's right side stand.
var expressions = map[string]string{
	"ccons ::= CHECK LP expr RP": "check", "tcons ::= CHECK LP expr RP onconf": "check", "ccons ::= DEFAULT LP expr RP": "constant",
	"generated ::= LP expr RP": "check", "generated ::= LP expr RP ID": "check", "when_clause ::= WHEN expr": "constant",
	"tcons ::= PRIMARY KEY LP sortlist autoinc RP onconf": "key", "tcons ::= UNIQUE LP sortlist RP onconf": "key",
	"cmd ::= createkw uniqueflag INDEX ifnotexists nm dbnm ON nm LP sortlist RP where_opt": "index",
}

// place is where the part i of a rule stands.
func (g *grammar) place(r *rule, i int, at place) place {
	symbol := r.right[i]
	if where, ok := expressions[r.text]; ok {
		at.expr = where
	}
	if symbol == "where_opt" {
		at.expr = "check"
	}
	if names := places[r.text][symbol]; names != nil {
		n := 0
		for _, before := range r.right[:i] {
			if before == symbol {
				n++
			}
		}
		at.name = names[n]
	}
	switch {
	case r.left == "expr" && strings.HasPrefix(symbol, "ID|") && slices.Contains(r.right, "LP"):
		at.name = g.function(r, at)
	case r.left == "expr" && symbol == "expr":
		at.name = ""
		if r.right[0] != "expr" || i > 0 && !at.pair {
			at.pair = false
		}
	case symbol == "eidlist" || symbol == "nexprlist" && r.left == "nexprlist":
		if r.left == symbol {
			at.count--
		}
	case symbol == "nexprlist" && r.left == "expr":
		at.count, at.pair = 1, false
	}
	if r.left == "nexprlist" || r.left == "case_exprlist" {
		at.pair = false
	}
	return at
}

// function is one that takes so many arguments; with * it has none.
func (g *grammar) function(r *rule, at place) string {
	switch {
	case at.expr == "constant" && g.maybe(35), g.maybe(3): // a default's functions are looked for when it is used
		return g.one("left", "indexed")
	case slices.Contains(r.right, "STAR"):
		return g.one("changes", "total_changes", "count")
	case slices.Contains(r.right, "ORDER"):
		return "group_concat"
	}
	byCount := [][]string{{"abs", "lower", "Typeof", "length"}, {"coalesce", "nullif", "like", "instr"}, {"replace", "substr", "max"}}
	return g.one(byCount[at.count-1]...)
}

// operand is a column, or a word in double quotes that is none: a text.
func (g *grammar) operand(at place) string {
	if at.expr == "constant" {
		return g.one("some text", "true", "False")
	}
	if at.expr != "key" && g.maybe(6) {
		return g.one("zz top", "true")
	}
	name := g.one(g.names...)
	if at.expr == "key" {
		g.terms = append(g.terms, name)
	}
	return name
}

// typeWord is a word of a type.
func (g *grammar) typeWord() string {
	switch {
	case g.strict:
		return g.one("INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY", "integer")
	case g.maybe(70):
		return g.one("text", "INTEGER", "integer", "int", "varchar", "double", "precision", "blob", "real", "numeric", "unsigned", "DATE")
	case g.maybe(50):
		return g.one(fallbacks...)
	}
	return g.one("two words", "", "it's", "a(b)", "always", "generated", "select", "text--", "x]", "my-type", "INTEGER")
}

func (g *grammar) literal(at place) string {
	if at.expr == "key" {
		return sqltext.QuoteText(g.operand(at))
	}
	return g.one("'a'", "'it''s'", "''", "'10'", "'x--y'")
}
