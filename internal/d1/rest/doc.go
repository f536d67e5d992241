// Package rest is D1 over Cloudflare's REST API.
//
// A [Provider] is one Cloudflare account: it makes, lists and removes databases,
// goes back in time, copies and imports. A connection of it runs statements by
// the /raw endpoint. Both keep the contracts of package d1.
//
// # Values
//
// D1's REST API knows JSON: every number it is given is a REAL, integers it
// returns are rounded beyond 2^53, and a BLOB is a list of numbers. So a
// statement is rewritten where a value needs it: an INTEGER travels as a string in
// (+cast(? as integer)), a BLOB as unhex(?). Results of a statement whose
// columns the caller named (d1.Stmt.Columns) are asked for in a form that keeps
// the storage class and every digit, in the same one call. Without names a number
// without a point is an INTEGER, any other a REAL. One thing doesn't arrive: the
// sign of a zero.
//
// # Writes are sent once
//
// No request that may write is sent a second time, by nobody: the SDK's retries
// and redirects are off. A write whose answer was lost is fault.Unknown; who
// called reads what it should have left behind. What can't have reached
// Cloudflare is fault.Unavailable: nothing was done. Reads are tried three times.
//
// # The account's limit
//
// All providers of an account share one [Budget] of 1,200 calls in five minutes.
// A quarter of it is for people; work in a context marked with d1.Background
// waits for the rest.
//
// # Reading is judged here
//
// Only a token without D1 Edit keeps a statement from writing over REST. With
// Options.ReadToken every statement in mode Read goes with it. In any case
// what isn't certainly a read by its tokens is refused before it leaves. One hole
// is left without a read token: a view whose text calls pragma_optimize.
package rest
