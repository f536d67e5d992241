package schema_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// grammar writes random CREATE TABLE and CREATE INDEX texts, a production at a time,
// with all the ways to spell them.
type grammar struct {
	t       *rapid.T
	columns []string // names as they are
	key     bool     // a primary key is there
}

func (g *grammar) one(of ...string) string { return rapid.SampledFrom(of).Draw(g.t, "of") }

func (g *grammar) maybe(percent int) bool { return rapid.IntRange(0, 99).Draw(g.t, "maybe") < percent }

// in returns the text or nothing.
func (g *grammar) in(percent int, text func() string) string {
	if g.maybe(percent) {
		return " " + text()
	}
	return ""
}

// name spells a name.
func (g *grammar) name(name string) string {
	quoted := `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	if strings.ContainsAny(name, ` "`) || name == "select" {
		return g.one(quoted, "["+name+"]", "`"+name+"`", quoted)
	}
	return g.one(name, name, strings.ToUpper(name), quoted, "["+name+"]", "`"+name+"`", "'"+name+"'")
}

func (g *grammar) column() string { return g.one(g.columns...) }

// term is a column of a key, and indexed one of an index.
func (g *grammar) term() string {
	name := g.name(g.column())
	switch rapid.IntRange(0, 5).Draw(g.t, "term") {
	case 0:
		name = "(" + name + ")"
	case 1:
		name = "(" + name + " " + g.collate() + ")"
	case 2, 3:
		name += " " + g.collate()
	}
	return name + g.direction()
}

func (g *grammar) collate() string {
	return g.one("collate", "COLLATE") + " " + g.one("nocase", "NOCASE", `"nocase"`, "rtrim", "[RTRIM]", "binary", "nocase collate binary")
}

func (g *grammar) direction() string {
	return g.one("", "", " asc", " desc", " DESC", " /* down */ desc")
}

func (g *grammar) list(of func() string) string {
	parts := make([]string, rapid.IntRange(1, 3).Draw(g.t, "list"))
	for i := range parts {
		parts[i] = of()
	}
	return "(" + strings.Join(parts, g.one(", ", ",", " , -- next\n")) + ")"
}

func (g *grammar) conflict() string {
	return g.in(12, func() string { return "on conflict " + g.one("abort", "fail", "ignore", "REPLACE") })
}

func (g *grammar) reference() string {
	return "references " + g.name("t") + g.in(70, func() string { return "(" + g.name(g.column()) + ")" }) + g.actions()
}

func (g *grammar) actions() string {
	s := ""
	for g.maybe(40) {
		s += " " + g.one("on delete cascade", "on delete set null", "on update no action", "on update set default",
			"on delete restrict", "match full", "on insert cascade")
	}
	return s + g.in(40, g.deferral)
}

func (g *grammar) deferral() string {
	return g.one("deferrable", "deferrable initially deferred", "not deferrable", "not deferrable initially deferred",
		"deferrable initially immediate")
}

func (g *grammar) constraint(name string) string {
	s := g.in(10, func() string { return "constraint " + g.name("named") })
	switch rapid.IntRange(0, 11).Draw(g.t, "constraint") {
	case 0, 1:
		if g.key {
			return ""
		}
		g.key = true
		return s + " primary key" + g.direction() + g.conflict() + g.in(20, func() string { return "autoincrement" })
	case 2:
		return s + " not null" + g.conflict()
	case 3, 4:
		return s + " unique" + g.conflict()
	case 5:
		return s + " default " + g.one("1", "-2.5", "+3", "'it''s'", "word", `"quoted"`, "(1 + 2)", "null", "x'0aFF'", "true",
			"current_date", "(lower('A'))", "1e3", "(NULL)")
	case 6:
		return s + " " + g.collate()
	case 7:
		return s + " check (" + g.name(name) + g.one(" is not 'x'", ` <> "zz"`, " IS NULL or 1") + ")"
	case 8:
		return s + " " + g.reference() + g.in(20, func() string { return "not null " + g.deferral() })
	case 9:
		return s + g.one(" generated always as", " as", " AS") + " (length(" + g.name(g.columns[0]) + "))" + g.one("", " stored", " virtual")
	case 10:
		return s + " null"
	}
	return ""
}

func (g *grammar) tableConstraint() string {
	s := strings.TrimPrefix(g.in(10, func() string { return "constraint " + g.name("named") }), " ") + " "
	switch rapid.IntRange(0, 5).Draw(g.t, "of the table") {
	case 0, 1:
		if !g.key {
			g.key = true
			return s + "primary key " + g.list(g.term) + g.conflict()
		}
		fallthrough
	case 2, 3:
		return s + "unique " + g.list(g.term) + g.conflict()
	case 4:
		return s + "check (" + g.name(g.column()) + " is not 7)" + g.conflict()
	}
	return s + "foreign key (" + g.name(g.column()) + ") " + g.reference()
}

// table returns a CREATE TABLE of t. SQLite doesn't take every one.
func (g *grammar) table() string {
	names := []string{"a", "b", "two words", "select", `qu"ote`}
	g.columns = names[:rapid.IntRange(1, len(names)).Draw(g.t, "columns")]
	var items []string
	for _, name := range g.columns {
		kind := g.one("", "text", "TEXT", "integer", "INTEGER", "int", "varchar(10)", "double precision", "numeric(5, -2)",
			"blob", `"integer"`, "'text'", "real")
		item := g.name(name) + " " + kind
		for range rapid.IntRange(0, 3).Draw(g.t, "constraints") {
			item += g.constraint(name)
		}
		items = append(items, item)
	}
	for range rapid.IntRange(0, 3).Draw(g.t, "of the table") {
		items = append(items, g.tableConstraint())
	}
	sql := fmt.Sprintf("create table %s(%s)", g.one("t", `"t"`, "if not exists [T]", "main.t"), strings.Join(items, ", "))
	return sql + g.one("", "", "", " without rowid", " strict", " WITHOUT ROWID, STRICT")
}

// index returns a CREATE INDEX on t.
func (g *grammar) index(n int) string {
	part := func() string {
		if g.maybe(70) {
			return g.term()
		}
		a, b := g.name(g.columns[0]), g.name(g.columns[len(g.columns)-1])
		return g.one(
			"lower("+a+")", "lower("+a+") "+g.collate(), a+" || "+b+" "+g.collate(), "("+a+" || "+b+") "+g.collate(), "-"+a+" "+g.collate(),
			"case when "+a+" then "+b+" end "+g.collate(), "cast("+a+" as text) collate nocase", "("+a+" || 'x') || "+b+" collate nocase", "not "+a,
			`"text" || `+a,
		) + g.direction()
	}
	return fmt.Sprintf("create %sindex i%d on %s%s", g.one("", "unique "), n, g.name("t"), g.list(part)) +
		g.in(30, func() string { return "where " + g.name(g.columns[0]) + " is not null" })
}
