// Package fault says what kind of thing went wrong, and carries the one
// sentence an operator may read about it.
//
// An error made here has a [Kind], which decides the HTTP status and whether
// trying again can help, and a message that is safe to show: it names the
// object and what to do next, and holds no internal detail and no secret. The
// cause, if there is one, is kept for the log and never shown. An error that
// was not made here counts as [Internal], and its text is never shown.
package fault
