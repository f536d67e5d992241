// Package shadow is an empty copy of a database in memory, on which statements are
// tried: what SQLite itself says of them there is true of the database, and no row is
// at stake.
//
//	s, err := shadow.Make(ctx, db.Statements()) // or fails: what can't be made
//	defer s.Close()
//	err = s.Exec("ALTER TABLE users ADD COLUMN note TEXT")
//	after, err := s.Read()                      // what the database would be
//
// A [Copy] is one connection in one writing transaction, with D1's rules and limits,
// for one goroutine. Make wants every statement to go through; [Tolerate] leaves out
// what can't be made, for who would rather know most of it than nothing. [Copy.Follow]
// keeps a copy at what a run makes of the schema, without running queries of any length.
package shadow
