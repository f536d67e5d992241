// Package console runs the SQL an operator types.
//
// # Reading
//
// [Run] splits the text into statements and each runs by itself, in order, in mode
// Read: the engine's authorizer refuses whatever could change a row, the schema
// or the connection. Nothing is judged by its words. Where the engine can't (D1), see
// [Guard]. Rows are taken as they come
// and the statement is stopped at the cap, so an endless result costs no memory.
// The first refusal ends the run.
//
// # Writing
//
// [Judge] says before anything is done whether a text writes, and which of its
// statements have to be confirmed: it tries them in a transaction that is rolled
// back. [Write] then runs all of them in one transaction: a refusal undoes the
// whole run, and so does cancelling it before its end.
package console
