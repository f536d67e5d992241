package console

import (
	"errors"
	"slices"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// unwrapped are the statements of a text without what opens and closes a transaction
// around all of them, as a dump has it: a run that writes is one anyway.
type unwrapped struct {
	parts []sqltext.Statement
	// begin and commit are the words as they were written, "" where there are none, and
	// pragma is the PRAGMA that switches foreign keys off before them.
	begin, commit, pragma string
}

// unwrap takes the transaction around all statements of a text off. One that only
// begins or only ends stays: what was meant by it isn't known.
func unwrap(parts []sqltext.Statement) unwrapped {
	u := unwrapped{parts: parts}
	opens := 0
	if len(parts) > 0 && switchesKeysOff(parts[0].SQL) {
		opens = 1
	}
	last := len(parts) - 1
	if opens >= last || !begins(parts[opens].SQL) || !ends(parts[last].SQL) {
		return u
	}
	if opens == 1 {
		u.pragma = parts[0].SQL
	}
	u.begin, u.commit = word(parts[opens].SQL), word(parts[last].SQL)
	u.parts = parts[opens+1 : last]
	return u
}

// LeftOut says what of a text isn't run, and why that makes no difference.
func LeftOut(text string) (notes []string) {
	u := unwrap(sqltext.Split(text))
	if u.begin != "" {
		notes = append(notes, u.begin+" and "+u.commit+" are left out: what a run writes is one transaction, all or nothing.")
	}
	if u.pragma != "" {
		notes = append(notes, u.pragma+" is left out: within a transaction it has no effect, and foreign keys are enforced. "+
			"Where a row comes before the one it points at, begin with PRAGMA defer_foreign_keys = on.")
	}
	return notes
}

// misplaced is a statement that would begin or end a transaction within the run. It
// holds that statement's Result.
type misplaced struct{ Result }

func (m *misplaced) Error() string { return m.Err.Error() }

// refusedOf is the result of a text that is refused for one statement of it.
func refusedOf(err error) ([]Result, bool) {
	m, ok := errors.AsType[*misplaced](err)
	if !ok {
		return nil, false
	}
	return []Result{m.Result}, true
}

var transactionWords = []string{"BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"}

// check refuses the first statement that would begin or end a transaction within the run,
// or is a command of the sqlite3 program's: a dump can hold both.
func (u unwrapped) check() error {
	before := 0
	for _, left := range []string{u.pragma, u.begin} {
		if left != "" {
			before++
		}
	}
	for i, p := range u.parts {
		at := before + i + 1
		r := Result{SQL: p.SQL, Offset: p.Offset, ErrOffset: p.Offset}
		switch w := word(p.SQL); {
		case slices.Contains(transactionWords, w):
			r.Err = fault.New(fault.Denied, "Statement %d is %s, and a run is one transaction: it can't be begun or ended within. "+
				"Nothing was run. %s", at, w, adviceOn(w))
		case w == ".":
			r.Err = fault.New(fault.Denied, "Statement %d begins with %s, which is a command of the sqlite3 program and no SQL. "+
				"Nothing was run. Leave such lines out.", at, dotCommand(p.SQL))
		default:
			continue
		}
		return &misplaced{r}
	}
	return nil
}

// dotCommand is the command that a statement begins with, for instance .mode.
func dotCommand(sql string) string {
	t := codeOf(sql)
	if len(t) > 1 && t[1].Kind == sqltext.Word {
		return "." + t[1].Text
	}
	return "."
}

func adviceOn(word string) string {
	switch word {
	case "BEGIN", "COMMIT", "END":
		return "Leave it out; or let BEGIN be the first statement and COMMIT the last one, which are left out for you."
	case "ROLLBACK":
		return "Leave it out: when a statement fails, all of the run is undone."
	}
	return "Leave it out, and run what may fail by itself."
}

// word is the word that a statement begins with, in capitals.
func word(sql string) string {
	for t := range sqltext.Code(sql) {
		return sqltext.Upper(t.Text)
	}
	return ""
}

// begins reports whether a statement is BEGIN as SQLite has it.
func begins(sql string) bool {
	t := codeOf(sql)
	if len(t) == 0 || !t[0].Is("begin") {
		return false
	}
	t = t[1:]
	if len(t) > 0 && (t[0].Is("deferred") || t[0].Is("immediate") || t[0].Is("exclusive")) {
		t = t[1:]
	}
	return isTransaction(t)
}

// ends reports whether a statement is COMMIT or END as SQLite has it.
func ends(sql string) bool {
	t := codeOf(sql)
	return len(t) > 0 && (t[0].Is("commit") || t[0].Is("end")) && isTransaction(t[1:])
}

// isTransaction reports whether tokens are nothing, or TRANSACTION with or without a
// name, which SQLite ignores.
func isTransaction(t []sqltext.Token) bool {
	return len(t) == 0 || t[0].Is("transaction") && (len(t) == 1 || len(t) == 2 && t[1].IsName())
}

// switchesKeysOff reports whether a statement is PRAGMA foreign_keys=OFF, with which a
// dump begins.
func switchesKeysOff(sql string) bool {
	t := codeOf(sql)
	if len(t) < 4 || !t[0].Is("pragma") || !t[1].Is("foreign_keys") || !t[2].Is("=") && !t[2].Is("(") {
		return false
	}
	return slices.Contains([]string{"off", "0", "no", "false"}, sqltext.Fold(t[3].Text))
}

// codeOf are a statement's tokens without comments and the semicolon.
func codeOf(sql string) []sqltext.Token {
	t := slices.Collect(sqltext.Code(sql))
	if n := len(t); n > 0 && t[n-1].Is(";") {
		t = t[:n-1]
	}
	return t
}
