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

// Namer is a Dialer that can be told what databases are called. One that only sees ids
// learns names from what it lists and makes, so after a start its errors would name an id.
type Namer interface {
	// Name says what the database with that id is called. It makes no call, and what the
	// place says later wins.
	Name(id, name string)
}

// Introduce tells a Dialer what a database is called, if it can be told. Whoever knows a
// database's name calls it before the first call about it.
func Introduce(d Dialer, id, name string) {
	if n, ok := d.(Namer); ok && name != "" {
		n.Name(id, name)
	}
}
