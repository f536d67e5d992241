package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Renamed returns live as it is once the renames that target declares are done, and the
// renames in an order in which each new name is free. One whose old name isn't there, or
// whose new name is, was done before; one that changes only the case of a name is done
// where live spells it the old way.
func Renamed(live, target *Schema) (*Schema, []Change) {
	out, changes := live.clone(), []Change(nil)
	for done := true; done; { // in "b was a, c was b" the second frees the first's name
		done = false
		for _, want := range target.Tables {
			have, ok := out.Table(want.Was)
			if want.Was == "" || !ok || !renames(have.Name, want.Was, want.Name, func() bool { _, taken := out.Table(want.Name); return taken }) {
				continue
			}
			changes = append(changes, RenameTable{From: have.Name, To: want.Name})
			out.renameTable(have.Name, want.Name)
			done = true
		}
	}
	for _, want := range target.Tables {
		if have, ok := out.Table(want.Name); ok {
			changes = append(changes, out.renameColumns(have, want)...)
		}
	}
	return out, changes
}

// renameColumns does the renames within a table.
func (s *Schema) renameColumns(have *Table, want Table) (changes []Change) {
	for done := true; done; {
		done = false
		for _, c := range want.Columns {
			old, ok := have.Column(c.Was)
			if c.Was == "" || !ok || !renames(old.Name, c.Was, c.Name, func() bool { _, taken := have.Column(c.Name); return taken }) {
				continue
			}
			changes = append(changes, RenameColumn{Table: have.Name, From: old.Name, To: c.Name})
			s.renameColumn(have.Name, old.Name, c.Name)
			done = true
		}
	}
	return changes
}

// renames reports whether what live calls have, and was declared as was, is to be called
// want.
func renames(have, was, want string, taken func() bool) bool {
	if sqltext.Same(was, want) {
		return have == was && have != want
	}
	return !taken()
}

// Circle is a circle of renames: each has the name that another had.
type Circle struct {
	// Table is whose columns they are, "" for tables.
	Table string
	Names []string
}

// Object is the first of them.
func (c Circle) Object() string {
	if c.Table == "" {
		return c.Names[0]
	}
	return c.Table + "." + c.Names[0]
}

// Words say the circle.
func (c Circle) Words() string {
	what := "tables "
	if c.Table != "" {
		what = "columns of " + c.Table + ": "
	}
	return "Swap the names of the " + what + strings.Join(c.Names, ", ")
}

// Circles lists the circles of renames that target declares between things live has.
func Circles(live, target *Schema) (out []Circle) {
	was := map[string]string{}
	for _, t := range target.Tables {
		if _, ok := live.Table(t.Name); ok && !sqltext.Same(t.Was, t.Name) {
			was[sqltext.Fold(t.Name)] = sqltext.Fold(t.Was)
		}
	}
	for _, names := range circles(was) {
		out = append(out, Circle{Names: names})
	}
	for _, t := range target.Tables {
		have, ok := live.Table(t.Name)
		if !ok {
			continue
		}
		was := map[string]string{}
		for _, c := range t.Columns {
			if _, ok := have.Column(c.Name); ok && !sqltext.Same(c.Was, c.Name) {
				was[sqltext.Fold(c.Name)] = sqltext.Fold(c.Was)
			}
		}
		for _, names := range circles(was) {
			out = append(out, Circle{Table: t.Name, Names: names})
		}
	}
	return out
}

// circles lists the circles in a map, each from its smallest member on.
func circles(next map[string]string) (out [][]string) {
	for _, first := range slices.Sorted(maps.Keys(next)) {
		names := []string{first}
		for at := next[first]; at > first && len(names) <= len(next); at = next[at] {
			names = append(names, at)
		}
		if len(names) > 1 && next[names[len(names)-1]] == first {
			out = append(out, names)
		}
	}
	return out
}

func (s *Schema) clone() *Schema {
	out := *s
	out.Tables, out.Objects = slices.Clone(s.Tables), slices.Clone(s.Objects)
	for i := range out.Tables {
		t := &out.Tables[i]
		t.Columns, t.PrimaryKey, t.Checks = slices.Clone(t.Columns), slices.Clone(t.PrimaryKey), slices.Clone(t.Checks)
		t.Unique, t.ForeignKeys, t.Indexes = slices.Clone(t.Unique), slices.Clone(t.ForeignKeys), slices.Clone(t.Indexes)
		t.PrimaryTerms, t.UniqueTerms = slices.Clone(t.PrimaryTerms), slices.Clone(t.UniqueTerms)
		t.Extra = slices.Clone(t.Extra)
		for j := range t.Unique {
			t.Unique[j] = slices.Clone(t.Unique[j])
		}
		for j := range t.UniqueTerms {
			t.UniqueTerms[j] = slices.Clone(t.UniqueTerms[j])
		}
		for j := range t.ForeignKeys {
			fk := &t.ForeignKeys[j]
			fk.Columns, fk.RefColumns = slices.Clone(fk.Columns), slices.Clone(fk.RefColumns)
		}
		for j := range t.Indexes {
			t.Indexes[j].Columns = slices.Clone(t.Indexes[j].Columns)
		}
	}
	return &out
}

func (s *Schema) renameTable(from, to string) {
	for i := range s.Tables {
		t := &s.Tables[i]
		if sqltext.Same(t.Name, from) {
			t.Name = to
		}
		for j := range t.ForeignKeys {
			if sqltext.Same(t.ForeignKeys[j].Table, from) {
				t.ForeignKeys[j].Table = to
			}
		}
	}
	for i := range s.Objects {
		s.Objects[i].SQL = replaceName(s.Objects[i].SQL, from, to)
		if sqltext.Same(s.Objects[i].Table, from) {
			s.Objects[i].Table = to
		}
	}
}

func (s *Schema) renameColumn(table, from, to string) {
	in := func(names []string) {
		for i, n := range names {
			if sqltext.Same(n, from) {
				names[i] = to
			}
		}
	}
	for i := range s.Tables {
		t := &s.Tables[i]
		for j := range t.ForeignKeys {
			if sqltext.Same(t.ForeignKeys[j].Table, table) {
				in(t.ForeignKeys[j].RefColumns)
			}
		}
		if sqltext.Fold(t.Name) != sqltext.Fold(table) {
			continue
		}
		in(t.PrimaryKey)
		for _, k := range append(slices.Clone(t.UniqueTerms), t.PrimaryTerms) {
			k.rename(from, to)
		}
		for j := range t.Columns {
			c := &t.Columns[j]
			c.Generated = replaceName(c.Generated, from, to)
			if sqltext.Same(c.Name, from) {
				c.Name = to
			}
		}
		for j := range t.Unique {
			in(t.Unique[j])
		}
		for j := range t.Checks {
			t.Checks[j] = replaceName(t.Checks[j], from, to)
		}
		for j := range t.ForeignKeys {
			in(t.ForeignKeys[j].Columns)
		}
		for j := range t.Indexes {
			ix := &t.Indexes[j]
			ix.Where = replaceName(ix.Where, from, to)
			Key(ix.Columns).rename(from, to)
		}
	}
	for i := range s.Objects {
		s.Objects[i].SQL = replaceName(s.Objects[i].SQL, from, to)
	}
}

func (k Key) rename(from, to string) {
	for i := range k {
		if c := &k[i]; c.IsExpr {
			c.Expr = replaceName(c.Expr, from, to)
		} else if sqltext.Same(c.Expr, from) {
			c.Expr = to
		}
	}
}

// replaceName writes another name where SQL has this one. It is for telling what
// will differ after a rename; SQLite itself rewrites the texts.
func replaceName(sql, from, to string) string {
	if sql == "" {
		return ""
	}
	var b strings.Builder
	at := 0
	for t := range sqltext.Tokens(sql) {
		if t.IsName() && sqltext.Same(t.Ident(), from) {
			b.WriteString(sql[at:t.Offset] + sqltext.Quote(to))
			at = t.Offset + len(t.Text)
		}
	}
	return b.String() + sql[at:]
}
