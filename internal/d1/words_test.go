package d1_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/fault"
)

const brokenEnd = "Durable Object was reset and rolled back to its last known good state because the application left " +
	"the database in a state where constraints were violated: "

// TestWordsOfAnEngineBecomeOurs: what a person reads, for the messages there are.
func TestWordsOfAnEngineBecomeOurs(t *testing.T) {
	t.Parallel()
	const meaningless = "the engine refused it in words that mean nothing here; the log has them"
	for text, want := range map[string]string{
		`near "selec": syntax error at offset 0: SQLITE_ERROR`:                               `SQLite says: near "selec": syntax error`,
		"D1_EXEC_ERROR: Error in line 1: near \"x\": syntax error at offset 0: SQLITE_ERROR": `SQLite says: near "x": syntax error`,
		"string or blob too big: SQLITE_TOOBIG [code: 7500]": "a value, or a row, is larger than 2 MB (2,000,000 bytes), the most that " +
			"D1 takes; leave it out or cut it into parts; octet_length(…) tells its size; SQLite says: string or blob too big",
		"no such column: nope at offset 7: SQLITE_ERROR": "SQLite says: no such column: nope",
		"no such table: a at offset 9 b: SQLITE_ERROR":   "SQLite says: no such table: a at offset 9 b",
		"no such table: the SQLITE_ERROR: SQLITE_ERROR":  "",
		"UNIQUE constraint failed: u.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)": "another row has the same u.id, " +
			"which has to be unique; SQLite says: UNIQUE constraint failed: u.id",
		"NOT NULL constraint failed: u.a: SQLITE_CONSTRAINT": "the column u.a can't be NULL; SQLite says: NOT NULL constraint failed: u.a",
		"CHECK constraint failed: a > 'Durable Object': SQLITE_CONSTRAINT": "the row would break the CHECK a > 'Durable Object'; " +
			"SQLite says: CHECK constraint failed: a > 'Durable Object'",
		"FOREIGN KEY constraint failed: SQLITE_CONSTRAINT_TRIGGER [code: 7500]": "a row would point at one that isn't there; " +
			"SQLite says: FOREIGN KEY constraint failed",
		brokenEnd + "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)": "at the end of the " +
			"transaction a row would point at one that isn't there; SQLite says: FOREIGN KEY constraint failed",
		"no deletes here: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)": "a trigger of the database refuses it: no deletes here",
		"the password has to be reset: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)": "a trigger of the database " +
			"refuses it: the password has to be reset",
		"interrupted: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)": "a trigger of the database refuses it: interrupted",
		"CHECK constraint failed: to be reset: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_CHECK)": "the row would break the " +
			"CHECK to be reset; SQLite says: CHECK constraint failed: to be reset",
		"no such column: to be reset at offset 7: SQLITE_ERROR": "SQLite says: no such column: to be reset",
		"D1 DB storage operation exceeded timeout which caused object to be reset.": "D1 took too long over it and gave up; " +
			"ask for less at once",
		"Network connection lost.":    "Cloudflare's D1 was started anew meanwhile; try again in a minute",
		d1.ReadOnlyText:               "it would change the database, and only what reads is allowed here; SQLite says: not authorized to write",
		"not authorized: SQLITE_AUTH": "D1 doesn't allow this statement, or a part of it; SQLite says: not authorized",
		"triggers nested too deep: SQLITE_ERROR": "its triggers and foreign keys could set off others more than 10 deep, " +
			"which is refused whatever rows it would touch; let fewer of them follow on one another",
		"a table has used up its ids, the last one is 9: SQLITE_FULL": "a table has used up its ids, the last one is 9",
		"file is not a database: SQLITE_NOTADB": "its file holds no database: it is another kind of file, or it is encrypted; " +
			"SQLite says: file is not a database",
		"the isolate's JavaScript threw":                                  meaningless,
		"unable to open database: /srv/kuratchi/acme.db: SQLITE_CANTOPEN": meaningless,
	} {
		if want == "" {
			want = "SQLite says: no such table: the SQLITE_ERROR"
		}
		if got := d1.Words(text); got != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}

// alien is what nobody should read who uses the dashboard.
var alien = regexp.MustCompile(`JavaScript|state\.storage|Durable Object|SQLITE_|modernc|zombiezen|D1_[A-Z]+|` +
	`\[object|at offset|(^|[\s"'(])/\w`)

// TestNoMessageOfAnEngineIsShownAsOurs: whatever real D1 was heard to say becomes a
// sentence of ours, or stands in it as SQLite's.
func TestNoMessageOfAnEngineIsShownAsOurs(t *testing.T) {
	t.Parallel()
	for _, text := range append(heard(t), told...) {
		words, message := d1.Words(text), fault.Message(d1.Fail(d1.NewError(text)))
		for _, shown := range []string{words, message} {
			if shown == "" || alien.MatchString(shown) || strings.HasSuffix(shown, ".") {
				t.Errorf("%s\n is shown as %q", text, shown)
			}
		}
		bare := strings.TrimPrefix(text, "D1_ERROR: ")
		if i := strings.Index(bare, ": SQLITE_"); i > 0 {
			bare = bare[:i]
		}
		i := strings.Index(words, bare)
		if i >= 0 && !strings.HasSuffix(words[:i], "SQLite says: ") && !strings.HasPrefix(bare, "it needs ") {
			t.Errorf("%s\n is shown as ours: %q", text, words)
		}
		if !unicode.IsUpper([]rune(message)[0]) {
			t.Errorf("%s\n begins no sentence: %q", text, message)
		}
	}
}

// heard are all errors that the recorded answers of both runtimes hold.
func heard(t *testing.T) (texts []string) {
	t.Helper()
	for _, rt := range d1test.Runtimes {
		for _, c := range d1test.Probe(t, rt) {
			if c.Error != "" && !slices.Contains(texts, c.Error) {
				texts = append(texts, c.Error)
			}
		}
	}
	if len(texts) < 40 {
		t.Fatalf("only %d errors were found", len(texts))
	}
	return texts
}

const untilTomorrow = "Upgrade to a paid plan or wait until tomorrow (midnight UTC) to continue."

// told are messages of D1 in production, of its newest runtime and of the embedded
// engine that the recorded answers don't hold.
var told = []string{
	"no such table: sessions: SQLITE_ERROR",
	"internal error; reference = e_0ba8k3j2",
	"incomplete input: SQLITE_ERROR [code: 7500]",
	"FOREIGN KEY constraint failed: SQLITE_CONSTRAINT_TRIGGER [code: 7500]",
	"string or blob too big: SQLITE_TOOBIG",
	"D1 DB is overloaded. Requests queued for too long.",
	"D1 DB is overloaded. Too many requests queued.",
	"Network connection lost.",
	"D1 DB storage operation exceeded timeout which caused object to be reset.",
	"Internal error in D1 DB storage caused object to be reset.",
	"D1 DB reset because its code was updated.",
	"Cannot resolve D1 DB due to transient issue on remote node.",
	"D1 DB exceeded its CPU time limit and was reset.",
	"D1 DB's isolate exceeded its memory limit and was reset.",
	"not authorized to use function: sqlite_fail at offset 3: SQLITE_ERROR",
	"not authorized to use function: sqlite_drop_constraint at offset 3: SQLITE_ERROR",
	"UNIQUE constraint failed: index 'lower_a': SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)",
	"cannot store TEXT value in INTEGER column t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_DATATYPE)",
	"no such function: if at offset 7: SQLITE_ERROR",
	"triggers nested too deep: SQLITE_ERROR",
	"database is locked: SQLITE_BUSY",
	"database table is locked: t: SQLITE_LOCKED",
	"disk I/O error: SQLITE_IOERR (extended: SQLITE_IOERR_SHORT_READ)",
	"database disk image is malformed: SQLITE_CORRUPT",
	"malformed database schema (t) - near \"x\": syntax error: SQLITE_CORRUPT",
	"file is not a database: SQLITE_NOTADB",
	"the file is empty: SQLITE_NOTADB",
	"the file is gone: SQLITE_CANTOPEN",
	"unable to open database file: SQLITE_CANTOPEN",
	"attempt to write a readonly database: SQLITE_READONLY",
	"database or disk is full: SQLITE_FULL",
	"out of memory: SQLITE_NOMEM",
	"interrupted: SQLITE_INTERRUPT",
	"it needs more memory than 64 MB: SQLITE_NOMEM",
	brokenEnd + "FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)",
	brokenEnd + "CHECK constraint failed: a > 0: SQLITE_CONSTRAINT",
	"Your account has exceeded D1's free tier daily row read limit. " + untilTomorrow,
	"Your account has exceeded D1's free tier daily row write limit. " + untilTomorrow,
	"Exceeded maximum DB size.",
	"Exceeded maximum account storage limit.",
	"copying failed: sqlite: step backup: disk I/O error: SQLITE_IOERR",
}
