package views

import (
	"net/url"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/web/templates/paths"
)

// Audit is a page of the audit log.
type Audit struct {
	Entries []audit.Entry
	Filter  audit.Filter
	// Since and Until are the days as they were typed.
	Since, Until string
	Query        url.Values
	// More says that older entries match too.
	More bool
}

func (v Audit) filtered() bool {
	f := v.Filter
	return f.Action != "" || f.Outcome != "" || f.Actor != "" || f.Org != "" || f.Database != "" || f.Search != "" || !f.Since.IsZero() ||
		!f.Until.IsZero()
}

func (v Audit) with(path, before string) string {
	q := url.Values{}
	for k, val := range v.Query {
		if k != "before" && val[0] != "" {
			q[k] = val
		}
	}
	if before != "" {
		q.Set("before", before)
	}
	return paths.With(path, q)
}

func (v Audit) older() string {
	return v.with(paths.Audit, v.Entries[len(v.Entries)-1].ID)
}

func outcomeTone(e audit.Entry) string {
	switch {
	case e.Outcome == audit.Done:
		return "ok"
	case e.Outcome == audit.Failed:
		return "bad"
	case e.Outcome == audit.Unknown, e.Open:
		return "warn"
	}
	return "mute"
}

func outcomeWord(e audit.Entry) string {
	if e.Open {
		return "intent, end not seen"
	}
	return string(e.Outcome)
}

// maxDetail is how much of a detail stands in its row, in bytes; a longer one opens in
// place.
const maxDetail = 200

// oneLine is the beginning of a statement, for a line that opens.
func oneLine(sql string) string {
	line := strings.Join(strings.Fields(sql), " ")
	if len(line) <= shownLength {
		return line
	}
	return strings.ToValidUTF8(line[:shownLength], "") + "…"
}
