package copier

import (
	"context"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Source is a database that is copied.
type Source interface {
	// Content returns what there is to copy: of most sources, what Read reads.
	Content(ctx context.Context) (*Content, error)
	// Query runs reading statements in one transaction and returns the rows of each.
	Query(ctx context.Context, ss ...d1.Stmt) ([][][]d1.Value, error)
	// Rows hands out every row of a table: the values of its Columns.
	Rows(ctx context.Context, t Table, row func([]d1.Value) error) error
}

// Content is what a source holds and a copy has to make again, ledgers too. What SQLite
// and D1 keep for themselves is left out.
type Content struct {
	Tables []Table
	// Virtual are the virtual tables, in the order of their creation.
	Virtual []Virtual
	// Later are indexes, views and triggers, in the order of their creation.
	Later []Object
	// Rows are those of Catalog that it was read from.
	Rows [][]d1.Value
	// hollow are virtual tables that index what can't be read, once it was judged.
	hollow []Obstacle
}

// Object is something that has a CREATE text.
type Object struct {
	// Kind is table, virtual table, index, view or trigger.
	Kind, Name string
	// Table is what an index or trigger is on.
	Table, SQL string
}

// words name it.
func (o Object) words() string { return "the " + o.Kind + " " + o.Name }

// Table is a table that holds rows.
type Table struct {
	Object
	// Columns are what is read and written of it, quoted: the rowid first, where it has
	// one of its own, and no generated column.
	Columns []string
	// By is what its rows are numbered by, quoted: the rowid, which is the column At of
	// Columns. It is "" for a table without rowid, and where no word is left for it.
	By string
	At int
	// Key are the columns of the primary key, quoted, of a table without rowid.
	Key []string
	// Parents are the tables its foreign keys lead to.
	Parents []string
	info    d1.TableInfo
}

// Virtual is a virtual table.
type Virtual struct {
	Object
	// Shadows are the tables that belong to it, by name.
	Shadows []string
}

// The rows of a catalog: type, name, table, text and what pragma_table_list calls it.
const catalogSQL = `select m.type, m.name, m.tbl_name, m.sql, coalesce(l.type, '')
	from (select type, name, tbl_name, sql, rowid place from sqlite_master where sql is not null and ` + d1.OwnObjects + `) m
	left join (select name, type from pragma_table_list where schema = 'main') l on l.name = m.name
	order by case m.type when 'table' then 0 when 'index' then 1 when 'view' then 2 else 3 end, m.place`

// Catalog is the statement whose rows say what a database holds.
func Catalog() d1.Stmt { return d1.Select(5, catalogSQL) }

// D1 refuses pragma_foreign_key_list of its own tables, so what is asked about comes first.
const parentsSQL = `select distinct t.name, f."table" from (select name from pragma_table_list where schema = 'main' and ` +
	d1.OwnTables + `) t, pragma_foreign_key_list(t.name) f`

// Read reads what a source holds, in one transaction.
func Read(ctx context.Context, src interface {
	Query(ctx context.Context, ss ...d1.Stmt) ([][][]d1.Value, error)
}) (*Content, error) {
	rows, err := src.Query(ctx, Catalog(), d1.AboutTables(), d1.Select(2, parentsSQL))
	if err != nil {
		return nil, err
	}
	return contentOf(rows), nil
}

func contentOf(rows [][][]d1.Value) *Content {
	infos, parents := map[string]d1.TableInfo{}, map[string][]string{}
	for _, t := range d1.TableInfos(rows[1]) {
		infos[t.Name] = t
	}
	for _, v := range rows[2] {
		parents[v[0].Text()] = append(parents[v[0].Text()], v[1].Text())
	}
	c, shadows := &Content{Rows: rows[0]}, []string{}
	for _, v := range rows[0] {
		o := Object{Kind: v[0].Text(), Name: v[1].Text(), Table: v[2].Text(), SQL: v[3].Text()}
		switch listed := v[4].Text(); {
		case o.Kind != "table":
			c.Later = append(c.Later, o)
		case listed == "virtual":
			o.Kind = "virtual table"
			c.Virtual = append(c.Virtual, Virtual{Object: o})
		case listed == "shadow":
			shadows = append(shadows, o.Name)
		default:
			t := tableOf(o, infos[o.Name])
			t.Parents = parents[o.Name]
			c.Tables = append(c.Tables, t)
		}
	}
	for _, name := range shadows {
		c.own(name)
	}
	return c
}

// own gives a table to the virtual table it belongs to, by the longest name it begins with.
func (c *Content) own(shadow string) {
	best := -1
	for i, v := range c.Virtual {
		if strings.HasPrefix(sqltext.Fold(shadow), sqltext.Fold(v.Name)+"_") && (best < 0 || len(v.Name) > len(c.Virtual[best].Name)) {
			best = i
		}
	}
	if best >= 0 {
		c.Virtual[best].Shadows = append(c.Virtual[best].Shadows, shadow)
	}
}

func tableOf(o Object, info d1.TableInfo) Table {
	t := Table{Object: o, info: info, Columns: quoted(info.Stored())}
	switch id := info.RowID(); {
	case info.WithoutRowID:
		t.Key = quoted(info.PrimaryKey())
	case info.KeyIsRowID():
		t.By = sqltext.Quote(info.PrimaryKey()[0])
		t.At = slices.Index(t.Columns, t.By)
	case id != "":
		t.By, t.Columns = id, append([]string{id}, t.Columns...)
	}
	return t
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = sqltext.Quote(name)
	}
	return out
}

// Narrow leaves the rowid out of the tables that have more columns with it than a result,
// or an insert, may have on D1.
func (c *Content) Narrow() {
	for i := range c.Tables {
		if t := &c.Tables[i]; len(t.Columns) > d1.MaxColumns && t.By != "" && len(t.info.Stored()) < len(t.Columns) {
			t.Columns, t.By = t.Columns[1:], ""
		}
	}
}

// counted reports whether a table is AUTOINCREMENT. The word is reserved: in a CREATE
// TABLE it is nothing else. That sqlite_sequence is there doesn't say it: SQLite leaves it
// when the last such table is dropped.
func (c *Content) counted() bool {
	return slices.ContainsFunc(c.Tables, func(t Table) bool { return sqltext.HasWord(t.SQL, "autoincrement") })
}

// Filled are the tables whose rows are copied: the counters of AUTOINCREMENT too.
func (c *Content) Filled() []Table {
	if c.counted() {
		return append(slices.Clone(c.Tables), counters())
	}
	return c.Tables
}

// counters are the rows of AUTOINCREMENT's own table.
func counters() Table {
	return Table{Object: Object{Kind: "table", Name: "sqlite_sequence"}, Columns: []string{"name", "seq"}}
}

// without removes what a copy is to be made without.
func (c *Content) without(out func(Object) bool) {
	c.Tables = slices.DeleteFunc(c.Tables, func(t Table) bool { return out(t.Object) })
	c.Virtual = slices.DeleteFunc(c.Virtual, func(v Virtual) bool { return out(v.Object) })
	c.Later = slices.DeleteFunc(c.Later, out)
}

// parentsFirst puts each table behind those it refers to, as far as there is no circle.
func (c *Content) parentsFirst() []Table {
	var out []Table
	seen := map[string]bool{}
	var visit func(t Table)
	visit = func(t Table) {
		if seen[sqltext.Fold(t.Name)] {
			return
		}
		seen[sqltext.Fold(t.Name)] = true
		for _, p := range t.Parents {
			if i := slices.IndexFunc(c.Tables, func(t Table) bool { return sqltext.Same(t.Name, p) }); i >= 0 {
				visit(c.Tables[i])
			}
		}
		out = append(out, t)
	}
	for _, t := range c.Tables {
		visit(t)
	}
	return out
}
