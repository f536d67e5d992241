// Package fleet is the kernel of the fleet: what an organization and a database are,
// where databases live, who works on one, and what was cut short. What is done with
// databases is done by rooms over it: [provision], [health], [keep] and [change], which
// [house] puts together.
//
// # Who does what
//
// A [Fleet] keeps nothing: what is remembered goes through [Store], what lives in the
// account through [d1.Provider]. Every write takes the actor and leaves an audit entry in
// the batch of the change itself; what reads organizations' things takes the actor too.
//
// # Who works on a database
//
// [Holds] give out three things, one over the other. A claim keeps others of this program
// away, a lease other programs, and closed gates whoever has a handle of [Fleet.Open]. A
// room takes them by [Fleet.Do], where an [Operation] says which it needs, beside its
// right, its states and its words.
//
// # What was cut short
//
// A room that doesn't know what became of its work hands [Settler.Reopen] a function that
// finds out. [Fleet.Run] calls it until it knows; until then the database is held.
//
// [provision]: github.com/kuratchi/dashboard/internal/fleet/provision
// [health]: github.com/kuratchi/dashboard/internal/fleet/health
// [keep]: github.com/kuratchi/dashboard/internal/fleet/keep
// [change]: github.com/kuratchi/dashboard/internal/fleet/change
// [house]: github.com/kuratchi/dashboard/internal/fleet/house
package fleet
