package bounds

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Files are opened by the system's VFS and keep its methods, but for writing, which
// notes who met a full disk, and for what tells how large a temporary file is. The
// parameters are those that SQLite calls them with.

type (
	openFile     = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32
	writeFile    = func(tls *libc.TLS, file, from uintptr, n int32, at int64) int32
	truncateFile = func(tls *libc.TLS, file uintptr, size int64) int32
	closeFile    = func(tls *libc.TLS, file uintptr) int32
)

var files struct {
	vfs  lib.Tsqlite3_vfs
	base uintptr // the system's VFS
	open openFile

	mu      sync.Mutex
	methods map[methodsKey]*methods // kept for ever: open files point into them
}

type methodsKey struct {
	given     uintptr
	temporary bool
}

// methods are those of one kind of file. SQLite has the address of the table.
type methods struct {
	table    lib.Tsqlite3_io_methods
	write    writeFile
	truncate truncateFile
	close    closeFile
}

func installFiles(tls *libc.TLS) int32 {
	f := &files
	if f.base = lib.Xsqlite3_vfs_find(tls, 0); f.base == 0 {
		return lib.SQLITE_ERROR
	}
	f.methods = map[methodsKey]*methods{}
	f.vfs = *at[lib.Tsqlite3_vfs](f.base)
	f.open = function[openFile](f.vfs.FxOpen)
	f.vfs.FxOpen = pointer(xOpen)
	return lib.Xsqlite3_vfs_register(tls, uintptr(unsafe.Pointer(&f.vfs)), 1)
}

func xOpen(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := files.open(tls, files.base, name, file, flags, out)
	given := at[uintptr](file) // a file begins with the address of its methods
	if rc != lib.SQLITE_OK || *given == 0 {
		return rc
	}
	m := methodsFor(methodsKey{*given, flags&lib.SQLITE_OPEN_DELETEONCLOSE != 0})
	*given = uintptr(unsafe.Pointer(&m.table))
	return rc
}

func laidOver(file uintptr) *methods { return at[methods](*at[uintptr](file)) }

func methodsFor(k methodsKey) *methods {
	files.mu.Lock()
	defer files.mu.Unlock()
	if m := files.methods[k]; m != nil {
		return m
	}
	m := &methods{table: *at[lib.Tsqlite3_io_methods](k.given)}
	m.write = function[writeFile](m.table.FxWrite)
	m.truncate = function[truncateFile](m.table.FxTruncate)
	m.close = function[closeFile](m.table.FxClose)
	m.table.FxWrite = pointer(xWrite)
	if k.temporary {
		m.table.FxWrite = pointer(xWriteTemporary)
		m.table.FxTruncate = pointer(xTruncateTemporary)
		m.table.FxClose = pointer(xCloseTemporary)
	}
	files.methods[k] = m
	return m
}

func xWrite(tls *libc.TLS, file, from uintptr, n int32, at int64) int32 {
	rc := laidOver(file).write(tls, file, from, n, at)
	if rc == lib.SQLITE_FULL {
		note(tls, Disk)
	}
	return rc
}

func note(tls *libc.TLS, s Shortage) {
	if a := accountOf(tls); a != nil {
		a.short = s
	}
}
