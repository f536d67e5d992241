// Package csqlite does the benchmarks' work on SQLite in C: the statements that
// the embedded engine runs from Go, in loops that no Go takes part in. The
// SQLite is the one that github.com/mattn/go-sqlite3 compiles in.
package csqlite
