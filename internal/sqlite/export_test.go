package sqlite

import "errors"

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
