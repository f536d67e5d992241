package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/lex"
)

// Renamed returns live as it is once the renames that target declares are done,
// and the renames. One whose old name isn't there, or whose new name is, was done
// before.
func Renamed(live, target *Schema) (*Schema, []Change) {
	out, changes := live.clone(), []Change(nil)
	for _, want := range target.Tables {
		if want.Was != "" && fold(want.Was) != fold(want.Name) {
			_, taken := out.Table(want.Name)
			if have, ok := out.Table(want.Was); ok && !taken {
				changes = append(changes, RenameTable{From: have.Name, To: want.Name})
				out.renameTable(have.Name, want.Name)
			}
		}
		have, ok := out.Table(want.Name)
		if !ok {
			continue
		}
		for _, c := range want.Columns {
			if c.Was == "" || fold(c.Was) == fold(c.Name) {
				continue
			}
			_, taken := have.Column(c.Name)
			if old, ok := have.Column(c.Was); ok && !taken {
				changes = append(changes, RenameColumn{Table: have.Name, From: old.Name, To: c.Name})
				out.renameColumn(have.Name, old.Name, c.Name)
			}
		}
	}
	return out, changes
}

func (s *Schema) clone() *Schema {
	out := *s
	out.Tables, out.Objects = slices.Clone(s.Tables), slices.Clone(s.Objects)
	for i := range out.Tables {
		t := &out.Tables[i]
		t.Columns, t.PrimaryKey, t.Checks = slices.Clone(t.Columns), slices.Clone(t.PrimaryKey), slices.Clone(t.Checks)
		t.Unique, t.ForeignKeys, t.Indexes = slices.Clone(t.Unique), slices.Clone(t.ForeignKeys), slices.Clone(t.Indexes)
		for j := range t.Unique {
			t.Unique[j] = slices.Clone(t.Unique[j])
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
		if fold(t.Name) == fold(from) {
			t.Name = to
		}
		for j := range t.ForeignKeys {
			if fold(t.ForeignKeys[j].Table) == fold(from) {
				t.ForeignKeys[j].Table = to
			}
		}
	}
	for i := range s.Objects {
		s.Objects[i].SQL = replaceName(s.Objects[i].SQL, from, to)
		if fold(s.Objects[i].Table) == fold(from) {
			s.Objects[i].Table = to
		}
	}
}

func (s *Schema) renameColumn(table, from, to string) {
	in := func(names []string) {
		for i, n := range names {
			if fold(n) == fold(from) {
				names[i] = to
			}
		}
	}
	for i := range s.Tables {
		t := &s.Tables[i]
		for j := range t.ForeignKeys {
			if fold(t.ForeignKeys[j].Table) == fold(table) {
				in(t.ForeignKeys[j].RefColumns)
			}
		}
		if fold(t.Name) != fold(table) {
			continue
		}
		in(t.PrimaryKey)
		for j := range t.Columns {
			c := &t.Columns[j]
			c.Generated = replaceName(c.Generated, from, to)
			if fold(c.Name) == fold(from) {
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
			for k := range ix.Columns {
				if c := &ix.Columns[k]; c.IsExpr {
					c.Expr = replaceName(c.Expr, from, to)
				} else if fold(c.Expr) == fold(from) {
					c.Expr = to
				}
			}
		}
	}
	for i := range s.Objects {
		s.Objects[i].SQL = replaceName(s.Objects[i].SQL, from, to)
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
	for t := range lex.Tokens(sql) {
		if isName(t) && fold(t.Ident()) == fold(from) {
			b.WriteString(sql[at:t.Offset] + Quote(to))
			at = t.Offset + len(t.Text)
		}
	}
	return b.String() + sql[at:]
}
