package d1

import "context"

const (
	notSQLites = `name not like 'sqlite\_%' escape '\'`
	// OwnObjects is the condition on a row of sqlite_master that leaves out what SQLite
	// and D1 keep for themselves, and what is on it. sqltext.Reserved says it of a name.
	OwnObjects = notSQLites + ` and tbl_name not like 'sqlite\_%' escape '\' and tbl_name not like '\_cf\_%' escape '\'`
	// OwnTables is that of a row of pragma_table_list, for tables that hold rows.
	OwnTables = `type = 'table' and name not like '\_cf\_%' escape '\' and ` + notSQLites
)

// What is on D1's own table counts as D1's too.
const firstOwnSQL = "select 1 from sqlite_master where substr(name, 1, 4) <> '_cf_' and substr(tbl_name, 1, 4) <> '_cf_' limit 1"

// IsEmpty reports whether a database holds nothing but what D1 put there. Where a table
// was and is gone, something of SQLite's may be left, and then it isn't.
func IsEmpty(ctx context.Context, c Conn) (bool, error) {
	r, err := c.Query(ctx, Select(1, firstOwnSQL))
	return err == nil && len(r.Rows) == 0, err
}

const namedAsOwnSQL = `select case when sql like 'create virtual%' then 'virtual table' else type end, name from sqlite_master
	where type in ('table', 'view') and name like '\_cf\_%' escape '\' and lower(name) not in ('_cf_kv', '_cf_metadata', '_cf_alarm')
	order by rowid`

// NamedAsOwn is the statement whose rows are the kinds and names of tables and views that are
// named as D1's own and are none of them: only a file from elsewhere has any.
func NamedAsOwn() Stmt { return Select(2, namedAsOwnSQL) }
