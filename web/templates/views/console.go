package views

import (
	"net/url"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// Console is the SQL tab.
type Console struct {
	Database string
	SQL      string
	Params   string
	// Tables is the JSON of table names with their columns, for completion.
	Tables string
	// Ran says that Results are there.
	Ran     bool
	Results []console.Result
	// Error is why nothing ran.
	Error   string
	Total   time.Duration
	Cap     int
	Timeout time.Duration
	// Guard says who makes sure that what reads only reads.
	Guard console.Guard
	// Rights are of who is signed in.
	Rights layout.Rights
	// WritesUntil says until when writes are allowed, zero for not.
	WritesUntil time.Time
	// Ask asks about the dangers of Judgement before anything runs.
	Ask       bool
	Judgement console.Judgement
	// Reason is why the findings of Judgement don't stand against the run.
	Reason string
	// History is what was run before.
	History []audit.Entry
}

func (v Console) guardWords() string {
	switch v.Guard {
	case console.ByToken:
		return "enforced by Cloudflare: the reading token"
	case console.ByCompiler:
		return "each statement is compiled here before it is sent"
	}
	return "enforced by the engine"
}

// agree is what the button says that confirms.
func (v Console) agree() string {
	if len(v.Judgement.Dangers) == 1 {
		return v.Judgement.Dangers[0].Verb
	}
	return "Run all of it"
}

// maxLink is how long a text may be that a link holds.
const maxLink = 4000

// historyHref opens a text that was run before, "" for one too long for a link.
func (v Console) historyHref(e audit.Entry) string {
	if len(e.Statement) > maxLink {
		return ""
	}
	return paths.With(paths.SQL(v.Database), url.Values{"sql": {e.Statement}})
}

// becameWords say what became of a run that isn't done: one whose end nobody saw
// has an intent alone.
func becameWords(o audit.Outcome) string {
	if o == audit.Intent {
		return "end unknown"
	}
	return string(o)
}

// againHref is the console with what was typed, as far as a link holds it.
func (v Console) againHref() string {
	if len(v.SQL) > maxLink {
		return paths.SQL(v.Database)
	}
	return paths.With(paths.SQL(v.Database), url.Values{"sql": {v.SQL}})
}

// didWords say what a statement did.
func didWords(r console.Result) string {
	if r.Wrote {
		return plural(int(r.Changes), "row") + " changed"
	}
	return plural(len(r.Rows), "row")
}

// ResultID is the region that a run replaces.
const ResultID = "result"

// shownLength is how many bytes of a text a cell shows; the rest opens.
const shownLength = 80

// cutValue cuts a value for the grid; whole is false when it did.
func cutValue(v d1.Value) (text string, whole bool) {
	s := v.Text()
	if len(s) <= shownLength {
		return strings.ToValidUTF8(s, "\uFFFD"), true
	}
	return strings.ToValidUTF8(s[:shownLength], ""), false
}

// numericColumn reports whether a column shows numbers and so stands to the right.
func numericColumn(rows [][]d1.Value, i int) bool {
	for _, row := range rows {
		switch row[i].Kind() {
		case d1.Integer, d1.Real:
			return true
		case d1.Text, d1.Blob:
			return false
		}
	}
	return false
}

func verb(sql string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	word, _, _ = strings.Cut(word, "\n")
	return strings.ToUpper(strings.ToValidUTF8(word[:min(len(word), 12)], ""))
}

func errorWords(err error) string { return fault.Message(err) }

func (v Console) place(r console.Result) string {
	if r.ErrOffset < 0 {
		return ""
	}
	line, column := console.Place(v.SQL, r.ErrOffset)
	return "line " + itoa(line) + ", column " + itoa(column)
}

// errorLine is the line of the text an error is in, and a caret below its place.
func (v Console) errorLine(r console.Result) string {
	if r.ErrOffset < 0 {
		return ""
	}
	line, column := console.Place(v.SQL, r.ErrOffset)
	text := strings.Split(v.SQL, "\n")[line-1]
	if len(text) > 200 {
		return ""
	}
	return text + "\n" + strings.Repeat(" ", column-1) + "^"
}

// inTime is how long the engine took, "" where it didn't tell.
func inTime(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return " in " + textual.Duration(d)
}
