// Package fleet is the organizations and their databases: what there is, how a
// database comes to be, and how its schema is moved.
//
// # Who does what
//
// A [Fleet] decides; it keeps nothing. What is remembered goes through [Store],
// what lives in the account through [d1.Provider]. Every write takes the actor
// and leaves an audit entry in the batch of the change itself.
//
// # A database comes to be
//
// [Fleet.Provision] records the wish, answers at once and works on in the
// background: create, migrate, register, each step recorded when it begins and
// when it ends. Every step can be done again, so what a crash interrupted is
// resumed or undone by an operator. The wish carries the form's request id, so
// pressing twice makes one database.
//
// # A schema is moved
//
// [Fleet.Review] compares and changes nothing. [Fleet.Propose] stores the plan,
// [Fleet.Decide] and [Fleet.Apply] refer to it by id and hash: what was approved
// is what runs. Before it runs, a point to go back to is kept; without one it
// does not run. [Fleet.Recover] resolves at start what a crash left open, by
// reading the database's ledger. What a plan fills afterwards runs in the background
// and goes on after a stop; [Fleet.StopFilling] and [Fleet.ResumeFilling] are for
// operators.
//
// # What is true of the fleet
//
// [Fleet.Check] looks into a database and remembers what it saw, with the time:
// whether it answers, which version its schema is, what differs. [Fleet.Run] does
// that in the background, at a bounded rate. Lists and totals are read from what
// is remembered and call no engine.
//
// # A database goes
//
// [Fleet.Archive] takes a database out of use and keeps it. [Fleet.Delete] removes
// it; its last state is kept for [KeptFor], and [Fleet.Revive] brings it back.
package fleet
