package local

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Refusal returns what is said when the engine answers with that text: of an
// organization's database, or of the dashboard's own records. A disk can't be
// filled in a test.
func Refusal(name string, records bool, text string) error {
	c := &conn{name: name, records: records}
	return c.fail(context.Background(), &sqlite.Error{Text: text, Offset: -1})
}

// Panic has a call of c panic in its transaction.
func Panic(c d1.Conn) {
	_ = c.(*conn).within(context.Background(), sqlite.Write, func(db *sqlite.Conn) error { panic("in a transaction") })
}
