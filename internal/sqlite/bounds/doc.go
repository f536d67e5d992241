// Package bounds keeps what SQLite takes of the machine within limits: memory for
// each connection, temporary files for the process.
//
// # What it is
//
// SQLite counts memory for the process only, so a limit of its own stops whoever
// asks next. Here SQLite allocates from a heap that writes into each block's head
// to whom it is billed: to the [Account] of the connection whose library thread
// (the driver has one a connection) asked for it. While an account is begun, a
// block beyond its [Budget] is refused, which SQLite answers with SQLITE_NOMEM and
// undoes. The pages of a database file's own cache are nobody's: they are limited
// by its size, and SQLite hands them from one connection to another.
//
// Files are opened by a VFS that is the system's but for temporary files, which
// take at most [MaxTemporary] together.
//
// # How it is used
//
//	if err := bounds.Installed(); err != nil { … }
//	a, err := bounds.NewAccount(tls, db)   // after opening
//	a.Begin(budget); …; a.End()        // around what is limited
//	a.Close()                          // before closing
//
// The library is told of all this while the program starts, before anything can
// have used it.
package bounds
