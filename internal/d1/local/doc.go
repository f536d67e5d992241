// Package local is the embedded engine: D1's rules over one SQLite file a
// database.
//
// An [Engine] is a [d1.Provider] over a folder. Every call is one transaction on
// a connection that is the caller's alone meanwhile: one writer and a few readers
// a database, in WAL mode, so that reading never waits for writing. Open
// databases are kept in a least-recently-used set and closed after a minute of
// rest. The folder belongs to one process; who opens it holds a lock.
package local
