//go:build race

package local_test

// underRace says that the race detector makes this SQLite a hundred times slower.
const underRace = true
