package migrate

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/live"
)

// Inspect reads a database's schema in one round trip. What can't be read of it is left
// alone: see live.Database.Left.
func Inspect(ctx context.Context, conn d1.Conn) (*live.Database, error) {
	return live.Read(ctx, conn)
}

// Our tables that are read with a schema.
const (
	ledgerTable = "kuratchi_ledger"
	stateTable  = "kuratchi_schema_state"
)

// Own knows which of our tables databases have, as they were last looked at: one of them is
// then read in the round trip that reads the schema. A table that isn't known is looked for
// in what was read of the schema, and read in a second round trip if it is there, so a
// database without our tables is never asked for them. It is safe for concurrent use, and
// its zero value knows nothing.
type Own struct {
	tables sync.Map // the names that a database has, by its id: map[string][]string
}

// Made notes that a plan was applied to a database, which makes all of them.
func (o *Own) Made(id string) { o.tables.Store(id, []string{ledgerTable, stateTable}) }

// State is Inspect, and what the database with that id records for a schema; known says
// whether it records something. For the schema "" nothing is looked for. Where only what
// it records can't be read, the error has the schema beside it.
func (o *Own) State(ctx context.Context, id string, conn d1.Conn, name string) (db *live.Database, s State, known bool, err error) {
	if name == "" {
		db, err = Inspect(ctx, conn)
		return db, State{}, false, err
	}
	db, r, err := o.read(ctx, id, conn, stateTable, recorded(name))
	if err != nil || r == nil || len(r.Rows) == 0 {
		return db, State{}, false, err
	}
	return db, stateOf(r), true, nil
}

// Ledger is Inspect, and the newest 200 rows of the ledger of the database with that id,
// the newest first; none for a database that never had one.
func (o *Own) Ledger(ctx context.Context, id string, conn d1.Conn) (*live.Database, []Entry, error) {
	db, r, err := o.read(ctx, id, conn, ledgerTable, d1.Query(newestEntries))
	if err != nil || r == nil {
		return db, nil, err
	}
	return db, entriesOf(r), nil
}

// read reads the schema and what q reads of one of our tables, nil where the database
// doesn't have it.
func (o *Own) read(ctx context.Context, id string, conn d1.Conn, table string, q d1.Stmt) (*live.Database, *d1.Result, error) {
	if names, ok := o.tables.Load(id); ok && slices.Contains(names.([]string), table) {
		rs, err := conn.Batch(ctx, []d1.Stmt{live.Catalog(), q})
		if err == nil {
			return o.note(id, live.Of(rs[0].Rows)), rs[1], nil
		}
		if e, ok := errors.AsType[*d1.Error](err); !ok || e.Class != d1.Syntax {
			return nil, nil, err
		} // else it was put back to before the table, or somebody changed it
	}
	db, err := Inspect(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(ownTables(o.note(id, db)), table) {
		return db, nil, nil
	}
	r, err := conn.Query(ctx, q)
	if noTable(err) { // it went meanwhile
		return db, nil, nil
	}
	return db, r, err
}

func (o *Own) note(id string, db *live.Database) *live.Database {
	if id != "" {
		o.tables.Store(id, ownTables(db))
	}
	return db
}

// ownTables are those of our tables that a database has.
func ownTables(db *live.Database) (names []string) {
	for _, row := range db.Ledgers {
		if row.Type == "table" && (row.Name == ledgerTable || row.Name == stateTable) {
			names = append(names, row.Name)
		}
	}
	return names
}
