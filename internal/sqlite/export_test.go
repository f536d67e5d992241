package sqlite

import (
	"errors"

	driver "zombiezen.com/go/sqlite"
)

// Maker is a connection of another program's: nothing of ours is on it.
type Maker struct{ db *driver.Conn }

// Make opens a file as another program does, which makes it, and runs statements.
func Make(path string, statements ...string) (Maker, error) {
	db, err := openDriver(path, driver.OpenReadWrite, driver.OpenCreate)
	if err != nil {
		return Maker{}, err
	}
	m := Maker{db}
	rawOf(db).allowDoubleQuotedStrings()
	return m, m.Run(append([]string{"pragma synchronous=off"}, statements...)...)
}

// Run runs statements.
func (m Maker) Run(statements ...string) error { return exec(m.db, statements...) }

// Collate gives the connection a collation.
func (m Maker) Collate(name string, compare func(a, b string) int) error {
	return m.db.SetCollation(name, compare)
}

// Close closes it.
func (m Maker) Close() error { return closeDriver(m.db) }

// Complete is the engine's own judgement, for the splitter's tests.
var Complete = complete

// Raw names of the driver that raw.go relies on.
func LayoutHolds(c *Conn, s *Stmt) bool {
	return c.raw.tls != nil && c.raw.db != 0 && s.raw != 0
}

// Trap has f refuse what the connection allocates.
func Trap(c *Conn, f func() bool) { c.account.Trap(f) }

// Used is how much is billed to the connection.
func Used(c *Conn) int64 { return c.account.Used() }

// Whole returns an error when some of a budget is still taken.
func Whole(b *Budget) error {
	if b.Taken() != 0 {
		return errors.New("the budget isn't whole")
	}
	return nil
}

// Forget has every statement compiled anew.
func Forget(c *Conn) { c.kept.clear() }

// Past runs a statement past the authorizer.
func Past(c *Conn, sql string) error { return c.run(sql) }

// OpenBare opens a file as any other program would.
func OpenBare(path string) (*driver.Conn, error) { return openDriver(path, driver.OpenReadWrite) }

// ExecBare runs statements on what OpenBare has opened.
func ExecBare(db *driver.Conn, statements ...string) error { return exec(db, statements...) }

// OpenForeign is BeginForeign that waits until the whole file was read.
func OpenForeign(path string) (*Conn, Foreign, error) {
	c, p, err := BeginForeign(path)
	if err != nil {
		return nil, Foreign{}, err
	}
	f, err := p.Wait()
	if err != nil {
		return nil, Foreign{}, errors.Join(err, c.Close())
	}
	return c, f, nil
}
