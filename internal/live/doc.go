// Package live says what a database is: its tables, their columns, and what tells
// their rows apart. It is read once and is the same for everybody who asks.
//
// # One reading
//
//	db, err := live.Read(ctx, conn)             // one round trip: all of the catalog
//	entry, err := db.Table("users")             // what the catalog lists of it
//	users, err := db.Describe(ctx, conn, "users") // its columns and its key
//	made, err := db.Structure("users")          // how it is made, for a person to read
//
// A [Database] is immutable. Of a table the CREATE text tells everything; a view, a
// virtual table and a table whose text can't be read cost [Database.Describe] one more
// round trip, because only the engine knows their columns. A [Cache] keeps the answer.
//
// # A reading that is kept
//
//	var cache live.Cache
//	err := cache.Read(ctx, id, conn, func(conn d1.Conn, db *live.Database) error { … })
//
// A [Cache] checks what it kept in the very transaction that reads the rows: see there. What
// changes rows goes by [Cache.Change], and asserts its table with [Database.Unaltered].
//
// # What can't be read
//
// A text that the schema's grammar doesn't know spoils nothing else: the table is
// listed with the reason, and its rows can be browsed. [Database.Left] names all such
// texts, and who plans a change goes round them.
//
// # The order of things
//
// Everything is in the order of names, but triggers are in that of their creation,
// which is the reverse of the one they fire in. A schema that is made again by
// [Database.Statements] fires its triggers as the old one did.
package live
