package d1

import "context"

// Dialer opens the databases of an account. It is safe for concurrent use.
type Dialer interface {
	// Open returns a handle on the database with that id. Whether it exists may
	// show only at the first statement.
	Open(ctx context.Context, id string) (Conn, error)
	// Visit is Open for one short look: nothing stays open after Close, so that
	// looking at a whole fleet doesn't crowd out the databases in use.
	Visit(ctx context.Context, id string) (Conn, error)
}
