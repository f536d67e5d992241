// Package migrate changes the schema of a database: by a plan that can be read
// first, in one batch that proves itself, with a ledger inside the database.
//
// # The way of a change
//
//	live, err := migrate.Inspect(ctx, conn)     // one round trip
//	plan, err := migrate.New(live, target, previous) // pure: no database is touched
//	answers, err := plan.Ask(ctx, conn)          // what the rows say to it
//	err = plan.Ready()                          // or: what it can't do, and why
//	entry, err := migrate.Apply(ctx, conn, plan, meta)
//	at, err := migrate.StartFills(ctx, conn, plan, id, now) // then Fill.Chunk until done
//
// A [Plan] is data: it can be printed, hashed, stored and compared. [New] replays
// it on a scratch engine, and a plan that doesn't end at its target is an error,
// not a plan. [Apply] sends exactly the plan's statements in one batch, which
// first asserts that the schema is still the one that was planned against and
// last writes the ledger row, so whether it was applied can always be read.
//
// # Its tables
//
// In the database: kuratchi_ledger, a row an apply; kuratchi_schema_state, the
// schema it is at (the Kuratchi SDK's table); kuratchi_fills and kuratchi_fill_keys,
// how far what a plan fills is.
package migrate

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Live is a database's schema as it was at one moment.
type Live struct {
	Schema *schema.Schema
	// Rows are sqlite_master's, without the tables of SQLite, D1 and the ledgers, what
	// belongs to them, and shadow tables. They are in the order of types and names, but
	// triggers in that of their creation, which is the reverse of the one they fire in.
	Rows []schema.MasterRow
}

// ownFilter leaves out what belongs to SQLite, D1 and the ledgers: the tables that
// schema.Reserved names, and what is on them. A trigger, an index or a view is somebody's
// whatever it is called.
const ownFilter = `name not like 'sqlite\_%' escape '\' and tbl_name not like 'sqlite\_%' escape '\' and tbl_name not like '\_cf\_%' escape '\' ` +
	`and (type = 'view' or tbl_name not like 'kuratchi\_%' escape '\' and tbl_name not in ('d1_migrations', 'migrations_history'))`

const inspectSQL = `select type, name, tbl_name, coalesce(sql, '') from sqlite_master where ` + ownFilter +
	` and name not in (select name from pragma_table_list where type = 'shadow') order by type, iif(type = 'trigger', rowid, 0), name`

// Inspect reads a database's schema in one round trip.
func Inspect(ctx context.Context, conn d1.Conn) (*Live, error) {
	r, err := conn.Query(ctx, d1.Query(inspectSQL))
	if err != nil {
		return nil, err
	}
	rows := make([]schema.MasterRow, len(r.Rows))
	for i, v := range r.Rows {
		rows[i] = schema.MasterRow{Type: v[0].Text(), Name: v[1].Text(), Table: v[2].Text(), SQL: v[3].Text()}
	}
	s, err := schema.FromObjects(rows)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The database's schema can't be read: %v.", err)
	}
	return &Live{Schema: s, Rows: rows}, nil
}

// Fingerprint is the text that changes with any change of the schema, the one
// that fingerprintSQL computes in the database.
func (l *Live) Fingerprint() string {
	rows := slices.Clone(l.Rows)
	slices.SortFunc(rows, func(a, b schema.MasterRow) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	parts := make([]string, len(rows))
	for i, r := range rows {
		parts[i] = strings.Join([]string{r.Type, r.Name, r.SQL}, "\x1f")
	}
	return strings.Join(parts, "\x1e")
}

const fingerprintSQL = `select coalesce(group_concat(type || char(31) || name || char(31) || sql, char(30)), '') from (select type, name, coalesce(sql, '') sql from sqlite_master where ` +
	ownFilter + ` and name not in (select name from pragma_table_list where type = 'shadow') order by type, name)`
