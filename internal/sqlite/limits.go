package sqlite

import driver "zombiezen.com/go/sqlite"

const maxStatement = 100_000 // bytes

// limits are D1's: documented on developers.cloudflare.com/d1/platform/limits,
// or where that is silent, what workerd sets. Where the two differ, the smaller.
var limits = map[driver.Limit]int32{
	driver.LimitLength:            2_000_000, // documented; workerd lets 4 MiB pass
	driver.LimitSQLLength:         maxStatement,
	driver.LimitColumn:            100,
	driver.LimitExprDepth:         100,
	driver.LimitCompoundSelect:    5,
	driver.LimitFunctionArg:       32, // documented; workerd lets 127 pass
	driver.LimitAttached:          0,
	driver.LimitLikePatternLength: 50,
	driver.LimitVariableNumber:    100,
	driver.LimitTriggerDepth:      10,
	driver.LimitWorkerThreads:     0,
}

func setLimits(c *driver.Conn) {
	for l, v := range limits {
		c.Limit(l, v)
	}
}

// Version is SQLite's version as a number, 3.54.1 being 3054001.
const Version = driver.VersionNumber
