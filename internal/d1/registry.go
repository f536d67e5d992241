package d1

import (
	"context"
	"time"
)

// Info is what a provider knows of one database.
type Info struct {
	// ID is the provider's own id; on D1 a uuid.
	ID string
	// Name is unique within the provider.
	Name      string
	Location  string
	CreatedAt time.Time
	// Size is in bytes, -1 where a list doesn't tell it.
	Size int64
	// Tables is how many tables there are, -1 where it isn't told.
	Tables int
	// Region is where the primary runs, in D1's words such as "WEUR"; "" where it
	// isn't told.
	Region string
	// Jurisdiction is one of Jurisdictions, or "".
	Jurisdiction string
	// Replication is "auto", "disabled", or "" where it isn't told.
	Replication string
}

// CreateInput is what a new database is made from.
type CreateInput struct {
	// Name must match NameRule.
	Name string
	// Location is one of Locations, or "" for the provider's choice. It is a
	// hint, and the embedded engine only records it.
	Location string
	// Jurisdiction is one of Jurisdictions, or "" for none. It wins over Location.
	// The embedded engine ignores it.
	Jurisdiction string
	// Replication is "auto", "disabled", or "" for the provider's choice. The
	// embedded engine ignores it.
	Replication string
}

// Registry is the databases of an account: what there is, and how one comes and
// goes. It is safe for concurrent use.
type Registry interface {
	// Create makes an empty database and returns it. A name that is taken is a
	// fault.Conflict.
	Create(ctx context.Context, in CreateInput) (Info, error)
	// Get returns the database with that id, or fault.NotFound.
	Get(ctx context.Context, id string) (Info, error)
	// Find returns the database with exactly that name, or fault.NotFound.
	Find(ctx context.Context, name string) (Info, error)
	// List returns every database, by name.
	List(ctx context.Context) ([]Info, error)
	// Delete removes a database for good; its points stay. An id that isn't there
	// is fault.NotFound.
	Delete(ctx context.Context, id string) error
}

// Replicator is a Registry whose databases can have read replicas.
type Replicator interface {
	// SetReplication sets the mode, "auto" or "disabled", and returns what the
	// database is then. Switching off takes some hours to reach every replica.
	SetReplication(ctx context.Context, id, mode string) (Info, error)
}
