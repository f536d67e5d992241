// Package health looks into the fleet's databases and remembers what it saw, with the
// time: whether one answers, which version its schema is, what differs, whether its file
// is whole.
//
// [Watcher.Check] looks into one because somebody asked; [Watcher.Run] into all of them in
// the background, at a bounded rate. Lists and totals are read from what is remembered and
// call no engine. Rooms that changed a database as a whole call [Watcher.RecordCheck].
package health
