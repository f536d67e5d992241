package schema_test

import "slices"

// weights are how often rules are chosen: the ones that most texts with them are refused
// for seldom, and those that begin another round less often than those that end it.
var weights = []struct {
	rule   string
	weight int
}{
	{"temp ::= TEMP", 1}, {"temp ::=", 300}, {"nulls ::=", 300}, {"nulls ::= NULLS FIRST", 1}, {"nulls ::= NULLS LAST", 1},
	{"collate ::=", 1000},
	{"create_table_args ::= LP columnlist conslist_opt RP table_option_set", 300},
	{"carglist ::= carglist ccons", 12}, {"conslist ::= conslist tconscomma tcons", 12}, {"refargs ::=", 20},
	{"onconf ::=", 70}, {"table_option_set ::=", 20}, {"typename ::= typename ID|STRING", 3},
	{"ccons ::= CONSTRAINT nm", 4}, {"tcons ::= CONSTRAINT nm", 4}, {"conslist_opt ::= COMMA conslist", 14},
	{"distinct ::=", 200}, {"distinct ::= ALL", 3}, {"distinct ::= DISTINCT", 3},
	{"case_exprlist ::= case_exprlist WHEN expr THEN expr", 3}, {"sortlist ::= sortlist COMMA expr sortorder nulls", 8},
	{"idlist ::= idlist COMMA nm", 6},
}

// weightOfColumn is for what a table has once, or in few places.
func (g *grammar) weightOfColumn(r *rule, at place) (int, bool) {
	last := len(g.kinds) - 1
	switch r.text {
	case "columnlist ::= columnlist COMMA columnname carglist":
		return 10 * min(1, g.left-1), true
	case "columnlist ::= columnname carglist":
		return 10 * max(0, 2-g.left), true
	case "ccons ::= PRIMARY KEY sortorder onconf autoinc", "tcons ::= PRIMARY KEY LP sortlist autoinc RP onconf":
		return when(!g.key && !g.generated, 14), true
	case "autoinc ::= AUTOINCR":
		return when(g.integer, 10), true
	case "ccons ::= GENERATED ALWAYS AS generated", "ccons ::= AS generated":
		return when(last > 0 && !g.settled && !g.generated, 8), true
	case "ccons ::= DEFAULT scantok term", "ccons ::= DEFAULT term", "ccons ::= DEFAULT LP expr RP", "ccons ::= DEFAULT PLUS term",
		"ccons ::= DEFAULT MINUS term", "ccons ::= DEFAULT ID|INDEXED":
		return when(!g.generated, 4), true
	case "eidlist ::= eidlist COMMA nm collate sortorder", "nexprlist ::= nexprlist COMMA expr":
		return when(at.count > 1, 10), true
	case "eidlist ::= nm collate sortorder", "nexprlist ::= expr":
		return when(at.count < 2, 10), true
	case "exprlist ::=":
		return when(at.count == 0, 10), true
	case "exprlist ::= nexprlist":
		return when(at.count > 0, 10), true
	case "sortorder ::= ASC", "sortorder ::= DESC":
		return when(at.name != "any" && at.name != "parent column", 6), true
	case "typetoken ::= typename":
		return 20, true
	case "typetoken ::=", "typetoken ::= typename LP signed RP", "typetoken ::= typename LP signed COMMA signed RP",
		"typename ::= typename ID|STRING":
		return when(!g.strict, 6), true
	case "term ::= CTIME_KW":
		return when(at.expr == "constant" || at.expr == "", 10), true
	case "term ::= STRING":
		return 10, true
	case "term ::= INTEGER", "term ::= NULL|FLOAT|BLOB", "term ::= QNUMBER":
		return when(at.expr != "key", 10), true
	case "table_option ::= WITHOUT nm":
		return when(g.key && !g.auto, 10), true
	case "table_option ::= nm":
		return when(g.strict, 30), true
	case "table_option_set ::= table_option_set COMMA table_option", "table_option_set ::= table_option":
		return when(g.strict || g.key && !g.auto, 10), true
	}
	return 0, false
}

func when(so bool, weight int) int {
	if so {
		return weight
	}
	return 0
}

// leaves are the expressions that hold no other.
var leaves = []string{"expr ::= term", "expr ::= ID|INDEXED|JOIN_KW"}

// weightOfExpr ends an expression three deep, and knows what each place takes.
func (g *grammar) weightOfExpr(r *rule, at place) int {
	leaf := slices.Contains(leaves, r.text)
	switch {
	case at.pair:
		return when(isRule(r, "expr ::= LP nexprlist COMMA expr RP"), 10)
	case at.expr == "key" || at.expr == "text":
		if at.expr == "key" && isRule(r, "expr ::= ID|INDEXED|JOIN_KW") {
			return 40
		}
		return when(isRule(r, "expr ::= term") || at.expr == "key" && at.depth < 3 && isRule(r, "expr ::= LP expr RP",
			"expr ::= expr COLLATE ID|STRING"), 4)
	case at.expr == "constant" && isRule(r, "expr ::= nm DOT nm", "expr ::= nm DOT nm DOT nm"),
		isRule(r, "expr ::= LP nexprlist COMMA expr RP"):
		return 0
	case isRule(r, "expr ::= ID|INDEXED|JOIN_KW"):
		return when(at.expr != "constant" || at.depth > 0, 40)
	case isRule(r, "expr ::= term"):
		return 40
	case at.expr == "index" && isRule(r, "expr ::= nm DOT nm", "expr ::= nm DOT nm DOT nm"):
		return 0
	case isRule(r, "expr ::= ID|INDEXED|JOIN_KW LP distinct exprlist ORDER BY sortlist RP"):
		return when(at.depth < 2, 1)
	case isRule(r, "expr ::= ID|INDEXED|JOIN_KW LP STAR RP"):
		return when(at.expr == "constant", 6)
	}
	return when(!leaf && at.depth < 3, 4)
}
