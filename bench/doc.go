// Command bench prints how fast the dashboard is, as ratios: of its page to the
// least that could answer it, of a late page to the first, of its engine to the
// same SQLite in C. Both sides are measured in one run, taking turns, so what
// else the machine does meets both.
//
//	go run .                    # five minutes
//	go run . -short             # little data, to see that it runs
//	go run . -only page,fleet   # some of it
//
// A goal that is missed is told and fails nothing: the figures depend on the
// machine. It is a module of its own, so that the C compiler it needs is none of the
// program's business.
package main
