package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite/bounds"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Foreign is what a file from elsewhere is.
type Foreign struct {
	PageSize int
	// Encoding is UTF-8, UTF-16le or UTF-16be.
	Encoding string
	// WAL says that the file was in WAL mode: a log beside it may have held more.
	WAL bool
	// Log says that its log stood beside it and was folded in.
	Log bool
	// Journal says that the journal of a transaction that was broken off stood beside it
	// and was rolled back.
	Journal bool
	// Odd are columns, as table.column, with values of another type than their own, which
	// would be converted if they were written now. Of very many such values the last are
	// not looked at.
	Odd []string
}

// Notes are what somebody should know of such a file, a sentence each.
func (f Foreign) Notes() (out []string) {
	if f.WAL && !f.Log {
		out = append(out, "The file was in WAL mode and came without its log, so what stood only in the log "+
			"(the file of the same name with -wal at the end) isn't here.")
	}
	for _, column := range f.Odd {
		out = append(out, "Values in "+column+" were of another type than the column's, and came as SQLite converts them when it writes them.")
	}
	return out
}

// BeginForeign opens a file from elsewhere for reading, with SQLite's own limits and
// nothing of D1's. The file is the caller's own, in a folder of its own: what stands
// in a log or journal beside it is folded into it first, so that it is whole alone. What
// is no database is fault.Invalid, in words without a path. Whether the whole file can be
// read is looked at beside what the connection is used for, which is to be thrown away if
// it can't: see [Pending].
func BeginForeign(path string) (*Conn, *Pending, error) {
	if err := errors.Join(errFunctions, bounds.Installed()); err != nil {
		return nil, nil, err
	}
	f, err := foldForeign(path)
	if err != nil {
		return nil, nil, err
	}
	p := beginCheck(path, f)
	c, err := openForeign(path, f)
	if err != nil {
		if _, damage := p.Wait(); damage != nil {
			err = damage // it says why
		}
		return nil, nil, err
	}
	return c, p, nil
}

func openForeign(path string, f Foreign) (*Conn, error) {
	db, err := openImmutable(path)
	if err != nil {
		return nil, err
	}
	c, err := newConn(db, Options{Memory: true, ReadOnly: true, copied: true, foreign: true})
	if err != nil {
		return nil, err
	}
	c.raw.utf16 = f.Encoding != "UTF-8"
	if err := c.refuseWithoutLog(f); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// header is the part of a database file's beginning that is looked at before SQLite is.
type header struct {
	pageSize int
	wal      bool
	// age is what grows while the database is used.
	age      age
	encoding string
}

const (
	headerSize = 100 // bytes
	magic      = "SQLite format 3\x00"
)

// age is two numbers of a first page that never become smaller: one grows with changes
// of the page by several connections, the other with changes of the schema.
type age struct{ counter, schema uint32 }

func ageOf(page []byte) age {
	return age{binary.BigEndian.Uint32(page[24:]), binary.BigEndian.Uint32(page[40:])}
}

// before reports whether a was before b. The numbers wrap.
func (a age) before(b age) bool {
	return int32(a.counter-b.counter) < 0 || int32(a.schema-b.schema) < 0 //nolint:gosec // they wrap
}

// readHeader reads a database file's header. A file that has none is fault.Invalid.
func readHeader(path string) (header, error) {
	f, err := os.Open(path) //nolint:gosec // the callers' own paths
	if err != nil {
		return header{}, fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = f.Close() }()
	b := make([]byte, 512)
	n, err := io.ReadFull(f, b)
	switch {
	case errors.Is(err, io.EOF):
		return header{}, fault.New(fault.Invalid, "The file has 0 bytes: it holds no database.")
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return header{}, fmt.Errorf("sqlite: %w", err)
	case n < headerSize || string(b[:len(magic)]) != magic:
		return header{}, fault.New(fault.Invalid, "%s", whatItIs(b[:n]))
	}
	h := header{pageSize: int(binary.BigEndian.Uint16(b[16:])), wal: b[18] == 2 && b[19] == 2,
		age: ageOf(b), encoding: "UTF-8"}
	if h.pageSize == 1 {
		h.pageSize = 65536 // which 16 bits don't hold
	}
	switch b[59] {
	case 2:
		h.encoding = "UTF-16le"
	case 3:
		h.encoding = "UTF-16be"
	}
	return h, nil
}

// foldForeign moves into a file what stands beside it, and returns what the file is.
func foldForeign(path string) (Foreign, error) {
	h, err := readHeader(path)
	if err != nil {
		return Foreign{}, err
	}
	f := Foreign{WAL: h.wal}
	// What a log's index says can be had from the log, and need not be believed.
	if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Foreign{}, fmt.Errorf("sqlite: %w", err)
	}
	if f.Log, err = checkLog(path+"-wal", h); err != nil {
		return Foreign{}, err
	}
	if f.Journal, err = checkJournal(path + "-journal"); err != nil {
		return Foreign{}, err
	}
	if f.Log || f.Journal {
		if err := foldIn(path, f); err != nil {
			return Foreign{}, err
		}
	}
	for _, s := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(path + s); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Foreign{}, fmt.Errorf("sqlite: %w", err)
		}
	}
	if h, err = readHeader(path); err != nil {
		return Foreign{}, err
	}
	f.PageSize, f.Encoding = h.pageSize, h.encoding
	return f, nil
}

// foldIn has SQLite do what it does when it opens a database that was left behind.
func foldIn(path string, f Foreign) error {
	db, err := openDriver(path, driver.OpenReadWrite)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	defer func() { _ = closeDriver(db) }()
	raw := rawOf(db)
	for _, sql := range []string{
		"PRAGMA trusted_schema=OFF",
		"PRAGMA synchronous=OFF", // nobody else has the file, and it is as good as its upload
		"SELECT 1 FROM sqlite_master",
		"PRAGMA journal_mode=DELETE", // which takes the log along
	} {
		if err := exec(db, sql); err != nil {
			return foreignFailure(err, raw.message(), f)
		}
	}
	return nil
}

// refuseWithoutLog refuses a file that is only the empty beginning of a database.
func (c *Conn) refuseWithoutLog(f Foreign) error {
	if !f.WAL || f.Log {
		return nil
	}
	objects, err := c.number("SELECT count(*) FROM sqlite_master")
	if err != nil {
		return err
	}
	if objects > 0 {
		return nil
	}
	return fault.New(fault.Invalid, "The file is in WAL mode and holds no table: its rows are in its log, "+
		"the file of the same name with -wal at the end. Give both.")
}

// foreignPragmas are those that may be asked, without a value to set.
var foreignPragmas = []string{"application_id", "auto_vacuum", "encoding", "freelist_count", "page_count", "page_size",
	"schema_version", "user_version", "collation_list", "function_list", "module_list"}

// authorizeForeign lets all of a file from elsewhere be read, D1's own tables and
// functions it hasn't among it. module says that a virtual table compiles what it would
// write with.
func (c *Conn) authorizeForeign(a driver.Action, module bool) driver.AuthResult {
	switch a.Type() {
	case driver.OpSelect, driver.OpRecursive:
		return driver.AuthResultOK
	case driver.OpRead:
		if t := sqltext.Fold(a.Table()); t == "dbstat" || t == "sqlite_dbpage" {
			return c.deny("")
		}
		return driver.AuthResultOK
	case driver.OpFunction:
		if _, name := actionArgs(&a); sqltext.Fold(name) == "load_extension" {
			return c.deny("")
		}
		return driver.AuthResultOK
	case driver.OpPragma:
		name := sqltext.Fold(a.Pragma())
		if pragmas[name] == pragmaInspect || a.PragmaArg() == "" && slices.Contains(foreignPragmas, name) || c.raw.constructing() {
			return driver.AuthResultOK
		}
	}
	if module {
		return driver.AuthResultOK
	}
	return c.deny(readOnlyText)
}
