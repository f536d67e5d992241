package database

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/schema"
)

// ClientInput says which database to open, and how. It prints without the token.
type ClientInput struct {
	DatabaseName string
	Token        string
	// Schema is what the ORM knows, and what the database is brought to.
	Schema *schema.Schema
	// SkipMigrations leaves the database's schema as it is.
	SkipMigrations bool
}

// ConnectInput is a ClientInput.
type ConnectInput = ClientInput

// HTTPClientInput says which database to open. It prints without the token.
type HTTPClientInput struct {
	DatabaseName string
	Token        string
}

// Connection is one database seen in all ways, over one connection.
type Connection struct {
	Instance *Instance
	ORM      *orm.DB
	Raw      *Raw
}

// Close gives the connection back.
func (c *Connection) Close() error { return c.Raw.Close() }

// Client opens a database for the ORM and, unless told otherwise, brings it to
// the schema first. Errors: fault.Denied for the token, fault.NotFound without
// such a database, and those of migrate.Synchronize.
func (in *Instance) Client(ctx context.Context, input ClientInput) (*orm.DB, error) {
	conn, err := in.open(ctx, input)
	if err != nil {
		return nil, err
	}
	return orm.New(conn, input.Schema), nil
}

// HTTPClient opens a database for plain SQL; its schema is left as it is.
// Errors: fault.Denied for the token, fault.NotFound without such a database.
func (in *Instance) HTTPClient(ctx context.Context, input HTTPClientInput) (*Raw, error) {
	info, err := in.find(ctx, input.DatabaseName, input.Token)
	if err != nil {
		return nil, err
	}
	conn, err := in.provider.Open(ctx, info.ID)
	if err != nil {
		return nil, err
	}
	return &Raw{conn: conn}, nil
}

// Connect opens a database for the ORM and for plain SQL, as Client does.
func (in *Instance) Connect(ctx context.Context, input ConnectInput) (*Connection, error) {
	conn, err := in.open(ctx, input)
	if err != nil {
		return nil, err
	}
	return &Connection{Instance: in, ORM: orm.New(conn, input.Schema), Raw: &Raw{conn: conn}}, nil
}

// open finds, synchronizes and opens, in that order: a name may stand for
// another database than last time, so it is looked up on every call.
func (in *Instance) open(ctx context.Context, input ClientInput) (d1.Conn, error) {
	if input.Schema == nil {
		return nil, fault.New(fault.Invalid, "A schema is needed to open %q with the ORM. Without one, use plain SQL.", input.DatabaseName)
	}
	info, err := in.find(ctx, input.DatabaseName, input.Token)
	if err != nil {
		return nil, err
	}
	if !input.SkipMigrations {
		if err := in.ensure(ctx, info.ID, info.Name, input.Schema); err != nil {
			return nil, err
		}
	}
	return in.provider.Open(ctx, info.ID)
}
