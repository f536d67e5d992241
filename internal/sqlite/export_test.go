package sqlite

// Complete is the engine's own judgement, for the splitter's tests.
var Complete = complete

// Raw names of the driver that raw.go relies on.
func LayoutHolds(c *Conn, s *Stmt) bool {
	return c.raw.tls != nil && c.raw.db != 0 && s.raw != 0
}
