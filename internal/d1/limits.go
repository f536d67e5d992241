package d1

import "time"

// D1's limits: documented on developers.cloudflare.com/d1/platform/limits, or
// where that is silent, what workerd enforces. Where the two differ, the
// smaller one, so that what passes here passes there.
const (
	MaxColumns       = 100       // of a table, of a result
	MaxParams        = 100       // of a statement
	MaxStatement     = 100_000   // bytes
	MaxValue         = 2_000_000 // bytes of a string, a BLOB or a row
	MaxPattern       = 50        // bytes of a LIKE or GLOB pattern
	MaxFunctionArgs  = 32
	MaxCompoundTerms = 5
	MaxExprDepth     = 100
	MaxDuration      = 30 * time.Second
)
