// Package d1test is real D1 for tests, and what real D1 answered.
//
// It imports the standard library and the seam it tests, so that the tests of any
// package can use it. Package front, below it, is Cloudflare's REST API over the
// same D1.
//
// # The contract
//
// [Exercise] is what package d1 promises of a connection, as tests. Every
// transport runs it: the embedded engine, and REST over real D1.
//
// # The rig
//
// [Workerd] starts Cloudflare's own runtime, workerd, once per test process and
// [Rig.Database] hands out fresh, empty D1 databases of it:
//
//	db := d1test.Workerd(t).Database(t)
//	_, err := db.Query(ctx, "create table t(a)")
//
// It needs node 20 or newer and npm. The first use installs what
// workerd/package-lock.json names into workerd/node_modules by npm ci (about
// 170 MB, one process at a time, a message on stderr); after that nothing
// touches a network. To install ahead of time, run npm ci in that folder. A test
// that asks for the rig and can't have it fails, it never skips.
//
// The version is pinned, and on purpose not the newest: the probe below was
// recorded on it. Raise the two together.
//
// # What is real and what isn't
//
// Real, since it is the code Cloudflare runs: the SQL that is allowed, SQLite's
// version and limits, error texts, values and their rounding, batches as
// transactions, foreign keys, the counters in meta.
//
// Not real: served_by, regions and times. Values up to 4 MiB pass (2 MB in
// production). There is no time limit of 30 s, no quota and no rate limit, and
// the hidden table is called _cf_METADATA (_cf_KV in production). What answers is
// the Workers binding and not the REST API: errors begin with "D1_ERROR: ", a
// query with several statements returns the last result alone, and there is no
// import, export or Time Travel.
//
// # The probe
//
// [Probe] is the golden record: 213 statements in the order they ran on one
// database, each with the whole answer or the error. TestProbeOnWorkerd proves
// it against the rig; the embedded engine is measured by it too. [Functions] are
// the SQL functions D1 allows.
package d1test
