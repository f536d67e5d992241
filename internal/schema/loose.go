package schema

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// LooseHash returns the hash of what builds before 2026-12 read of the schema: keys as
// their columns alone, and texts in double quotes in any case. It says whether such a build found two schemas the same.
func (s *Schema) LooseHash() string {
	out := s.clone()
	for i := range out.Tables {
		out.Tables[i].loosen()
	}
	return out.Hash()
}

// Is reports whether the tables and objects of live that s has too are what s declares.
// A loose schema was often written from a database whose keys it couldn't say, so it
// is compared as it was read then: that database hasn't changed since.
func (s *Schema) Is(live *Schema) bool {
	whole := live
	live = live.Only(s)
	return live.Hash() == s.Hash() || s.requoted(live, whole).Hash() == s.Hash() || s.Loose && live.LooseHash() == s.LooseHash()
}

// requoted is live with the objects that say the same as those of s written as those are.
func (s *Schema) requoted(live, whole *Schema) *Schema {
	out := *live
	out.Objects = slices.Clone(live.Objects)
	for i := range out.Objects {
		have := &out.Objects[i]
		if want, ok := s.Object(have.Type, have.Name); ok && have.Type == want.Type && sameObject(have, want, whole, s) {
			have.SQL = want.SQL
		}
	}
	return &out
}

func (t *Table) loosen() {
	for _, k := range t.UniqueTerms {
		for i, clause := range t.Extra {
			if how, ok := strings.CutPrefix(clause, uniqueClause(k, "")); ok {
				t.Extra[i] = uniqueClause(plainKey(k.Columns()), how)
			}
		}
		t.Unique = append(t.Unique, k.Columns())
	}
	t.PrimaryTerms, t.UniqueTerms = nil, nil
	for i := range t.Columns {
		c := &t.Columns[i]
		c.Default, c.Generated = foldTexts(c.Default), foldTexts(c.Generated)
	}
	for i := range t.Checks {
		t.Checks[i] = foldTexts(t.Checks[i])
	}
	for i := range t.Indexes {
		t.Indexes[i].Where = foldTexts(t.Indexes[i].Where)
		for j := range t.Indexes[i].Columns {
			t.Indexes[i].Columns[j].loosen()
		}
	}
}

// loosen takes the collation of an expression for that of its last operand.
func (c *IndexColumn) loosen() {
	if c.IsExpr {
		c.Expr = foldTexts(c.Expr)
	}
	toks := slices.Collect(sqltext.Code(canonicalExpr(c.Expr)))
	if c.IsExpr && c.Collate != "" && !isPrimary(toks) {
		c.Expr, c.Collate = canonicalExpr(c.Expr)+" collate "+sqltext.Fold(c.Collate), ""
	}
}
