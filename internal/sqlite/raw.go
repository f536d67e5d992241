package sqlite

import (
	"reflect"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	driver "zombiezen.com/go/sqlite"
)

// The driver has no statement read-only flag, no names for the first of two
// equal columns, no plain error text and no function name in the authorizer's
// action. SQLite has all of it under the same handles. This file is the only
// one that reaches them, by the driver's unexported field names, which
// TestDriverLayout pins.

type rawConn struct {
	tls *libc.TLS
	db  uintptr
	// utf16 says that the database's texts are in UTF-16.
	utf16 bool
}

func rawOf(c *driver.Conn) rawConn {
	v := reflect.ValueOf(c).Elem()
	return rawConn{
		tls: (*libc.TLS)(v.FieldByName("tls").UnsafePointer()),
		db:  uintptr(v.FieldByName("conn").Uint()),
	}
}

func rawStmt(s *driver.Stmt) uintptr {
	return uintptr(reflect.ValueOf(s).Elem().FieldByName("stmt").Uint())
}

// actionArgs returns the two arguments SQLite gave the authorizer.
func actionArgs(a *driver.Action) (string, string) {
	v := reflect.ValueOf(a).Elem()
	return v.FieldByName("arg1").String(), v.FieldByName("arg2").String()
}

// message returns SQLite's own words for the last error, without a prefix.
func (r rawConn) message() string { return libc.GoString(lib.Xsqlite3_errmsg(r.tls, r.db)) }

// offset returns where in the statement the last error is, in bytes, or -1.
func (r rawConn) offset() int { return int(lib.Xsqlite3_error_offset(r.tls, r.db)) }

func (r rawConn) totalChanges() int64 { return lib.Xsqlite3_total_changes64(r.tls, r.db) }

// constructing reports whether a virtual table is being made known to the
// connection, and its module compiling statements of its own: no statement of
// anybody else is compiled meanwhile.
func (r rawConn) constructing() bool {
	for _, b := range libc.GoBytes(r.db+vtabCtx.Offset, int(vtabCtx.Type.Size())) {
		if b != 0 {
			return true
		}
	}
	return false
}

// vtabCtx is where SQLite keeps that mark, a pointer. Without the field reading an
// R*Tree would be refused, which TestAnRTreeIsReadWhereWritesAreRefused sees.
var vtabCtx = field(reflect.TypeFor[lib.Tsqlite3](), "FpVtabCtx")

func field(of reflect.Type, name string) reflect.StructField {
	f, ok := of.FieldByName(name)
	if !ok {
		f.Type = reflect.TypeFor[[0]byte]()
	}
	return f
}

// iifTakesThree gives iif() the three arguments it has on the older D1, which
// answers any other number with "wrong number of arguments". A function that was
// made and taken away again hides SQLite's own of that number.
func (r rawConn) iifTakesThree() error {
	name, err := libc.CString("iif")
	if err != nil {
		return err
	}
	defer libc.Xfree(r.tls, name)
	for n := int32(2); n <= limits[driver.LimitFunctionArg]; n++ {
		if n == 3 {
			continue
		}
		// 1 stands for the function's address; nothing can call it in between.
		for _, address := range []uintptr{1, 0} {
			if rc := driver.ResultCode(lib.Xsqlite3_create_function(r.tls, r.db, name, n, lib.SQLITE_UTF8, 0, address, 0,
				0)); rc != driver.ResultOK {
				return rc.ToError()
			}
		}
	}
	return nil
}

// allowDoubleQuotedStrings undoes what the driver switches off: D1 accepts
// where b = "active", and real schemas have it.
func (r rawConn) allowDoubleQuotedStrings() {
	_ = r.turn(lib.SQLITE_DBCONFIG_DQS_DDL, true)
	_ = r.turn(lib.SQLITE_DBCONFIG_DQS_DML, true)
}

// setDefensive is the driver's SetDefensive with both of the arguments SQLite
// reads. The driver leaves the second one out, so SQLite takes whatever is behind
// the first for an address and, when that isn't zero, writes there.
func (r rawConn) setDefensive(on bool) error { return r.turn(lib.SQLITE_DBCONFIG_DEFENSIVE, on) }

func (r rawConn) turn(option int32, on bool) error {
	value := int32(0)
	if on {
		value = 1
	}
	args := libc.NewVaList(value, uintptr(0))
	defer libc.Xfree(r.tls, args)
	return driver.ResultCode(lib.Xsqlite3_db_config(r.tls, r.db, option, args)).ToError()
}

func (r rawConn) columnName(stmt uintptr, i int) string {
	return libc.GoString(lib.Xsqlite3_column_name(r.tls, stmt, int32(i)))
}

func (r rawConn) readOnly(stmt uintptr) bool {
	return lib.Xsqlite3_stmt_readonly(r.tls, stmt) != 0
}

// explains reports whether a statement is an EXPLAIN.
func (r rawConn) explains(stmt uintptr) bool {
	return lib.Xsqlite3_stmt_isexplain(r.tls, stmt) != 0
}

// text returns a column's bytes, NULs included, in one copy.
func (r rawConn) text(stmt uintptr, i int) string {
	p, n := r.value(stmt, int32(i))
	if p == 0 || n == 0 {
		return ""
	}
	return string(libc.GoBytes(p, n)) // GoBytes aliases SQLite's memory; the string is the copy
}

// appendText appends a column's bytes.
func (r rawConn) appendText(b []byte, stmt uintptr, i int) []byte {
	p, n := r.value(stmt, int32(i))
	if p == 0 || n == 0 {
		return b
	}
	return append(b, libc.GoBytes(p, n)...)
}

// value is where a column's bytes are, and how many. A text of a database in UTF-16 is
// made UTF-8 by asking for its number of bytes, which moves it: only column_text does so
// before it tells where it is.
func (r rawConn) value(stmt uintptr, i int32) (uintptr, int) {
	p := uintptr(0)
	if r.utf16 && lib.Xsqlite3_column_type(r.tls, stmt, i) == lib.SQLITE_TEXT {
		p = lib.Xsqlite3_column_text(r.tls, stmt, i)
	} else {
		p = lib.Xsqlite3_column_blob(r.tls, stmt, i)
	}
	return p, int(lib.Xsqlite3_column_bytes(r.tls, stmt, i))
}

// complete is sqlite3_complete: whether sql ends with a whole statement.
func complete(sql string) bool {
	tls := libc.NewTLS()
	defer tls.Close()
	c, err := libc.CString(sql)
	if err != nil {
		return false
	}
	defer libc.Xfree(tls, c)
	return lib.Xsqlite3_complete(tls, c) != 0
}

// dropModules makes every virtual table one of a module that isn't there.
func (r rawConn) dropModules() error {
	return driver.ResultCode(lib.Xsqlite3_drop_modules(r.tls, r.db, 0)).ToError()
}
