package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/sqlite/bounds"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Mode is what statements may do within a transaction.
type Mode uint8

const (
	// Read allows what changes nothing: neither rows, schema nor the connection.
	Read Mode = iota
	// Write allows what D1 allows.
	Write
	// trusted is for the package's own statements.
	trusted
)

// Options say how to open a database.
type Options struct {
	// Memory opens a private database in memory; the path is ignored.
	Memory bool
	// Create makes the file when it is missing. Without it a missing file is an
	// error that satisfies errors.Is(err, fs.ErrNotExist).
	Create bool
	// ReadOnly makes every write fail, as a second wall behind the authorizer.
	ReadOnly bool
	// Statements is how many compiled statements are kept for being run again, 8
	// for 0. One costs 5 to 20 kB.
	Statements int
	// Budget limits the memory that statements take between Begin and End, nil
	// doesn't. A database in memory has [scratch] for all it holds.
	Budget *Budget
	// Owner is the id of the database that the file must be, "" for whichever it is. A
	// file that says another one is an [OwnerError], before anything is written. One that
	// doesn't say becomes that database's.
	Owner string
	// copied says that the file is somebody's copy: nothing is made in it.
	copied bool
	// building says that the file is being built, beside one that is attached by what says more
	// than a path.
	building bool
	// foreign says that the file is from elsewhere: SQLite's own limits hold for it.
	foreign bool
}

// Conn is a connection.
type Conn struct {
	db   *driver.Conn
	raw  rawConn
	mode Mode
	// denied, when set by the authorizer, replaces SQLite's words for a refusal.
	denied string
	// tainted says that a statement changed the connection's own settings.
	tainted bool
	// long lifts the limit on a statement's length.
	long bool
	// foreign says that all there is may be read, and nothing else done.
	foreign bool
	open    bool
	kept    *cache
	// account is what the connection's memory is billed to.
	account *bounds.Account
	budget  *Budget
	// watched, while Effects compiles, gathers what the statement does.
	watched *[]Effect
	// accessed, while Accesses compiles, gathers what the statement is bound to.
	accessed *[]Access
}

// hiddenTable is in every database of D1's production, visible in sqlite_master
// and never readable.
const hiddenTable = `CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID`

// Open opens a database file in WAL mode with foreign keys on.
func Open(path string, o Options) (*Conn, error) {
	if err := errors.Join(errFunctions, bounds.Installed()); err != nil {
		return nil, err
	}
	flags := driver.OpenReadWrite
	switch {
	case o.Memory:
		path, flags = ":memory:", flags|driver.OpenMemory
	case o.Create:
		flags |= driver.OpenCreate
	default:
		// SQLite says "unable to open" for every cause; the file system says which.
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("sqlite: %w", err)
		}
	}
	if o.building {
		flags |= driver.OpenURI
	}
	db, err := openDriver(path, flags)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return newConn(db, o)
}

// newConn makes a Conn of an open connection, which it closes on an error.
func newConn(db *driver.Conn, o Options) (*Conn, error) {
	c := &Conn{db: db, raw: rawOf(db), mode: trusted, open: true, kept: newCache(o.Statements), budget: o.Budget}
	account, err := bounds.NewAccount(c.raw.tls, c.raw.db)
	if err != nil {
		_ = closeDriver(db)
		return nil, err
	}
	if c.account = account; o.Memory && !o.copied {
		c.budget = nil
		account.Begin(scratch)
	}
	if err := c.setUp(o); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	return c, nil
}

func (c *Conn) setUp(o Options) error {
	pragmas := []string{"PRAGMA foreign_keys=ON", "PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON"}
	if !o.Memory {
		// FULL: a commit that was answered survives a power loss.
		pragmas = append(pragmas, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
	}
	switch {
	case o.foreign:
		pragmas = append(pragmas, "PRAGMA query_only=ON")
	case o.copied:
	case o.Memory, o.Create:
		pragmas = append(pragmas, hiddenTable)
	}
	c.raw.allowDoubleQuotedStrings()
	// A schema with a trigger on a virtual table's own table can't be read where those are
	// defended; of a file from elsewhere nothing is written.
	if err := c.raw.setDefensive(!o.foreign && !o.building); err != nil {
		return err
	}
	if !o.foreign {
		if err := c.raw.iifTakesThree(); err != nil {
			return err
		}
	}
	unsaid, err := c.checkOwner(o.Owner)
	if err != nil {
		return err
	}
	for _, sql := range pragmas {
		if err := c.run(sql); err != nil {
			return err
		}
	}
	if unsaid {
		if err := c.take(o.Owner); err != nil {
			return err
		}
	}
	if o.ReadOnly && !o.Memory {
		if err := c.run("PRAGMA query_only=ON"); err != nil {
			return err
		}
	}
	if o.foreign {
		c.foreign, c.long, c.mode = true, true, Read
	} else {
		setLimits(c.db)
	}
	return c.db.SetAuthorizer(driver.AuthorizeFunc(c.authorize))
}

// run executes a statement of the package's own.
func (c *Conn) run(sql string) error {
	was := c.mode
	c.mode = trusted
	defer func() { c.mode = was }()
	s, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	defer s.Close()
	for {
		row, err := s.Step()
		if err != nil || !row {
			return err
		}
	}
}

// Begin starts a transaction that ctx can interrupt. In mode Write it waits
// until it may write.
func (c *Conn) Begin(ctx context.Context, m Mode) error {
	c.db.SetInterrupt(ctx.Done())
	begin := "BEGIN"
	if m == Write {
		begin = "BEGIN IMMEDIATE"
	}
	if err := c.run(begin); err != nil {
		c.db.SetInterrupt(nil)
		return err
	}
	c.mode = m
	_ = c.account.Short() // what the statements before have left
	if c.budget != nil {
		c.account.Begin(c.budget)
	}
	return nil
}

// End commits or rolls back, and answers nothing but the commit's error; after
// one, everything is rolled back. The interrupt and the limit on memory are lifted
// first, since a commit that has been started must not be torn. A connection that
// can't even roll back is tainted: closing it does.
func (c *Conn) End(commit bool) error {
	c.db.SetInterrupt(nil)
	if c.budget != nil {
		c.account.End()
	}
	c.mode = Read
	if c.db.AutocommitEnabled() { // an error or interrupt has rolled it back
		return nil
	}
	if commit {
		err := c.run("COMMIT")
		if err == nil {
			return nil
		}
		_ = c.rollBack()
		return err
	}
	return c.rollBack()
}

func (c *Conn) rollBack() error {
	if c.db.AutocommitEnabled() {
		return nil
	}
	err := c.run("ROLLBACK")
	if err != nil && !c.db.AutocommitEnabled() {
		c.tainted = true
	}
	return err
}

// InTransaction reports whether what was begun is still open; SQLite itself
// rolls back on some errors, an interrupted write among them.
func (c *Conn) InTransaction() bool { return !c.db.AutocommitEnabled() }

// Tainted reports whether a statement changed settings of the connection
// (a PRAGMA such as case_sensitive_like), or what it had begun can't be ended. Such
// a connection should be closed, so that nobody else gets it.
func (c *Conn) Tainted() bool { return c.tainted }

// TotalChanges counts the rows changed since Open, cascades and triggers included.
func (c *Conn) TotalChanges() int64 { return c.raw.totalChanges() }

// LastInsertRowID is the rowid of the last successful INSERT of this connection.
func (c *Conn) LastInsertRowID() int64 { return c.db.LastInsertRowID() }

// Checkpoint moves the write-ahead log into the file.
func (c *Conn) Checkpoint() error { return c.run("PRAGMA wal_checkpoint(TRUNCATE)") }

// Size returns the database's size in bytes.
func (c *Conn) Size() (int64, error) {
	pages, err := c.number("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	size, err := c.number("PRAGMA page_size")
	return pages * size, err
}

// DataVersion returns SQLite's number for what this connection sees of the database:
// another one than before if another connection, of any process, has committed in
// between. What the connection itself commits leaves it as it is. It must not be
// called between Begin and End.
func (c *Conn) DataVersion() (int64, error) { return c.number("PRAGMA data_version") }

// DontWait makes what is locked an error from now on. Until then it is waited for.
func (c *Conn) DontWait() { c.db.SetBusyTimeout(0) }

// SchemaVersion returns the number that SQLite keeps in the file and makes another one
// with every change of the schema, by whomever; putting a copy back is one. Within a
// transaction it is that of what the transaction sees.
func (c *Conn) SchemaVersion() (int64, error) { return c.number("PRAGMA schema_version") }

// number runs a statement of the package's own that answers with one number.
func (c *Conn) number(sql string) (int64, error) {
	was := c.mode
	c.mode = trusted
	defer func() { c.mode = was }()
	s, err := c.Prepare(sql)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	if _, err := s.Step(); err != nil {
		return 0, err
	}
	return s.Int(0), nil
}

// Close closes the connection. A second Close does nothing.
func (c *Conn) Close() error {
	if !c.open {
		return nil
	}
	c.open = false
	c.kept.clear()
	c.account.Close()
	return closeDriver(c.db)
}

// Exec runs exactly one statement to its end and drops its rows.
func (c *Conn) Exec(sql string) error {
	st, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	for more := true; more && err == nil; {
		more, err = st.Step()
	}
	return err
}

// Compile compiles a statement anew, and neither runs nor keeps it: what can't be compiled
// any more, since the schema is another one, is an error though it was kept from before.
func (c *Conn) Compile(sql string) error {
	c.kept.clear()
	st, err := c.Prepare(sql)
	if err != nil {
		return err
	}
	st.Close()
	return nil
}

// Prepare compiles exactly one statement.
func (c *Conn) Prepare(sql string) (*Stmt, error) {
	if strings.IndexByte(sql, 0) >= 0 {
		// SQLite would stop reading there and run only the beginning.
		return nil, &Error{Text: "the statement contains a NUL character: SQLITE_ERROR", Offset: strings.IndexByte(sql, 0)}
	}
	if len(sql) > maxStatement && !c.long {
		return nil, &Error{Text: "statement too long: SQLITE_TOOBIG", Offset: -1}
	}
	if s := c.kept.take(c.mode, sql); s != nil {
		return s, nil
	}
	c.denied = ""
	st, tail, err := c.db.PrepareTransient(sql)
	if err != nil {
		return nil, c.failure(err)
	}
	s := &Stmt{c: c, st: st, raw: rawStmt(st), mode: c.mode, sql: sql}
	if s.raw == 0 {
		_ = st.Finalize()
		return nil, emptyStatement(sql)
	}
	if rest := sql[len(sql)-tail:]; !isBlank(rest) {
		_ = st.Finalize()
		return nil, &Error{Text: "one statement at a time: there is more after the first: SQLITE_ERROR", Offset: len(sql) - tail}
	}
	return s, nil
}

// emptyStatement tells D1's two answers apart: its front skips blank text and
// whole comment lines, its engine refuses what then holds no statement.
func emptyStatement(sql string) error {
	if strings.TrimSpace(sql) == "" || strings.HasSuffix(sql, "\n") {
		return &Error{Text: "No SQL statements detected.", Offset: -1}
	}
	return &Error{Text: "SQL code did not contain a statement.", Offset: -1}
}

// isBlank reports whether sql is only blanks, comments and semicolons.
func isBlank(sql string) bool {
	return sqltext.End(sql) == 0
}

// Restrict sets what the following statements of this transaction may do.
func (c *Conn) Restrict(m Mode) { c.mode = m }

// Attempt runs do within a transaction, and undoes what it did unless it returns true.
func (c *Conn) Attempt(do func() (bool, error)) (bool, error) {
	if err := c.run("SAVEPOINT attempt"); err != nil {
		return false, err
	}
	ok, err := do()
	if !ok || err != nil {
		if undo := c.run("ROLLBACK TO attempt"); undo != nil {
			return false, undo
		}
	}
	if release := c.run("RELEASE attempt"); release != nil {
		return false, release
	}
	return ok, err
}
