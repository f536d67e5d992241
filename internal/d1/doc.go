// Package d1 is the seam between the dashboard and a Cloudflare D1 database.
//
// # One way to a database
//
// A [Conn] is an open database and a [Provider] is the account it lives in: a
// [Registry] of databases, a [Keeper] of their states and a [Dialer] to them.
// Every transport (the embedded engine, Cloudflare's REST API, a gateway
// Worker) implements both, and everything above is written for them alone, so
// what works on one works on the others.
//
// # What a Conn promises
//
// A [Stmt] is exactly one SQL statement with its values and its mode. A batch is
// one transaction and there is no other. Values survive as the engine stores
// them: see [Value]. A statement in mode [Read] can't change anything, enforced
// by the engine and not by reading the text.
//
// # Errors
//
// What the engine refuses comes back as a fault with an [*Error] in its chain, which
// has the engine's own text, its class and the offset into the statement. The fault's
// message is what [Words] makes of that text: no engine's words are shown as ours. A write
// whose outcome isn't known is [fault.Unknown]: read what it
// should have left behind, never send it again.
package d1
