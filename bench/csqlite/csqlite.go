package csqlite

// The driver's C code is in another package of the same program, so its symbols
// are there only when the program is linked.

// #cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files
// #cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
// #include <stdlib.h>
// #include "csqlite.h"
import "C"

import (
	"fmt"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // brings SQLite
)

// Version is SQLite's version as a number, 3.54.1 being 3054001.
func Version() int { return int(C.sqlite3_libversion_number()) }

// DB is an open database. It belongs to one goroutine.
type DB struct{ db *C.sqlite3 }

// Open opens a file, made when missing, as the embedded engine does: without
// locks around every call, in WAL mode, with every commit on the disk before it is
// answered.
func Open(path string) (*DB, error) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	d := &DB{}
	if code := C.sqlite3_open_v2(name, &d.db, C.SQLITE_OPEN_READWRITE|C.SQLITE_OPEN_CREATE|C.SQLITE_OPEN_NOMUTEX, nil); code != C.SQLITE_OK {
		return nil, d.fail("open", code)
	}
	if err := d.Exec("pragma foreign_keys=on; pragma journal_mode=wal; pragma synchronous=full"); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close closes the database.
func (d *DB) Close() { C.sqlite3_close(d.db) }

// Exec runs statements that return nothing of interest.
func (d *DB) Exec(sql string) error {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	return d.fail("exec", C.sqlite3_exec(d.db, text, nil, nil, nil))
}

// Query is a compiled statement with one integer as its parameter.
type Query struct {
	db *DB
	st *C.sqlite3_stmt
}

// Prepare compiles a statement. Close must be called.
func (d *DB) Prepare(sql string) (*Query, error) {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	q := &Query{db: d}
	code := C.sqlite3_prepare_v2(d.db, text, -1, &q.st, nil)
	return q, d.fail("prepare", code)
}

// Close frees the statement.
func (q *Query) Close() { C.sqlite3_finalize(q.st) }

// Run reads every value of every row and returns how many rows there were and
// the sum of the integers and of the texts' lengths.
func (q *Query) Run(parameter int64) (rows, sum int64, err error) {
	var r C.result
	code := C.csqlite_run(q.st, C.sqlite3_int64(parameter), &r)
	return int64(r.rows), int64(r.sum), q.db.fail("run", code)
}

// Insert runs a compiled INSERT of ten values n times, in one transaction. The
// values are those of a user, the id counts from 1.
func (d *DB) Insert(sql string, n int) error {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	return d.fail("insert", C.csqlite_insert(d.db, text, C.int(n)))
}

func (d *DB) fail(what string, code C.int) error {
	if code == C.SQLITE_OK {
		return nil
	}
	return fmt.Errorf("csqlite: %s: %s", what, C.GoString(C.sqlite3_errmsg(d.db)))
}
