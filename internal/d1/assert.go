package d1

import (
	"errors"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Assertion is something a batch is sure of before it goes on: that a row is still what
// was seen, that the schema is the one a plan was made for. It is a statement that
// fails, and so undoes its whole batch, when the condition doesn't hold.
type Assertion struct {
	// Name says which assertion it is: one for a kind, without a colon.
	Name string
	// Detail is what failing brings back beside the name: which row, which table.
	Detail string
}

// NotSo is the name of what a plan is sure of afterwards. Those statements stand in plans,
// which are kept and have hashes, since before there was a mark: they are without it.
const NotSo = "not so"

// assertWords begin what a failed assertion answers.
const assertWords = "kuratchi assertion "

// The words a failure comes in: no path of JSON begins so, and SQLite says which one it
// was given.
const badPath = "bad JSON path: '"

func (a Assertion) words() string {
	words := a.Name + ": " + a.Detail
	if a.Name == NotSo {
		return words
	}
	return assertWords + words
}

// SQL is the statement that fails unless the condition is true; NULL is not.
func (a Assertion) SQL(condition string) string {
	return "SELECT iif(" + condition + ", 1, json_extract('{}', " + sqltext.QuoteText(a.words()) + "))"
}

// Holds returns the reading statement that fails unless the condition is true; NULL is
// not. The values are the condition's.
func (a Assertion) Holds(condition string, values ...Value) Stmt {
	return Query(a.SQL(condition), values...)
}

// Changed returns the statement that fails unless the one before it in the batch
// changed exactly one row.
func (a Assertion) Changed() Stmt { return a.Holds("changes() = 1") }

// Fails returns the statement that always fails, with the value of an SQL expression as
// its detail: the end of a batch that is run for what it would do.
func Fails(name, detail string) Stmt {
	return Query("SELECT json_extract('{}', " + sqltext.QuoteText(Assertion{Name: name}.words()) + " || " + detail + ")")
}

// Failed returns the assertion at which a batch failed, and false for a batch that did
// not fail at one. Every engine answers it alike, in an [Error] of the batch.
func Failed(err error) (Assertion, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return Assertion{}, false
	}
	_, words, ok := strings.Cut(e.Text, badPath)
	words, marked := strings.CutPrefix(words, assertWords)
	if !ok || !marked && !strings.HasPrefix(words, NotSo+": ") {
		return Assertion{}, false
	}
	end := strings.LastIndexByte(words, '\'')
	name, detail, ok := strings.Cut(words[:max(end, 0)], ": ")
	return Assertion{Name: name, Detail: strings.ReplaceAll(detail, "''", "'")}, ok
}

// FailedAt reports whether a batch failed at an assertion of that name.
func FailedAt(err error, name string) bool {
	a, ok := Failed(err)
	return ok && a.Name == name
}
