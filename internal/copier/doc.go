// Package copier carries a database from one file or engine to another, whole or not
// at all. It is the only one that does: an import, a move, a copy from D1 and the last
// state of a database that leaves it all go through here.
//
//	src, err := copier.OpenFile(path)                       // a file from anywhere, or
//	var src copier.Source = …                               // a database on D1
//	filled, err := copier.ToFile(ctx, src, made, o)         // an SQLite file
//	filled, err := copier.ToText(ctx, src, w, o)            // the SQL that D1 imports
//
// What is there is read first and judged against D1's rules and limits ([Obstacle]):
// a source that can't come is refused by the name of each object, with nothing written
// yet, or comes without those. Then the tables are made by their own texts and filled by
// value, with rowids and the counters of AUTOINCREMENT; then come indexes, views, virtual
// tables and triggers, in the order of their creation. Indexes and stored generated columns
// are computed anew, since another version of SQLite may have written them.
//
// A virtual table goes between files with the tables that belong to it. To or from D1
// it is made anew and filled with what it gives when it is read.
//
// Rows that break a foreign key or a CHECK come as they are and are told of. Rows
// that can't be stored (a NULL in NOT NULL, the same key twice) refuse the source.
package copier
