package live

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// ledgerFilter leaves out the ledgers, which sqltext.Reserved names too, and what is on
// them. A trigger, an index or a view is somebody's whatever it is called.
const ledgerFilter = `(type = 'view' or tbl_name not like 'kuratchi\_%' escape '\' ` +
	`and tbl_name not in ('d1_migrations', 'migrations_history'))`

// The columns of the catalog's rows.
const (
	catType = iota
	catName
	catTable
	catSQL
	catOwn
	catListed
	catColumns
	catWithoutRowID
	catStrict
)

// pragma_table_list is read once: joined by itself it is read for every object.
const catalogSQL = `with l as materialized (select name, type, ncol, wr, strict from pragma_table_list where schema = 'main') ` +
	`select m.type, m.name, m.tbl_name, m.sql, m.own, l.type, l.ncol, l.wr, l.strict ` +
	`from (select type, name, tbl_name, coalesce(sql, '') sql, ` + ledgerFilter +
	` own, rowid place from sqlite_master where ` + d1.OwnObjects + `) m ` +
	`left join l on l.name = m.name where l.type is not 'shadow' order by m.type, iif(m.type = 'trigger', m.place, 0), m.name`

// Catalog is the statement whose rows are all that a database tells of itself: see Of.
func Catalog() d1.Stmt { return d1.Query(catalogSQL) }

// Row is a row of that statement, from ways to get a column as a text and as a number:
// for a reader that isn't a d1.Conn.
func Row(text func(int) string, number func(int) int64) []d1.Value {
	row := make([]d1.Value, catStrict+1)
	for i := range row {
		switch i {
		case catType, catName, catTable, catSQL, catListed:
			row[i] = d1.Str(text(i))
		default:
			row[i] = d1.Int(number(i))
		}
	}
	return row
}

// FingerprintSQL is a query of one text, which Database.Fingerprint is too: what is
// compared in the very transaction of a change.
const FingerprintSQL = `select coalesce(group_concat(type || char(31) || name || char(31) || sql, char(30)), '') ` +
	`from (select type, name, coalesce(sql, '') sql from sqlite_master where ` +
	d1.OwnObjects + ` and ` + ledgerFilter + ` and name not in (select name from pragma_table_list where type = 'shadow') order by type, name)`

// unalteredSQL is that text of one table, its indexes and its triggers.
const unalteredSQL = `select group_concat(type || char(31) || name || char(31) || sql, char(30)) ` +
	`from (select type, name, coalesce(sql, '') sql from sqlite_master where tbl_name = ?1 collate nocase and ` +
	d1.OwnObjects + ` and ` + ledgerFilter + ` order by type, name)`

// unaltered is the assertion that a table is made as it was read; its detail is the table.
const unaltered = "unaltered"

// Unaltered is the statement that fails a batch unless that table, its indexes and its
// triggers still are what was read: with it a batch that changes rows begins. At this
// assertion Cache.Change tries again, and Altered tells it.
func (d *Database) Unaltered(table string) d1.Stmt {
	var rows []schema.MasterRow
	for _, r := range d.Rows {
		if sqltext.Same(r.Table, table) {
			rows = append(rows, r)
		}
	}
	return d1.Assertion{Name: unaltered, Detail: table}.Holds("("+unalteredSQL+") = ?2", d1.Str(table), d1.Str(fingerprint(rows)))
}

// Altered reports whether a batch failed because a table isn't what was read any more.
func Altered(err error) bool { return d1.FailedAt(err, unaltered) }

// Fingerprint is the text that changes with any change of the schema, the one
// that FingerprintSQL computes in the database.
func (d *Database) Fingerprint() string { return fingerprint(d.Rows) }

func fingerprint(rows []schema.MasterRow) string {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b schema.MasterRow) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	parts := make([]string, len(rows))
	for i, r := range rows {
		parts[i] = strings.Join([]string{r.Type, r.Name, r.SQL}, "\x1f")
	}
	return strings.Join(parts, "\x1e")
}
