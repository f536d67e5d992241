// Package live says what a database is: its tables, their columns, and what tells
// their rows apart. It is read once and is the same for everybody who asks.
package live
