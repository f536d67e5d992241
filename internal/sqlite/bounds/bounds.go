package bounds

import (
	"fmt"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

var errInstalled = install()

// Installed returns why SQLite doesn't keep to the bounds, nil when it does.
func Installed() error { return errInstalled }

func install() error {
	if !bound {
		return nil
	}
	tls := libc.NewTLS()
	defer tls.Close()
	for _, step := range []struct {
		what string
		do   func(*libc.TLS) int32
	}{{"memory", installHeap}, {"page cache", installPages}, {"files", installFiles}} {
		if rc := step.do(tls); rc != lib.SQLITE_OK {
			return fmt.Errorf("sqlite: the library doesn't take our %s (code %d): it was used before, or has changed", step.what, rc)
		}
	}
	return nil
}

// configure is sqlite3_config with one address.
func configure(tls *libc.TLS, option int32, p unsafe.Pointer) int32 {
	args := libc.NewVaList(uintptr(p))
	defer libc.Xfree(tls, args)
	return lib.Xsqlite3_config(tls, option, args)
}

// pointer returns a function of this package as SQLite keeps it. The function must
// be a declared one, whose address stays.
func pointer[F any](f F) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// function is the reverse of pointer.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

// at returns what is at an address of SQLite's memory, which is none of Go's.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }
