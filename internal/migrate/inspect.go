package migrate

import (
	"context"
	"errors"
	"slices"

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

// Own knows which of our tables a database has, as it was last looked at: one of them is
// then read in the round trip that reads the schema. A table that isn't known is looked for
// in what was read of the schema, and read in a second round trip if it is there, so a
// database without our tables is never asked for them. The zero value knows nothing.
type Own struct{ tables []string }

// AllOwn is what is known of a database once a plan was applied to it, which makes all of
// our tables.
func AllOwn() Own { return Own{[]string{ledgerTable, stateTable}} }

// State is Inspect, and what the database records for a schema; known says whether it
// records something. For the schema "" nothing is looked for. Where only what it records
// can't be read, the error has the schema beside it.
func (o *Own) State(ctx context.Context, conn d1.Conn, name string) (db *live.Database, s State, known bool, err error) {
	if name == "" {
		db, err = Inspect(ctx, conn)
		return db, State{}, false, err
	}
	db, r, err := o.read(ctx, conn, stateTable, recorded(name))
	if err != nil || r == nil || len(r.Rows) == 0 {
		return db, State{}, false, err
	}
	return db, stateOf(r), true, nil
}

// Ledger is Inspect, and the newest 200 rows of the database's ledger, the newest first;
// none for a database that never had one.
func (o *Own) Ledger(ctx context.Context, conn d1.Conn) (*live.Database, []Entry, error) {
	db, r, err := o.read(ctx, conn, ledgerTable, d1.Query(newestEntries))
	if err != nil || r == nil {
		return db, nil, err
	}
	return db, entriesOf(r), nil
}

// read reads the schema and what q reads of one of our tables, nil where the database
// doesn't have it.
func (o *Own) read(ctx context.Context, conn d1.Conn, table string, q d1.Stmt) (*live.Database, *d1.Result, error) {
	if slices.Contains(o.tables, table) {
		rs, err := conn.Batch(ctx, []d1.Stmt{live.Catalog(), q})
		if err == nil {
			return o.note(live.Of(rs[0].Rows)), rs[1], nil
		}
		if e, ok := errors.AsType[*d1.Error](err); !ok || e.Class != d1.Syntax {
			return nil, nil, err
		} // else it was put back to before the table, or somebody changed it
	}
	db, err := Inspect(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	if o.note(db); !slices.Contains(o.tables, table) {
		return db, nil, nil
	}
	r, err := conn.Query(ctx, q)
	if noTable(err) { // it went meanwhile
		return db, nil, nil
	}
	return db, r, err
}

// note notes which of our tables a database has.
func (o *Own) note(db *live.Database) *live.Database {
	o.tables = nil
	for _, row := range db.Ledgers {
		if row.Type == "table" && (row.Name == ledgerTable || row.Name == stateTable) {
			o.tables = append(o.tables, row.Name)
		}
	}
	return db
}
