package rest

import (
	"context"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
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

const (
	readQuota = "Your account has exceeded D1's free tier daily row read limit. Upgrade to a paid plan or wait until tomorrow " +
		"(midnight UTC) to continue."
	writeQuota = "Your account has exceeded D1's free tier daily row write limit. Upgrade to a paid plan or wait until tomorrow " +
		"(midnight UTC) to continue."
)

// TestWhatWasNotRunIsSaidByTheAnswerItself, in the error that a write ends with.
func TestWhatWasNotRunIsSaidByTheAnswerItself(t *testing.T) {
	t.Parallel()
	p := &Provider{editToken: "t", names: map[string]string{}}
	for _, c := range []struct {
		status, code int
		text         string
		notRun       bool
		kind         fault.Kind
	}{
		{401, 10000, "Authentication error", true, fault.Denied},
		{400, 10000, "Authentication error", true, fault.Denied},
		{403, 7403, "The given account is not valid or is not authorized to access this service", true, fault.Denied},
		{403, 0, "", true, fault.Denied},
		{404, 7404, "The database x could not be found", true, fault.NotFound},
		{200, 7404, "The database x could not be found", true, fault.NotFound},
		{429, 10429, "More than 1200 requests per 300 seconds reached.", true, fault.Limited},
		{429, 7500, "D1 DB is overloaded. Requests queued for too long.", true, fault.Unavailable},
		{400, 7500, "D1 DB is overloaded. Too many requests queued.", true, fault.Unavailable},
		{500, 7500, "D1 DB is overloaded. Too many requests queued.", true, fault.Unavailable},
		{400, 7500, readQuota, true, fault.Unavailable},
		{500, 7500, writeQuota, true, fault.Unavailable},
		{429, 7500, writeQuota, true, fault.Unavailable},
		{400, 7500, "Exceeded maximum DB size.", false, fault.Unavailable},
		{500, 7500, "Exceeded maximum DB size.", false, fault.Unavailable},
		{400, 7500, "no such table: t: SQLITE_ERROR", false, fault.Invalid},
		{400, 7500, "D1 DB is overloaded: SQLITE_CONSTRAINT", false, fault.Invalid},
		{400, 7500, "Network connection lost.", false, fault.Unknown},
		{500, 7500, "internal error; reference = e_1", false, fault.Unknown},
		{200, 7500, "internal error; reference = e_1", false, fault.Unknown},
		{400, 7500, "D1 DB storage operation exceeded timeout which caused object to be reset.", false, fault.Unknown},
		{400, 7502, "Internal error", false, fault.Unknown},
		{502, 0, "", false, fault.Unknown},
		{408, 0, "", false, fault.Unknown},
		{307, 0, "", false, fault.Unknown},
		{200, 0, "", false, fault.Unknown},
	} {
		f := &Failure{Status: c.status, Code: c.code, Text: c.text, Sent: true, retryAfter: -1}
		if err := p.fault(f, call{what: "the statement", writes: true}); d1.NotRun(err) != c.notRun || !fault.Is(err, c.kind) {
			t.Errorf("%d %d %q: not run %t, %s: %v", c.status, c.code, c.text, d1.NotRun(err), fault.KindOf(err), err)
		}
	}
	for name, c := range map[string]struct {
		f      Failure
		notRun bool
	}{
		"no connection":          {Failure{Cause: "connection refused"}, true},
		"stopped before":         {Failure{Cause: "stopped by its caller", stopped: context.Canceled}, true},
		"stopped when it was on": {Failure{Cause: "stopped by its caller", Sent: true, stopped: context.Canceled}, false},
		"reset":                  {Failure{Cause: "connection reset", Sent: true}, false},
		"silence":                {Failure{Cause: noAnswer, Sent: true}, false},
	} {
		f := c.f
		if err := p.fault(&f, call{what: "the statement", writes: true}); d1.NotRun(err) != c.notRun {
			t.Errorf("%s: %t", name, !c.notRun)
		}
	}
}

// TestAQuotaIsNamed: whoever asks, and however it is asked, the reason is the quota.
func TestAQuotaIsNamed(t *testing.T) {
	t.Parallel()
	p := &Provider{editToken: "t", names: map[string]string{"1": "acme"}}
	for _, status := range []int{400, 429, 500} {
		f := &Failure{Status: status, Code: codeSQL, Text: readQuota, Sent: true, retryAfter: -1}
		if f.canRepeat() || f.limited() {
			t.Errorf("%d: asked again %t, of all calls %t", status, f.canRepeat(), f.limited())
		}
		err := (&conn{p: p, id: "1"}).sqlFault(p.fault(f, call{what: "the statement on the database %s", id: "1"}), make([]wire, 1))
		const want = "Cloudflare refused the statement on the database acme: the account has used up the rows that Cloudflare's free " +
			"plan lets it read in a day; they are counted anew at 00:00 UTC. Wait until then, or change to a paid plan. Nothing was changed."
		if !fault.Is(err, fault.Unavailable) || fault.Message(err) != want {
			t.Errorf("%d: %s, %s", status, fault.KindOf(err), fault.Message(err))
		}
	}
}

// TestADatabaseThatHangsIsNamed, when D1 stops what was asked of it.
func TestADatabaseThatHangsIsNamed(t *testing.T) {
	t.Parallel()
	p := &Provider{editToken: "t", names: map[string]string{"1": "acme"}}
	f := &Failure{Status: 400, Code: codeSQL, Text: d1.InterruptedText, Sent: true, retryAfter: -1}
	err := (&conn{p: p, id: "1"}).sqlFault(p.fault(f, call{what: "the statement on the database %s", id: "1"}), make([]wire, 1))
	if m := fault.Message(err); !fault.Is(err, fault.Limited) || !strings.HasPrefix(m, "The database acme did not answer within the 30 s") {
		t.Errorf("%s", m)
	}
}
