package d1

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// Class sorts the engine's refusals by what can be done about them.
type Class uint8

const (
	// Other is a refusal of no class below.
	Other Class = iota
	// Syntax is SQL that doesn't parse or names what isn't there.
	Syntax
	// Constraint is a UNIQUE, CHECK, NOT NULL, FOREIGN KEY or STRICT violation.
	Constraint
	// Auth is a statement D1 doesn't allow.
	Auth
	// ReadOnly is a write in mode Read.
	ReadOnly
	// TooBig is a statement or value past a limit.
	TooBig
	// Interrupted is a statement stopped by its caller or its deadline.
	Interrupted
	// Busy is a database that is locked or overloaded.
	Busy
	// Storage is a disk that is full, read-only or broken.
	Storage
	// Broken is a database that can't be read at all: its file is damaged, gone, empty or
	// of another kind.
	Broken
	// Memory is a statement that needs more memory than it may take.
	Memory
	// Quota is a limit of the account's plan that is used up: rows of a day, or room.
	Quota
)

// Error is a refusal in the words of D1.
type Error struct {
	// Text is D1's text without its "D1_ERROR: " prefix, for instance
	// "near \"x\": syntax error at offset 7: SQLITE_ERROR".
	Text  string
	Class Class
	// Offset is where in the statement, in bytes, or -1.
	Offset int
	// Stmt is the statement's index within its batch, or -1.
	Stmt int
}

func (e *Error) Error() string { return e.Text }

// ReadOnlyText is what a write in mode Read is refused with.
const ReadOnlyText = "not authorized to write: SQLITE_READONLY"

// InterruptedText is what a stopped statement answers.
const InterruptedText = "interrupted: SQLITE_INTERRUPT"

var offsetWords = regexp.MustCompile(` at offset (\d+)(?:: SQLITE_|$)`)

// NewError classifies D1's text. It is the only way an Error is made, so that
// every transport agrees; the words are matched because a transport has nothing
// else (facts: 7500 is every SQL error).
func NewError(text string) *Error {
	e := &Error{Text: text, Class: classify(text), Offset: -1, Stmt: -1}
	if m := offsetWords.FindStringSubmatch(text); m != nil {
		e.Offset, _ = strconv.Atoi(m[1])
	}
	return e
}

var classWords = []struct {
	words string
	class Class
}{
	{" has used up its ids, the last one is ", Constraint}, {"SQLITE_NOMEM", Memory},
	{"needs more temporary disk space than there is", Memory},
	{"attempt to write a readonly database", Storage}, {"SQLITE_READONLY", ReadOnly}, {"SQLITE_INTERRUPT", Interrupted},
	{"SQLITE_AUTH", Auth}, {"not authorized", Auth}, {"To execute a transaction", Auth},
	{"constraint failed", Constraint}, {"SQLITE_CONSTRAINT", Constraint}, {"datatype mismatch", Constraint},
	{tooDeep, TooBig}, {"SQLITE_TOOBIG", TooBig}, {"too many ", TooBig}, {"too complex", TooBig}, {"Expression tree is too large", TooBig},
	{"SQLITE_BUSY", Busy}, {"SQLITE_LOCKED", Busy}, {"D1 DB is overloaded", Busy},
	{"SQLITE_FULL", Storage}, {"SQLITE_IOERR", Storage}, {"the file is gone", Broken}, {"SQLITE_CANTOPEN", Storage},
	{"SQLITE_CORRUPT_VTAB", Storage}, {"SQLITE_CORRUPT", Broken}, {"SQLITE_NOTADB", Broken},
	{"syntax error", Syntax}, {"no such ", Syntax}, {"incomplete input", Syntax}, {"SQLITE_ERROR", Syntax},
	{"No SQL statements detected", Syntax}, {"did not contain a statement", Syntax}, {"parameter bindings", Syntax},
}

func classify(text string) Class {
	switch {
	case strings.HasPrefix(text, unreadSchema): // and then why, in any words
		return Broken
	case quotaWords.MatchString(text) && !strings.Contains(text, "SQLITE_"): // a trigger's words end in a code
		return Quota
	}
	for _, w := range classWords {
		if strings.Contains(text, w.words) {
			return w.class
		}
	}
	return Other
}

var classKinds = [...]fault.Kind{
	Other: fault.Invalid, Syntax: fault.Invalid, Constraint: fault.Conflict, Auth: fault.Denied, ReadOnly: fault.Denied,
	TooBig: fault.Invalid, Interrupted: fault.Limited, Busy: fault.Unavailable, Storage: fault.Unavailable, Broken: fault.Unavailable,
	Memory: fault.Invalid, Quota: fault.Unavailable,
}

// quotaWords begin what D1 says when a limit of the plan is used up (Cloudflare's list of
// D1's errors; the daily ones are enforced since 2026-09-01). All of them are code 7500.
var quotaWords = regexp.MustCompile(`^(Your account has exceeded D1's |Exceeded maximum (DB size|account stor))`)

// unreadSchema is how SQLite refuses a database one of whose CREATE texts it can't read.
const unreadSchema = "malformed database schema"

// tooDeep is SQLite's refusal of triggers, and of foreign keys' actions, that set
// off others beyond the limit of 10. Those that may be set off count, when the
// statement is compiled, so even one that would touch no row is refused.
const tooDeep = "triggers nested too deep"
