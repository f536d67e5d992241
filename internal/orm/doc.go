// Package orm builds statements from tables, columns and values.
//
// # Safe by shape
//
// Every identifier is quoted and must be a column of the table; every value is
// bound. There is no way to hand in SQL. What D1 would refuse (more than 100 values
// or columns, an update without a condition) is an error here, before anything is
// sent.
//
//	users := orm.New(conn, schema).Table("users")
//	rows, err := users.Where(orm.Eq("role", "owner"), orm.Gt("created_at", since)).OrderBy("-created_at").Limit(20).Many(ctx)
//	row, err := users.Where(orm.Eq("id", id)).First(ctx)          // fault.NotFound without one
//	n, err := users.Where(orm.Eq("id", id)).Update(ctx, orm.Values{"role": "editor"})
//
// # Declared and seen
//
// [New] knows tables by the schema that declares them, [Seen] one that was found in a
// database and that nobody declared. All else is the same. A condition on what a person
// typed holds it as [Typed], which is compared by the column's affinity.
//
// # Pages
//
// A [Page] is some rows of a table in an [Order] in which no two are equal, from a
// [Position] on or back from it. It costs the same wherever it is: there is no OFFSET. A
// [Selection] cuts long values, so that they don't travel.
//
// # Batches
//
// SelectStmt, InsertStmt, UpdateStmt and DeleteStmt compile without running, for
// d1.Conn.Batch, which is the only transaction. There and Gone assert, within one,
// that rows are there or gone.
//
// # Values
//
// Go values go in as bool, integers, floats, string, []byte, time.Time (as
// milliseconds in a timestamp_ms column, as "2006-01-02 15:04:05" UTC in text),
// json.RawMessage, d1.Value and nil; in a json column anything else is
// marshalled. They come out of a [Row] by its getters.
package orm
