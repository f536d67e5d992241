// Package front is Cloudflare's REST API for D1, for tests: real D1 behind it.
//
// [New] starts a server on 127.0.0.1 that answers as the API does, with a token
// that may edit, one that may read, and any other one refused. Every request
// and every answer is checked against Cloudflare's own OpenAPI document; a
// difference fails the test. [NewFaults] puts a network between that loses,
// delays and spoils what passes.
//
// # What is real
//
// Statements: /query and /raw hand the body to D1 in workerd by the wire that
// Cloudflare's API and the Workers binding share, so SQL, values, limits, error
// texts, transactions and the counters in meta are D1's own. Which statements a
// reading token may send is asked from D1 too, by EXPLAIN: one that begins a
// write transaction is refused.
//
// # What stands in
//
//   - Creating takes the next database of a pool; deleting drops it from a list.
//     Names, uuids, dates, jurisdictions, regions, replication and the list's
//     pages are kept here. A name that is taken is 7502, a missing database 7404.
//   - Time Travel: a bookmark is a copy of all rows and definitions as they were when
//     one was asked for (with Options.History after every write too); restoring
//     loads it into another database of the pool, which takes the place.
//   - Import: the dump is taken by this server and run as one batch. It takes two
//     questions. There is no export: the transport reads rows.
//   - Limits: values up to 4 MiB pass, no statement is stopped after 30 s, and
//     there are no quotas. Ratelimit headers are those of Options.
//   - The texts of refusals that aren't D1's engine's are written from what people
//     reported; the document doesn't have them.
package front
