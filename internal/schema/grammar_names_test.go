package schema_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// odd are names that have to be in quotes, or look as if they had.
var odd = []string{"two words", "select", `qu"ote`, "", " ", "it's", "a.b", "@at", "...dots", "ünï", "primary",
	"a--b", "(", "back`tick", "x]y"}

// pick chooses the name that stands in a place.
func (g *grammar) pick(at place) string {
	switch at.name {
	case "new column":
		return g.names[len(g.kinds)]
	case "column":
		return g.one(g.names...)
	case "table":
		return g.table
	case "parent":
		return g.parent
	case "parent column":
		if g.parent == g.table {
			return g.one(g.names...)
		}
		return []string{"id", "k", "pair"}[(at.count+at.depth)%3]
	case "operand":
		return g.operand(at)
	case "type":
		return g.typeWord()
	case "word":
		return g.one("word", "true", "null", "FALSE", "indexed", g.anyName(0))
	case "target":
		return g.target
	case "module":
		module := g.one("fts5", "FTS5", "rtree")
		g.module = strings.Fields(g.one(modules[sqltext.Fold(module)]...))
		return module
	case "new":
		return g.one(g.free...)
	case "collation":
		return g.one("nocase", "NOCASE", "rtrim", "binary", "Binary")
	case "any":
		return g.anyName(50)
	}
	return at.name // itself
}

// anyName is a new name: a word of the language, or one that needs quotes.
func (g *grammar) anyName(plain int) string {
	switch {
	case g.maybe(plain):
		return g.one("a", "b", "Camel", "snake_case", "x1", "_", "é", "t2$")
	case g.maybe(60):
		return g.one(append([]string{"indexed", "left", "Cross", "natural"}, fallbacks...)...)
	}
	return g.one(odd...)
}

func (g *grammar) writeName(at place) {
	rule := "nm ::= ID|INDEXED|JOIN_KW"
	token := g.writeOf(at, "ID|INDEXED|JOIN_KW")
	if token == "STRING" {
		g.used["nm ::= STRING"] = true
		return
	}
	g.used[rule], g.used[rule+": "+token] = true, true
}

// writeOf writes the name of a place and returns the token it is.
func (g *grammar) writeOf(at place, tokens string) string {
	name := g.pick(at)
	if tokens == "ID|INDEXED|JOIN_KW" && g.maybe(15) && at.expr == "" && at.name != "word" { // nm has a rule for it
		g.emit(sqltext.QuoteText(name))
		return "STRING"
	}
	choices := strings.Split(tokens, "|")
	if slices.Contains(choices, "STRING") && g.maybe(20) {
		g.emit(sqltext.QuoteText(name))
		return "STRING"
	}
	token, bare := tokenOf(name)
	if bare && slices.Contains(choices, token) && (g.maybe(60) || at.name == "rowid" || at.name == "strict") {
		if token == "ID" && slices.Contains(fallbacks, sqltext.Fold(name)) {
			g.bare[sqltext.Fold(name)] = true
		}
		if g.maybe(20) {
			name = sqltext.Upper(name)
		}
		g.emit(name)
		return token
	}
	g.emit(g.quoted(name))
	return "ID"
}

func (g *grammar) quoted(name string) string {
	ways := []string{sqltext.Quote(name), "`" + strings.ReplaceAll(name, "`", "``") + "`"}
	if !strings.Contains(name, "]") {
		ways = append(ways, "["+name+"]")
	}
	return g.one(ways...)
}

var bareName = regexp.MustCompile(`^[\pL_][\pL0-9_$]*$`)

// tokenOf returns the token that a name is without quotes, and whether it is one.
func tokenOf(name string) (string, bool) {
	switch fold := sqltext.Fold(name); {
	case fold == "indexed":
		return "INDEXED", true
	case slices.Contains(spellings("JOIN_KW"), fold):
		return "JOIN_KW", true
	case fold == "select" || fold == "primary":
		return "", false
	}
	return "ID", bareName.MatchString(name)
}

// columns chooses the columns of a table.
func (g *grammar) columns() {
	g.names, g.kinds = nil, nil
	for len(g.names) == 0 || len(g.names) < 5 && g.maybe(70) {
		name := g.anyName(60)
		for n := 0; slices.ContainsFunc(g.names, func(o string) bool { return sqltext.Same(o, name) }); n++ {
			name = fmt.Sprint("c", n)
		}
		g.names = append(g.names, name)
	}
	g.left = len(g.names)
}

// modules are the virtual tables there are, with arguments that each takes.
var modules = map[string][]string{
	"fts5":  {"body", "title , body UNINDEXED , prefix = '2 3'", "a , content = 'p' , content_rowid = id", "\"x y\" , tokenize = porter"},
	"rtree": {"id , x0 , x1", "id , x0 , x1 , + note varchar ( 10 )", "id , x0 , x1 , + note text default ( ( 1 ) + 2 )"},
}

// arguments writes a virtual table's, which are any tokens with parentheses in pairs.
func (g *grammar) arguments() {
	g.used["vtabarglist ::= vtabarg"] = true
	depth := 0
	for _, tok := range g.module {
		switch {
		case tok == "," && depth == 0:
			g.used["vtabarglist ::= vtabarglist COMMA vtabarg"] = true
		case tok == "(":
			if depth++; depth == 1 {
				for _, r := range []string{"vtabarg ::= vtabarg vtabargtoken", "vtabargtoken ::= lp anylist RP", "lp ::= LP", "anylist ::="} {
					g.used[r] = true
				}
			} else {
				g.used["anylist ::= anylist LP anylist RP"] = true
			}
		case tok == ")":
			depth--
		case depth > 0:
			g.used["anylist ::= anylist ANY"] = true
		default:
			g.used["vtabarg ::= vtabarg vtabargtoken"], g.used["vtabargtoken ::= ANY"] = true, true
		}
		g.emit(tok)
	}
	g.used["vtabarg ::="] = true
}
