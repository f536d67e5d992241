package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Change is one difference between two schemas: CreateTable, AddColumn,
// CreateIndex, DropIndex, or Unsupported for what has no step yet. The set is
// closed.
type Change interface {
	// Object is what changes, for instance users.email.
	Object() string
	// Words say the change in a sentence's beginning, for instance
	// "Add column users.locale".
	Words() string
	change()
}

// CreateTable makes a table with its indexes.
type CreateTable struct{ Table Table }

// AddColumn adds a column at the end of a table that exists.
type AddColumn struct {
	Table  Table
	Column Column
}

// CreateIndex makes an index on a table that exists.
type CreateIndex struct {
	Table string
	Index Index
}

// DropIndex removes an index.
type DropIndex struct {
	Table string
	Index Index
	// Changed says that an index of the same name is made again.
	Changed bool
}

// Unsupported is a difference that a plan can't remove yet.
type Unsupported struct {
	// Name is what differs.
	Name string
	// What says how.
	What string
}

// Object is the table's name.
func (c CreateTable) Object() string { return c.Table.Name }

// Object is the table's name and the column's.
func (c AddColumn) Object() string { return c.Table.Name + "." + c.Column.Name }

// Object is the index's name.
func (c CreateIndex) Object() string { return c.Index.Name }

// Object is the index's name.
func (c DropIndex) Object() string { return c.Index.Name }

// Object is what differs.
func (c Unsupported) Object() string { return c.Name }

// Words says the change.
func (c CreateTable) Words() string {
	n := len(c.Table.Columns)
	return fmt.Sprintf("Create table %s with %d columns", c.Table.Name, n)
}

// Words says the change.
func (c AddColumn) Words() string { return "Add column " + c.Object() }

// Words says the change.
func (c CreateIndex) Words() string {
	unique := ""
	if c.Index.Unique {
		unique = "unique "
	}
	return "Create " + unique + "index " + c.Index.Name + " on " + c.Table + columnList(c.Index)
}

// Words says the change.
func (c DropIndex) Words() string {
	if c.Changed {
		return "Drop index " + c.Index.Name + " to make it again"
	}
	return "Drop index " + c.Index.Name + " on " + c.Table + columnList(c.Index)
}

// Words says the change.
func (c Unsupported) Words() string { return c.What }

func (CreateTable) change() {}
func (AddColumn) change()   {}
func (CreateIndex) change() {}
func (DropIndex) change()   {}
func (Unsupported) change() {}

func columnList(ix Index) string {
	names := make([]string, len(ix.Columns))
	for i, c := range ix.Columns {
		names[i] = c.Expr
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// Diff lists what turns the tables of live into those of target: indexes that
// go, new tables, new columns, new indexes, in that order, then what can't be
// done yet. Tables of live that target doesn't have are left alone.
func Diff(live, target *Schema) []Change {
	var drops, tables, columns, indexes, rest []Change
	for i := range target.Tables {
		want := &target.Tables[i]
		have, ok := live.Table(want.Name)
		if !ok {
			tables = append(tables, CreateTable{Table: *want})
			for _, ix := range want.Indexes {
				indexes = append(indexes, CreateIndex{Table: want.Name, Index: ix})
			}
			continue
		}
		d := tableDiff{live: live, target: target, have: have, want: want}
		d.columns()
		d.constraints()
		d.indexes()
		drops, columns = append(drops, d.drops...), append(columns, d.adds...)
		indexes, rest = append(indexes, d.creates...), append(rest, d.rest...)
	}
	return slices.Concat(drops, tables, columns, indexes, rest)
}

type tableDiff struct {
	live, target               *Schema
	have, want                 *Table
	drops, adds, creates, rest []Change
	added                      []string // names of the columns that are added
}

func (d *tableDiff) unsupported(name, format string, args ...any) {
	d.rest = append(d.rest, Unsupported{Name: name, What: fmt.Sprintf(format, args...)})
}

func (d *tableDiff) columns() {
	for i := range d.want.Columns {
		want := &d.want.Columns[i]
		have, ok := d.have.Column(want.Name)
		if !ok {
			d.adds = append(d.adds, AddColumn{Table: *d.want, Column: *want})
			d.added = append(d.added, fold(want.Name))
			continue
		}
		d.column(have, want)
	}
	for _, have := range d.have.Columns {
		if _, ok := d.want.Column(have.Name); !ok {
			d.unsupported(d.have.Name+"."+have.Name, "Drop column %s.%s", d.have.Name, have.Name)
		}
	}
}

func (d *tableDiff) column(have, want *Column) {
	a, b := d.have.canonicalColumn(have), d.want.canonicalColumn(want)
	name := d.want.Name + "." + want.Name
	if a.Type != b.Type {
		d.unsupported(name, "Change the type of %s from %s to %s", name, orNone(have.Type), orNone(want.Type))
	}
	if a.NotNull != b.NotNull {
		d.unsupported(name, "%s", map[bool]string{true: "Make " + name + " NOT NULL", false: "Let " + name + " be NULL"}[b.NotNull])
	}
	if a.Default != b.Default {
		d.unsupported(name, "Change the default of %s from %s to %s", name, orNone(have.Default), orNone(want.Default))
	}
	if a.Collate != b.Collate {
		d.unsupported(name, "Change the collation of %s from %s to %s", name, orNone(have.Collate), orNone(want.Collate))
	}
	if a.Generated != b.Generated {
		d.unsupported(name, "Change the expression that %s is generated from", name)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// constraints compares what belongs to the table, apart from what comes with an
// added column.
func (d *tableDiff) constraints() {
	a, b := d.live.canonical(d.have), d.target.canonical(d.want)
	name := d.want.Name
	if !slices.Equal(a.PrimaryKey, b.PrimaryKey) {
		d.unsupported(name, "Change the primary key of %s from (%s) to (%s)", name, strings.Join(d.have.PrimaryKey, ", "), strings.Join(d.want.PrimaryKey, ", "))
	}
	if a.Options != b.Options {
		d.unsupported(name, "Change the options of %s from %s to %s", name, orNone(a.Options), orNone(b.Options))
	}
	for _, kind := range []struct {
		what       string
		have, want []string
	}{{"UNIQUE", a.Unique, b.Unique}, {"foreign key", a.ForeignKeys, b.ForeignKeys}, {"CHECK", a.Checks, b.Checks}} {
		for _, c := range kind.want {
			if !slices.Contains(kind.have, c) && !d.comesWithColumn(kind.what, c) {
				d.unsupported(name, "Add the %s (%s) to %s", kind.what, c, name)
			}
		}
		for _, c := range kind.have {
			if !slices.Contains(kind.want, c) {
				d.unsupported(name, "Remove the %s (%s) from %s", kind.what, c, name)
			}
		}
	}
}

// comesWithColumn reports whether a constraint is part of an added column's own
// definition, so that ADD COLUMN brings it.
func (d *tableDiff) comesWithColumn(kind, canonical string) bool {
	switch kind {
	case "UNIQUE":
		return slices.Contains(d.added, canonical)
	case "foreign key":
		column, _, _ := strings.Cut(canonical, " -> ")
		return slices.Contains(d.added, column)
	}
	for _, c := range d.want.Checks {
		if canonicalExpr(c) == canonical {
			return slices.Contains(d.added, fold(d.want.checkedColumn(c)))
		}
	}
	return false
}

func (d *tableDiff) indexes() {
	for _, have := range d.have.Indexes {
		want, ok := d.want.Index(have.Name)
		if !ok || want.canonical() != have.canonical() {
			d.drops = append(d.drops, DropIndex{Table: d.have.Name, Index: have, Changed: ok})
		}
	}
	for _, want := range d.want.Indexes {
		have, ok := d.have.Index(want.Name)
		if !ok || want.canonical() != have.canonical() {
			d.creates = append(d.creates, CreateIndex{Table: d.want.Name, Index: want})
		}
	}
}
