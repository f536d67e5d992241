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
// how far what a plan fills is. [Own] reads one of them with the schema, and never asks for
// one that isn't there.
package migrate
