package rest

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// definitionsSQL is all that a copy has to make again, ledgers too, in an order that
// works: in that of creation, rows go between the tables and the rest.
const definitionsSQL = `select m.type, m.name, m.sql, coalesce(l.type, '')
	from (select type, name, sql, rowid place from sqlite_master where sql is not null and ` + d1.OwnObjects + `) m
	left join (select name, type from pragma_table_list where schema = 'main') l on l.name = m.name
	order by case m.type when 'table' then 0 when 'index' then 1 when 'view' then 2 else 3 end, m.place`

// definitions is the statement whose rows objectsOf reads.
func definitions() d1.Stmt { return d1.Select(4, definitionsSQL) }

// object is a table, index, view or trigger to be made again.
type object struct {
	kind, name, sql string
	virtual         bool // a virtual table, or one that belongs to it
}

func objectsOf(rows [][]d1.Value) []object {
	out := make([]object, len(rows))
	for i, row := range rows {
		listed := row[3].Text()
		out[i] = object{row[0].Text(), row[1].Text(), row[2].Text(), listed == "virtual" || listed == "shadow"}
	}
	return out
}

// sequences has the counters of AUTOINCREMENT. SQLite makes it with the first table that
// has one and leaves it there when the last is dropped, so that it is there doesn't say
// that it will be in a copy.
const sequences = "sqlite_sequence"

// counted reports whether one of these tables is AUTOINCREMENT. The word is reserved: in
// a CREATE TABLE it is nothing else.
func counted(objects []object) bool {
	return slices.ContainsFunc(objects, func(o object) bool {
		if o.kind == "table" {
			for t := range sqltext.Code(o.sql) {
				if t.Is("autoincrement") {
					return true
				}
			}
		}
		return false
	})
}
