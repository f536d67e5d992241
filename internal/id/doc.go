// Package id holds the typed ids of what the dashboard keeps.
//
// An id is 26 characters of Crockford's base32: 48 bits of the millisecond it
// was made in, then 80 bits that are random for the first id of a millisecond
// and count up from there, so ids sort by age. They are names, not secrets.
// Each kind of thing has a type of its own, so that a plan's id can't be given
// where a database's is asked for.
package id
