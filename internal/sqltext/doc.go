// Package sqltext reads and writes the text of SQL as SQLite does, without a
// database and without a grammar.
//
// # Reading
//
// [Tokens] cuts a text by the rules of SQLite's tokenizer, [Code] leaves the
// comments out, [Split] cuts statements apart, [Params] finds what is to be bound,
// and [IsSelect] says whether a text is one SELECT that can stand in another.
// A byte order [Mark] is a blank, as to SQLite: no text begins with another word
// because of it.
//
// # Names
//
// SQLite folds the letters of ASCII and no others: É and é are two tables, and so
// are K and the Kelvin sign. [Fold] and [Same] are the only folding of names there
// is; a rule refuses Go's own. [Reserved] names belong to SQLite, D1 or a ledger,
// and [RowID] is a word for the number of a row that no column hides.
//
// # Writing
//
// [Quote] writes a name, [QuoteText] a text. Values are written by d1.Value.
package sqltext
