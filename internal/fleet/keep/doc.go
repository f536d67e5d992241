// Package keep is what becomes of a database as a whole, and of its earlier states.
//
// # Restore points
//
// [Points.KeepPoint] keeps a database as it is; [Points.RestoreTo] and [Points.RestoreAt]
// put it back, and keep what was there first.
//
// # A database goes
//
// [Keeper.Archive] takes a database out of use and keeps it. [Keeper.Delete] removes it;
// its last state is kept for [fleet.KeptFor], and [Keeper.Revive] brings it back.
// [Keeper.DeleteOrg] deletes an organization, with its databases where that is wanted.
//
// # A database moves
//
// [Moves.Move] copies a database to another place and compares, before the fleet goes
// there. [Copies.Download] hands it out as a file, [Copies.Import] fills one from a file.
package keep
