package schema_test

import (
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// grammar writes random CREATE texts by the rules of the engine's own grammar. It chooses
// what SQLite is likely to take: a column that is there, one primary key.
type grammar struct {
	t      *rapid.T
	toks   []string
	used   map[string]bool // alternatives
	bare   map[string]bool // words of the language that stand for names
	table  string
	names  []string // of the columns
	kinds  []string // the types of those that are there
	left   int      // columns to come
	free   []string // names that are given once
	parent string

	strict, key, auto, integer, generated, settled bool
	module, terms                                  []string
	target                                         string // of a trigger
}

// place is where a part stands: what its names stand for, and how deep an expression is.
type place struct {
	name, expr   string
	depth, count int
	pair         bool // two of a row compare as one
}

func newGrammar(t *rapid.T) *grammar {
	return &grammar{t: t, used: map[string]bool{}, bare: map[string]bool{}}
}

func (g *grammar) one(of ...string) string { return of[g.number(len(of))] }

func (g *grammar) number(n int) int { return rapid.IntRange(0, n-1).Draw(g.t, "n") }

func (g *grammar) maybe(percent int) bool { return g.number(100) < percent }

func (g *grammar) emit(tokens ...string) { g.toks = append(g.toks, tokens...) }

// statement writes a text by a rule of cmd.
func (g *grammar) statement(rule string) string {
	g.toks = nil
	for _, r := range rules["cmd"] {
		if r.text == rule {
			g.follow(r, place{})
		}
	}
	return g.text()
}

// text joins the tokens, with blanks and comments where they may stand.
func (g *grammar) text() string {
	var b strings.Builder
	for i, tok := range g.toks {
		if i > 0 {
			gap := ""
			before := g.toks[i-1]
			if isWordy(before[len(before)-1]) && isWordy(tok[0]) || strings.ContainsAny(tok+before, "-/|<>=!&*'\"`[.") || g.maybe(40) {
				gap = " "
			}
			if g.maybe(4) {
				gap = g.one("\n", "\t ", " /* , ) */ ", " -- it's (\n", " /**/ ", " \f\r\n", " \ufeff ")
			}
			b.WriteString(gap)
		}
		b.WriteString(tok)
	}
	return b.String()
}

func isWordy(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// derive writes what a symbol may be.
func (g *grammar) derive(symbol string, at place) {
	switch {
	case symbol == "nm":
		g.writeName(at)
	case symbol == "vtabarglist":
		g.arguments()
	case symbol == "ID":
		g.token([]string{"stored", "virtual"})
	case symbol == "STRING":
		g.emit(g.literal(at))
	case symbol == "typetoken":
		start := len(g.toks)
		g.follow(g.choose(rules[symbol], at), at)
		if at.name == "new column" {
			g.declared(g.toks[start:])
		}
	case rules[symbol] != nil:
		r := g.choose(rules[symbol], at)
		g.follow(r, at)
	default:
		g.token(spellings(symbol))
	}
}

func (g *grammar) token(ways []string) {
	word := g.one(ways...)
	if len(word) < 20 && g.maybe(30) {
		word = strings.ToUpper(word)
	}
	g.emit(word)
}

// follow writes a rule's right side.
func (g *grammar) follow(r *rule, at place) {
	g.used[r.text] = true
	g.begin(r, &at)
	for i := 0; i < len(r.right); i++ {
		symbol, here := r.right[i], g.place(r, i, at)
		if symbol == "nm" && i+1 < len(r.right) && r.right[i+1] == "dbnm" {
			g.qualified(here)
			i++
			continue
		}
		if strings.Contains(symbol, "|") {
			g.choice(r, symbol, here)
			continue
		}
		g.derive(symbol, here)
	}
	g.end(r)
}

// qualified writes a name that may have the database's before it.
func (g *grammar) qualified(at place) {
	if g.maybe(85) {
		g.used["dbnm ::="] = true
		g.writeName(at)
		return
	}
	g.used["dbnm ::= DOT nm"] = true
	g.writeName(place{name: "main"})
	g.emit(".")
	g.writeName(at)
}

// choice writes one of the tokens that a rule has in one place.
func (g *grammar) choice(r *rule, symbol string, at place) {
	if strings.HasPrefix(symbol, "ID|") && (at.name != "" || r.left == "expr") {
		g.used[r.text+": "+g.writeOf(at, symbol)] = true
		return
	}
	choices := strings.Split(symbol, "|")
	if r.left == "expr" && at.expr == "constant" && slices.Contains(choices, "NULL") && g.maybe(50) {
		choices = choices[1:]
	}
	token := g.one(choices...)
	g.used[r.text+": "+token] = true
	g.token(spellings(token))
}

// weight is how often a rule is chosen, 10 where nothing is said.
func (g *grammar) weight(r *rule, at place) int {
	if r.left == "expr" {
		return g.weightOfExpr(r, at)
	}
	if w, ok := g.weightOfColumn(r, at); ok {
		return w
	}
	for _, w := range weights {
		if w.rule == r.text {
			return w.weight
		}
	}
	return 10
}

func (g *grammar) choose(of []*rule, at place) *rule {
	total := 0
	for _, r := range of {
		total += g.weight(r, at)
	}
	if total == 0 {
		return of[0]
	}
	n := g.number(total)
	for _, r := range of {
		if n -= g.weight(r, at); n < 0 {
			return r
		}
	}
	return of[0]
}
