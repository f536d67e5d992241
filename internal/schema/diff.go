package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Change is one difference between two schemas: CreateTable, RenameTable,
// DropTable, AddColumn, RenameColumn, DropColumn, ChangeTable, CreateIndex,
// DropIndex, CreateObject or DropObject. The set is closed.
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

// RenameTable gives a table another name; its rows stay.
type RenameTable struct{ From, To string }

// DropTable removes a table with its rows.
type DropTable struct{ Table Table }

// AddColumn adds a column to a table that exists.
type AddColumn struct {
	Table  Table
	Column Column
}

// RenameColumn gives a column another name; its values stay.
type RenameColumn struct{ Table, From, To string }

// DropColumn removes a column with its values.
type DropColumn struct {
	Table  Table
	Column Column
}

// ChangeTable is a difference within a table that no ALTER can make: of a column's
// type, default and so on, or of a constraint or option.
type ChangeTable struct {
	// Table is what the table is to be, Column the column that differs, "" for a
	// difference of the whole table.
	Table  Table
	Column string
	// AddsUnique says that it is a UNIQUE that comes.
	AddsUnique bool
	// What says it in words.
	What string
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

// CreateObject makes a view, trigger or virtual table.
type CreateObject struct{ Of Object }

// DropObject removes one.
type DropObject struct {
	Of Object
	// Changed says that one of the same name is made again.
	Changed bool
}

// Object is the table's name.
func (c CreateTable) Object() string { return c.Table.Name }

// Object is the table's new name.
func (c RenameTable) Object() string { return c.To }

// Object is the table's name.
func (c DropTable) Object() string { return c.Table.Name }

// Object is the table's name and the column's.
func (c AddColumn) Object() string { return c.Table.Name + "." + c.Column.Name }

// Object is the table's name and the column's new one.
func (c RenameColumn) Object() string { return c.Table + "." + c.To }

// Object is the table's name and the column's.
func (c DropColumn) Object() string { return c.Table.Name + "." + c.Column.Name }

// Object is the table's name, and the column's where it is one that differs.
func (c ChangeTable) Object() string {
	if c.Column == "" {
		return c.Table.Name
	}
	return c.Table.Name + "." + c.Column
}

// Object is the index's name.
func (c CreateIndex) Object() string { return c.Index.Name }

// Object is the index's name.
func (c DropIndex) Object() string { return c.Index.Name }

// Object is the name of the view, trigger or virtual table.
func (c CreateObject) Object() string { return c.Of.Name }

// Object is the name of the view, trigger or virtual table.
func (c DropObject) Object() string { return c.Of.Name }

// Words says the change.
func (c CreateTable) Words() string {
	n := len(c.Table.Columns)
	return fmt.Sprintf("Create table %s with %d columns", c.Table.Name, n)
}

// Words says the change.
func (c RenameTable) Words() string { return "Rename table " + c.From + " to " + c.To }

// Words says the change.
func (c DropTable) Words() string { return "Drop table " + c.Table.Name }

// Words says the change.
func (c AddColumn) Words() string { return "Add column " + c.Object() }

// Words says the change.
func (c RenameColumn) Words() string {
	return "Rename column " + c.Table + "." + c.From + " to " + c.To
}

// Words says the change.
func (c DropColumn) Words() string { return "Drop column " + c.Object() }

// Words says the change.
func (c ChangeTable) Words() string { return c.What }

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
func (c CreateObject) Words() string { return "Create " + c.Of.Type + " " + c.Of.Name }

// Words says the change.
func (c DropObject) Words() string {
	if c.Changed {
		return "Drop " + c.Of.Type + " " + c.Of.Name + " to make it again"
	}
	return "Drop " + c.Of.Type + " " + c.Of.Name
}

func (CreateTable) change()  {}
func (RenameTable) change()  {}
func (DropTable) change()    {}
func (AddColumn) change()    {}
func (RenameColumn) change() {}
func (DropColumn) change()   {}
func (ChangeTable) change()  {}
func (CreateIndex) change()  {}
func (DropIndex) change()    {}
func (CreateObject) change() {}
func (DropObject) change()   {}

func columnList(ix Index) string {
	names := make([]string, len(ix.Columns))
	for i, c := range ix.Columns {
		names[i] = c.Expr
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// Diff lists what turns the tables and objects of live into those of target:
// renames, indexes and objects that go, new tables, new columns, columns that go,
// what needs more than ALTER, new indexes, new objects, in that order. Tables and
// objects of live that target doesn't have are left alone: see Dropped.
func Diff(live, target *Schema) []Change {
	live, renames := Renamed(live, target)
	var drops, tables, adds, gone, rest, indexes, objects []Change
	for _, want := range target.Objects {
		have, ok := live.Object(want.Type, want.Name)
		same := ok && have.Type == want.Type && sameObject(have, &want, live, target)
		if ok && !same {
			drops = append(drops, DropObject{Of: *have, Changed: true})
		}
		if !same {
			objects = append(objects, CreateObject{Of: want})
		}
	}
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
		drops, adds, gone = append(drops, d.drops...), append(adds, d.adds...), append(gone, d.gone...)
		indexes, rest = append(indexes, d.creates...), append(rest, d.rest...)
	}
	return slices.Concat(renames, drops, tables, adds, gone, rest, indexes, objects)
}

// Dropped lists what target no longer declares and previous, the version before,
// did: tables and objects that live still has and that were not renamed.
func Dropped(previous, live, target *Schema) []Change {
	var out []Change
	if previous == nil {
		return nil
	}
	was := map[string]bool{}
	for _, t := range target.Tables {
		was[sqltext.Fold(t.Was)] = true
	}
	for _, o := range previous.Objects {
		if have, ok := live.Object(o.Type, o.Name); ok {
			if _, kept := target.Object(o.Type, o.Name); !kept {
				out = append(out, DropObject{Of: *have})
			}
		}
	}
	for _, t := range previous.Tables {
		if have, ok := live.Table(t.Name); ok && !was[sqltext.Fold(t.Name)] {
			if _, kept := target.Table(t.Name); !kept {
				out = append(out, DropTable{Table: *have})
			}
		}
	}
	return out
}

type tableDiff struct {
	live, target                     *Schema
	have, want                       *Table
	drops, adds, gone, creates, rest []Change
	added                            []string // names of the columns that are added
}

// differs notes a difference that needs more than ALTER; column is "" for one of
// the whole table.
func (d *tableDiff) differs(column, format string, args ...any) {
	d.rest = append(d.rest, ChangeTable{Table: *d.want, Column: column, What: fmt.Sprintf(format, args...)})
}

func (d *tableDiff) columns() {
	for i := range d.want.Columns {
		want := &d.want.Columns[i]
		have, ok := d.have.Column(want.Name)
		if !ok {
			d.adds = append(d.adds, AddColumn{Table: *d.want, Column: *want})
			d.added = append(d.added, sqltext.Fold(want.Name))
			continue
		}
		d.column(have, want)
	}
	for _, have := range d.have.Columns {
		if _, ok := d.want.Column(have.Name); !ok {
			d.gone = append(d.gone, DropColumn{Table: *d.have, Column: have})
		}
	}
}

func (d *tableDiff) column(have, want *Column) {
	a, b := d.have.canonicalColumn(have, asText), d.want.canonicalColumn(want, asText)
	name := d.want.Name + "." + want.Name
	if a.Type != b.Type {
		d.differs(want.Name, "Change the type of %s from %s to %s", name, orNone(have.Type), orNone(want.Type))
	}
	if a.NotNull != b.NotNull {
		d.differs(want.Name, "%s", map[bool]string{true: "Make " + name + " NOT NULL", false: "Let " + name + " be NULL"}[b.NotNull])
	}
	if a.Default != b.Default {
		d.differs(want.Name, "Change the default of %s from %s to %s", name, orNone(have.Default), orNone(want.Default))
	}
	if a.Collate != b.Collate {
		d.differs(want.Name, "Change the collation of %s from %s to %s", name, orNone(have.Collate), orNone(want.Collate))
	}
	if a.Generated != b.Generated {
		d.differs(want.Name, "Change the expression that %s is generated from", name)
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
	a, b := d.live.canonical(d.have, asText), d.target.canonical(d.want, asText)
	name := d.want.Name
	if have, want := d.have.primary(), d.want.primary(); have.canonical() != want.canonical() {
		d.differs("", "Change the primary key of %s from (%s) to (%s)", name, have, want)
	}
	if a.Options != b.Options {
		d.differs("", "Change the options of %s from %s to %s", name, orNone(a.Options), orNone(b.Options))
	}
	for _, kind := range []struct {
		what       string
		have, want []string
	}{
		{unique, slices.Concat(a.Unique, a.UniqueTerms), slices.Concat(b.Unique, b.UniqueTerms)},
		{"foreign key", a.ForeignKeys, b.ForeignKeys}, {"CHECK", a.Checks, b.Checks}, {"clause", a.clauses(), b.clauses()},
	} {
		for _, c := range kind.want {
			if !slices.Contains(kind.have, c) && !d.comesWithColumn(kind.what, c) {
				what := fmt.Sprintf("Add the %s (%s) to %s", kind.what, c, name)
				d.rest = append(d.rest, ChangeTable{Table: *d.want, AddsUnique: kind.what == unique, What: what})
			}
		}
		for _, c := range kind.have {
			if !slices.Contains(kind.want, c) {
				d.differs("", "Remove the %s (%s) from %s", kind.what, c, name)
			}
		}
	}
}

// unique is the kind of a UNIQUE constraint.
const unique = "UNIQUE"

// comesWithColumn reports whether a constraint is part of an added column's own
// definition, so that ADD COLUMN brings it.
func (d *tableDiff) comesWithColumn(kind, canonical string) bool {
	switch kind {
	case unique:
		return slices.Contains(d.added, canonical)
	case "foreign key":
		column, _, _ := strings.Cut(canonical, " -> ")
		return slices.Contains(d.added, column)
	}
	for _, c := range d.want.Checks {
		if d.want.canonicalExpr(c, asText) == canonical {
			return slices.Contains(d.added, sqltext.Fold(d.want.checkedColumn(c)))
		}
	}
	return false
}

func (d *tableDiff) indexes() {
	for _, have := range d.have.Indexes {
		want, ok := d.want.Index(have.Name)
		if !ok || want.canonical(d.want, asText) != have.canonical(d.have, asText) {
			d.drops = append(d.drops, DropIndex{Table: d.have.Name, Index: have, Changed: ok})
		}
	}
	for _, want := range d.want.Indexes {
		have, ok := d.have.Index(want.Name)
		if !ok || want.canonical(d.want, asText) != have.canonical(d.have, asText) {
			d.creates = append(d.creates, CreateIndex{Table: d.want.Name, Index: want})
		}
	}
}
