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
// # The rigs
//
// [Workerd] starts one of Cloudflare's own runtimes, once per test process and
// [Runtime], and [Rig.Database] hands out fresh, empty D1 databases of it:
//
//	db := d1test.Workerd(t, d1test.Newest).Database(t)
//	_, err := db.Query(ctx, "create table t(a)")
//
// There are two, as what Cloudflare runs isn't told: [Older] with SQLite 3.47 and
// [Newest] with 3.54. Tests that compare run on both ([Runtimes]); the rest run
// on the older one, which knows less.
//
// They need node 20 or newer and npm. The first use of one installs what
// workerd/sqlite-…/package-lock.json names beside it by npm ci (170 and 380 MB,
// one process at a time, a message on stderr); after that nothing touches a
// network. The newest needs node 22, which its lockfile brings for Linux and
// macOS. To install ahead of time, run npm ci in those folders. A test that asks
// for a rig and can't have it fails, it never skips.
//
// The versions are pinned: the probe below was recorded on them. To raise the
// newest, change its lockfile, record with
//
//	go test ./internal/d1/d1test -run TestProbeOnWorkerd -record
//
// and read what changed in probe-sqlite-3.54.json.
//
// # What is real and what isn't
//
// Real, since it is the code Cloudflare runs: the SQL that is allowed, SQLite's
// version and limits, error texts, values and their rounding, batches as
// transactions, foreign keys, the counters in meta.
//
// Not real: served_by, regions and times. Values up to 4 MiB pass, more on the
// newest (2 MB in production). There is no time limit of 30 s, no quota and no
// rate limit, and the hidden table is called _cf_METADATA, or isn't there (_cf_KV
// in production). A foreign key that only the commit finds broken is an exception
// without D1_ERROR, on the newest "internal error; reference = …". What answers is
// the Workers binding and not the REST API: errors begin with "D1_ERROR: ", a
// query with several statements returns the last result alone, and there is no
// import, export or Time Travel.
//
// # The probe
//
// [Probe] is the golden record: 213 statements in the order they ran on one
// database, each with the whole answer or the error of a runtime. probe.json has
// the older one's, probe-sqlite-3.54.json what the newest answers otherwise.
// TestProbeOnWorkerd proves them against the rigs; the embedded engine is
// measured by them too. [Functions] are the SQL functions D1 allows.
package d1test
