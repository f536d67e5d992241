// Package database is the Kuratchi SDK's database namespace on the seam of
// package d1: it makes databases, hands out their tokens, and opens them by name
// and token, through the ORM or with plain SQL.
//
// # From the SDK
//
//	SDK                      here                        and differs in
//	instance                 New                         the provider is handed in, so it is the embedded engine or D1
//	client                   Instance.Client             synchronizes in one batch that proves itself
//	forDatabaseHttpClient    Instance.HTTPClient         integers, BLOBs, column order and meta survive
//	connect                  Instance.Connect            opens the database it is asked for, over one connection
//	create                   Instance.Create             leaves nothing behind when it fails, or says what
//	delete                   Instance.Delete             says when it failed
//	getDoEnvironment,        FromEnvironment             one value, read once
//	getAdminEnvironment
//	validateDoEnvironment    Environment.Missing         asks for the gateway key too
//	its database tokens      SignToken, VerifyToken      one year, whatever the database is called
//
// # Making and opening
//
//	in, err := database.New(provider, database.Options{GatewayKey: key})
//	made, err := in.Create(ctx, database.CreateInput{Name: "acme-org-001", Migrate: true, Schema: s})
//	db, err := in.Client(ctx, database.ClientInput{DatabaseName: made.DatabaseName, Token: made.Token, Schema: s})
//	row, err := db.Table("users").Where(orm.Eq("email", email)).First(ctx)
//
// # Tokens
//
// A token is bound to one database's name and ends after a year. It is checked
// before the provider is asked anything, so a wrong one learns nothing of what
// exists.
//
// # Synchronizing
//
// Client and Connect bring the database to their schema before they return it,
// unless SkipMigrations says that somebody else does, by a reviewed plan. Calls
// at the same time share one synchronization, and what was synchronized is
// remembered: the next call asks the provider for the database's id and no more.
// A schema with a change that has no safe step is refused as a whole; see package
// migrate.
//
// # Secrets
//
// The gateway key and tokens print as [redacted] from every type of this package
// that holds one, by fmt, encoding/json and log/slog. fmt calls no methods on
// unexported fields, so keep these types in exported ones or behind a pointer.
package database
