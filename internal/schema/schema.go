package schema

import "github.com/kuratchi/dashboard/internal/sqltext"

// Schema is a set of tables with their indexes, and what else a database holds.
type Schema struct {
	Name    string
	Version int
	Tables  []Table
	// Objects are views, triggers and virtual tables, verbatim.
	Objects []Object
	// Loose says that the schema was written down by a build that read less: see Is.
	Loose bool `json:",omitempty"`
}

// Table is a table.
type Table struct {
	Name    string
	Columns []Column
	// PrimaryKey lists the key's columns in order, none for a table without one.
	PrimaryKey []string
	// PrimaryTerms is the same key with the collations and directions that its columns
	// have in it, nil where each stands in it as it is.
	PrimaryTerms Key `json:",omitempty"`
	// Autoincrement never reuses an id.
	Autoincrement bool
	// Unique are the UNIQUE constraints, each a list of columns as they are.
	Unique [][]string
	// UniqueTerms are the other UNIQUE constraints: those in which a column has a
	// collation or a direction of its own. They are not in Unique too.
	UniqueTerms []Key `json:",omitempty"`
	ForeignKeys []ForeignKey
	// Checks are the expressions of CHECK constraints.
	Checks       []string
	Strict       bool
	WithoutRowID bool
	Indexes      []Index
	// Was is the name the table had before, "" for none: a rename, not a drop.
	Was string `json:",omitempty"`
	// Extra is what SQLite can say of a table and the schema language has no word
	// for, in canonical form: ON CONFLICT clauses. Such a table is written verbatim.
	Extra []string `json:",omitempty"`
	// Named says that constraints have names of their own, which are kept by
	// writing the table verbatim. They are no difference between schemas.
	Named bool `json:",omitempty"`
	// Verbatim says that SQL is how the table is made.
	Verbatim bool `json:",omitempty"`
	// SQL is the CREATE TABLE text, where the table came from a database or was
	// written verbatim.
	SQL string `json:",omitempty"`
}

// Column is a column.
type Column struct {
	Name string
	// Type is the declared SQL type, "" for none.
	Type string
	// Mode is how the application reads the values: see Mode.
	Mode    Mode
	NotNull bool
	// Default is the default as an SQL expression, "" for none.
	Default string
	Collate string
	// Generated is the expression of a generated column, "" for a stored value.
	Generated string
	// Stored says that a generated column is kept on disk.
	Stored bool
	// Was is the name the column had before, "" for none.
	Was string `json:",omitempty"`
	// Fill is the expression whose value the rows get that are there when the
	// column comes, "" for none. Like Was it says how to get there: it is neither
	// in the DDL nor in the hash.
	Fill string `json:",omitempty"`
}

// Mode is a reading of a column's values that SQL has no word for.
type Mode string

// The modes a schema file can give a column.
const (
	Plain       Mode = ""
	JSON        Mode = "json"
	Boolean     Mode = "boolean"
	TimestampMS Mode = "timestamp_ms"
)

// ForeignKey is a reference to another table.
type ForeignKey struct {
	Columns []string
	Table   string
	// RefColumns are the referenced columns; none means the primary key.
	RefColumns []string
	// OnDelete and OnUpdate are actions in capitals, "" for NO ACTION.
	OnDelete, OnUpdate string
	// Deferred checks at the end of the transaction.
	Deferred bool
}

// Index is an index made by CREATE INDEX.
type Index struct {
	Name    string
	Unique  bool
	Columns []IndexColumn
	// Where is the condition of a partial index.
	Where string
	// SQL is the CREATE INDEX text, where the index came from a database.
	SQL string `json:",omitempty"`
}

// IndexColumn is a column of an index, or an expression.
type IndexColumn struct {
	// Expr is a column's name, or an expression where IsExpr says so.
	Expr    string
	IsExpr  bool
	Collate string
	Desc    bool
}

// Object is something of a database that is kept as its text.
type Object struct {
	// Type is view, trigger or virtual table.
	Type  string
	Name  string
	Table string
	SQL   string
}

// Table returns the table of that name, in any case.
func (s *Schema) Table(name string) (*Table, bool) {
	for i := range s.Tables {
		if sqltext.Same(s.Tables[i].Name, name) {
			return &s.Tables[i], true
		}
	}
	return nil, false
}

// Object returns the view, trigger or virtual table of that name, in any case. Triggers
// have names of their own: a view may be called like one.
func (s *Schema) Object(kind, name string) (*Object, bool) {
	for i := range s.Objects {
		if sqltext.Same(s.Objects[i].Name, name) && (s.Objects[i].Type == "trigger") == (kind == "trigger") {
			return &s.Objects[i], true
		}
	}
	return nil, false
}

// Only returns the schema with no tables and objects but those that other has
// too.
func (s *Schema) Only(other *Schema) *Schema {
	out := &Schema{Name: s.Name, Version: s.Version}
	for _, t := range s.Tables {
		if _, ok := other.Table(t.Name); ok {
			out.Tables = append(out.Tables, t)
		}
	}
	for _, o := range s.Objects {
		if _, ok := other.Object(o.Type, o.Name); ok {
			out.Objects = append(out.Objects, o)
		}
	}
	return out
}

// Without returns the schema less the tables and objects that live has and declared
// hasn't: what nobody manages.
func (s *Schema) Without(live, declared *Schema) *Schema {
	out := &Schema{Name: s.Name, Version: s.Version}
	for _, t := range s.Tables {
		name := t.Name
		if t.Was != "" {
			name = t.Was
		}
		_, was := live.Table(name)
		if _, managed := declared.Table(name); managed || !was {
			out.Tables = append(out.Tables, t)
		}
	}
	for _, o := range s.Objects {
		_, was := live.Object(o.Type, o.Name)
		if _, managed := declared.Object(o.Type, o.Name); managed || !was {
			out.Objects = append(out.Objects, o)
		}
	}
	return out
}

// Column returns the column of that name, in any case.
func (t *Table) Column(name string) (*Column, bool) {
	for i := range t.Columns {
		if sqltext.Same(t.Columns[i].Name, name) {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// Index returns the index of that name, in any case.
func (t *Table) Index(name string) (*Index, bool) {
	for i := range t.Indexes {
		if sqltext.Same(t.Indexes[i].Name, name) {
			return &t.Indexes[i], true
		}
	}
	return nil, false
}

// Names returns the names of the columns, in their order.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	return names
}

// Collation is what the column's texts are compared by: BINARY where it says nothing.
func (c *Column) Collation() string {
	if c.Collate == "" {
		return "BINARY"
	}
	return c.Collate
}

// RowIDAlias reports whether that column is another name of the rowid. INTEGER
// PRIMARY KEY DESC is none, by an old mistake that SQLite keeps.
func (t *Table) RowIDAlias(column string) bool {
	c, ok := t.Column(column)
	return ok && !t.WithoutRowID && len(t.PrimaryKey) == 1 && len(t.PrimaryTerms) == 0 && sqltext.Same(t.PrimaryKey[0], column) &&
		sqltext.Same(c.Type, "integer")
}
