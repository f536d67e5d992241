package rest

import (
	"strings"
	"testing"
)

// What D1 says of itself is told from what SQLite says of a statement, whose words
// may be the user's.
func TestD1sWordsAreToldFromSQLites(t *testing.T) {
	for _, c := range []struct {
		status, code            int
		text                    string
		written, repeat, engine bool
	}{
		{400, 7500, "the payment timed out: SQLITE_CONSTRAINT", false, false, true},
		{400, 7500, "internal error: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)", false, false, true},
		{400, 7500, "Network connection lost: SQLITE_CONSTRAINT_TRIGGER", false, false, true},
		{400, 7500, "no such column: overloaded at offset 7: SQLITE_ERROR", false, false, true},
		{400, 7500, "no such table: queued for too long: SQLITE_ERROR", false, false, true},
		// Not SQLite's, or not certainly.
		{400, 7500, "internal error; reference = e_1: SQLITE_ERROR was before", true, false, false},
		{400, 7500, "internal error; reference = e_1", true, false, false},
		{400, 7500, "internal error, the job was queued, overloaded", true, false, false},
		{400, 7500, "D1 DB storage operation exceeded timeout which caused object to be reset.", true, false, false},
		{400, 7500, "Network connection lost.", true, true, false},
		{400, 7500, "storage caused object to be reset: SQLITE_IOERR", true, true, false},
		{500, 7500, "the payment timed out: SQLITE_CONSTRAINT", true, true, false},
		{200, 7500, "the payment timed out: SQLITE_CONSTRAINT", true, false, false},
		{429, 7500, "D1 DB is overloaded. Requests queued for too long.", false, true, false},
		{400, 7500, "D1 DB is overloaded. Requests queued for too long.", false, true, true},
	} {
		f := &Failure{Status: c.status, Code: c.code, Text: c.text, Sent: true, retryAfter: -1}
		if f.mayHaveWritten() != c.written || f.canRepeat() != c.repeat || f.fromSQL() != c.engine {
			t.Errorf("%d %q: may have written %t, can be repeated %t, from SQL %t", c.status, c.text, f.mayHaveWritten(), f.canRepeat(), f.fromSQL())
		}
	}
}

// TestADatabaseThatIsFullIsToldSo: the disk behind it is Cloudflare's.
func TestADatabaseThatIsFullIsToldSo(t *testing.T) {
	for _, text := range []string{"database or disk is full", "D1_ERROR: database or disk is full: SQLITE_FULL"} {
		if got := sentence(text); !strings.HasPrefix(got, "the database is as large as it may become") || strings.Contains(got, "SQLite says") {
			t.Errorf("%s: %s", text, got)
		}
	}
}
