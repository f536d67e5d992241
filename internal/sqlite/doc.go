// Package sqlite is the embedded SQLite made to behave like Cloudflare's D1.
//
// # What it is
//
// A [Conn] is one connection whose statements are refused, limited and answered
// in D1's words: by SQLite's authorizer and limits, never by matching SQL. The
// rules are those of D1 as measured on workerd; where D1's documentation names a
// tighter limit, that one holds, so this engine is never kinder than D1.
//
// # How it is used
//
//	c, err := sqlite.Open(path, sqlite.Options{})
//	err = c.Begin(ctx, sqlite.Write)
//	st, err := c.Prepare("select ?1")
//	st.BindInt(1, 42)
//	for { row, err := st.Step(); … }
//	st.Close()
//	err = c.End(true)
//
// Every statement runs between Begin and End, which is one transaction; a
// statement can't begin or end one. A Conn belongs to one goroutine at a time.
//
// A file from elsewhere is opened by [BeginForeign], for reading, with SQLite's limits
// instead of D1's.
//
// It is the only package that imports the driver.
package sqlite
