// Package provision is how a database comes to the fleet: made for an organization, or
// taken over from the Cloudflare account.
//
// A provision records the wish, answers at once and works on in the background: create,
// migrate, register, each step recorded when it begins and when it ends. Every step can be
// done again, so what a crash interrupted is resumed or undone by an operator. The wish
// carries the form's request id, so pressing twice makes one database.
//
// [Adoptions.Examine] looks into databases of the account and [Adoptions.Register]
// makes them the fleet's; nothing is written in them.
package provision
