package d1

import "context"

// Versioned is a Conn that can tell, for less than a read costs, whether its database
// has changed.
type Versioned interface {
	// Version returns a number. It is larger than at an earlier call if anybody has
	// committed a change in between: by this Conn, by another one, in another process.
	// The same number twice means that nobody has. It can be larger without a change
	// too. The numbers are this process's: they mean nothing after its end.
	//
	// A read that begins after Version has returned sees every change that had been
	// answered when Version was called, and those that came between. So what is kept
	// under a number must have been read after that number was asked for.
	Version(ctx context.Context) (int64, error)
}
