package main

import "runtime/debug"

const (
	// collectAt is how much garbage there may be to what is in use, in percent, before
	// it is collected. Go's own 100 takes a tenth of the time of a page of a table; this
	// costs some 5 MB of what pages leave behind.
	collectAt = 150
	// collectBelow is from how many bytes on it is collected as often as it takes to
	// stay below: what a hundred people leave behind must not take the machine.
	collectBelow = 96 << 20
)

// setCollector sets when Go's garbage is collected, where the environment doesn't, by
// GOGC and GOMEMLIMIT. SQLite's memory isn't Go's: see internal/sqlite/bounds.
func setCollector(lookup func(string) (string, bool)) {
	if _, set := lookup("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
	if _, set := lookup("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(collectBelow)
	}
}
