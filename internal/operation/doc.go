// Package operation is the one way in for every change: who may, what is noted before it, and
// what came of it.
//
// # A kind of operation
//
// A [Kind] says once what a change is: its action in the audit log, the permission it needs,
// and its words. The packages that change something declare theirs; the routes of the browser
// name them, and a test holds their permissions equal.
//
// # Doing it
//
// [Door.Do] asks the right of the actor, then does a [Job]. One that changes the control plane
// alone has no Work: its entry goes into the batch of the change, so there is never one without
// the other. One that changes something elsewhere stands between an intent and an outcome,
// which is done, failed (nothing was changed) or unknown (the answer was lost). Every intent has
// its outcome, also where the work panics; one that a stop of the program left open gets it
// from [Door.Finish].
package operation
