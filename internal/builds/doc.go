// Package builds keeps data folders that earlier builds of the dashboard made, so
// that the present one proves with each test run that it can go on with them.
//
// # What a folder holds
//
// An archive in testdata is a data folder as a program leaves it: control.db, the
// databases, their copies. Beside them lies kept.json, in which that build said what
// it had made: versions with their hashes, databases with their status, plans,
// points, counts of rows. The tests open a copy and compare.
//
// # How the next one is made
//
// With each build that changes what is stored, or how it is read:
//
//	go test ./internal/builds -make 2026-11-30-08501fa
//
// makes testdata/2026-11-30-08501fa.tar.gz with the build of the working tree: take
// the day and the commit for the name. An archive is never made again.
package builds
