package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// A scope is where the tables and views that an object speaks of are looked up. It says
// what may be a column, not what is one: SQLite's rules for aliases fill a book, and what
// is wrongly taken for a text would be a change that nobody sees.
type scope []*Schema

// mayBeColumn reports whether the name at i of an object's text can be that of a column:
// every table has it, the text gives it to something, or what the text reads has it.
func (s scope) mayBeColumn(o *Object, toks []sqltext.Token, i int) bool {
	name := toks[i].Ident()
	seen := map[*Object]bool{}
	for _, one := range s {
		if itself, ok := one.Object(o.Type, o.Name); ok {
			seen[itself] = true
		}
	}
	return sqltext.IsRowID(name) || isValuesColumn(name) || gives(toks, i, name) || s.reads(o, name, seen)
}

// isValuesColumn reports whether a VALUES that is read from may have a column of that name.
func isValuesColumn(name string) bool {
	number, ok := strings.CutPrefix(sqltext.Fold(name), "column")
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}

// gives reports whether a text gives that name to something, apart from the token at i and
// its own alias: "open" AS open makes the first one no column.
func gives(toks []sqltext.Token, i int, name string) bool {
	for j, t := range toks {
		alias := j == i+1 || j == i+2 && i >= 0 && toks[i+1].Is("as")
		named := (t.IsName() || t.Kind == sqltext.String) && sqltext.Same(spelled(t), name)
		if named && j != i && (i < 0 || !alias) && !operand(toks, j) {
			return true
		}
	}
	return false
}

// reads reports whether something that an object reads or writes may have a column of that
// name, be it that what it has isn't known. seen are the views that were asked already.
func (s scope) reads(o *Object, name string, seen map[*Object]bool) bool {
	toks := objectTokens(o.SQL)
	spoken := map[string]bool{}
	for _, t := range toks {
		spoken[sqltext.Fold(spelled(t))] = true
	}
	known := map[string]bool{}
	for _, one := range s {
		for i := range one.Tables {
			t := &one.Tables[i]
			known[sqltext.Fold(t.Name)] = true
			if _, ok := t.Column(name); ok && spoken[sqltext.Fold(t.Name)] {
				return true
			}
		}
		for i := range one.Objects {
			from := &one.Objects[i]
			folded := sqltext.Fold(from.Name)
			if from.Type == "trigger" {
				continue
			}
			if known[folded] = true; !spoken[folded] || seen[from] {
				continue
			}
			if seen[from] = true; s.shows(from, name, seen) {
				return true
			}
		}
	}
	return slices.ContainsFunc(sources(toks), func(source string) bool {
		return !known[sqltext.Fold(source)] && engineColumn(source, name)
	})
}

// shows reports whether a view or virtual table may have a column of that name.
func (s scope) shows(of *Object, name string, seen map[*Object]bool) bool {
	if of.Type == "view" {
		return gives(objectTokens(of.SQL), -1, name) || s.reads(of, name, seen)
	}
	switch sqltext.Fold(Module(of.SQL)) {
	case "fts5":
		return sqltext.Same(name, "rank") || Speaks(of.SQL, name)
	case "rtree", "rtree_i32":
		return Speaks(of.SQL, name)
	}
	return true // what columns the module gives it isn't in the text
}

// engineColumns are the columns of what every database has.
var engineColumns = map[string][]string{
	"json_each":     {"key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root"},
	"json_tree":     {"key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root"},
	"sqlite_master": {"type", "name", "tbl_name", "rootpage", "sql"},
	"sqlite_schema": {"type", "name", "tbl_name", "rootpage", "sql"},
}

// engineColumn reports whether what is in no schema may have a column of that name.
func engineColumn(source, name string) bool {
	columns, ok := engineColumns[sqltext.Fold(source)]
	return !ok || slices.Contains(columns, sqltext.Fold(name))
}

// sources are the names of what a text reads and writes, without those that WITH gives.
func sources(toks []sqltext.Token) (names []string) {
	for i, t := range toks {
		switch {
		case isWordOf(t, "from", "join", "into"):
			names = append(names, sourcesAt(toks, i+1)...)
		case isWordOf(t, "update"): // not of a trigger's head or a foreign key's action
			for i+2 < len(toks) && isWordOf(toks[i+1], "or") {
				i += 2
			}
			if i+1 < len(toks) && !isWordOf(toks[i+1], "of", "on", "set") {
				names = append(names, sourcesAt(toks, i+1)...)
			}
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return isCommon(toks, n) })
}

// sourcesAt are those of a list that begins at i: behind it, behind each comma, and in
// parentheses that hold no SELECT.
func sourcesAt(toks []sqltext.Token, i int) (names []string) {
	for expects := true; i < len(toks); i++ {
		switch t := toks[i]; {
		case expects && t.Is("(") && i+1 < len(toks) && !isWordOf(toks[i+1], "select", "with", "values"):
			names = append(names, sourcesAt(toks, i+1)...)
			i, expects = sqltext.Closing(toks, i), false
		case t.Is("("):
			i, expects = sqltext.Closing(toks, i), false
		case expects && i+2 < len(toks) && toks[i+1].Is("."): // main.t
			i++
			names, expects = append(names, spelled(toks[i+1])), false
		case expects && (t.IsName() || t.Kind == sqltext.String):
			names, expects = append(names, spelled(t)), false
		case t.Is(","):
			expects = true
		case t.Is(")"), t.Is(";"), isWordOf(t, afterSources...):
			return names
		}
	}
	return names
}

// afterSources are the words that end a list of sources.
var afterSources = []string{
	"where", "group", "order", "limit", "union", "except", "intersect", "having", "window", "set", "values", "select", "returning",
}

// isCommon reports whether WITH gives that name: AS and a parenthesis follow it.
func isCommon(toks []sqltext.Token, name string) bool {
	for i, t := range toks {
		if !t.IsName() || !sqltext.Same(t.Ident(), name) || i == 0 || !toks[i-1].Is(",") && !isWordOf(toks[i-1], "with", "recursive") {
			continue
		}
		rest := toks[i+1:]
		if len(rest) > 0 && rest[0].Is("(") {
			rest = rest[min(sqltext.Closing(rest, 0)+1, len(rest)):]
		}
		if len(rest) > 1 && rest[0].Is("as") && (rest[1].Is("(") || isWordOf(rest[1], "not", "materialized")) {
			return true
		}
	}
	return false
}
