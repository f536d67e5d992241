package d1test

// Runtime is one of Cloudflare's runtimes: the folder of workerd/ whose lockfile
// names it, called by its SQLite.
type Runtime string

// The two runtimes that are D1 at the same time: what passes on the one may fail
// on the other, and which one Cloudflare runs isn't told.
const (
	Older  Runtime = "sqlite-3.47" // workerd 1.20260426.1
	Newest Runtime = "sqlite-3.54" // workerd 1.20261117.1, and Node 22 beside it
)

// Runtimes are all of them, the older first.
var Runtimes = []Runtime{Older, Newest}
