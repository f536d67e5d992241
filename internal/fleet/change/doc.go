// Package change is how the schema of a database is moved.
//
// [Plans.Review] compares and changes nothing. [Plans.Propose] stores the plan,
// [Plans.Decide] and [Plans.Apply] refer to it by id and hash: what was approved is
// what runs. Before it runs, a point to go back to is kept; without one it does not run.
// What a stop left open is resolved by reading the database's ledger. What a plan fills
// afterwards runs in the background and goes on after a stop; [Fills.StopFilling] and
// [Fills.ResumeFilling] are for operators.
package change
