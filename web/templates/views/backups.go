package views

import (
	"net/url"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/keep"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// Backups are a database's restore points.
type Backups struct {
	Database fleet.Database
	// Points are a page of them; there are Total, of Size bytes together.
	Points []fleet.RestorePoint
	Page   fleet.Page
	Total  int
	Size   int64
	// Work is what is being done to the database, or ended not long ago.
	Work  fleet.Work
	Error string
}

// The regions that are read again while something is done to the database.
const (
	BackupsID  = "backups"
	SettingsID = "settings"
)

// How long a copy takes, as measured on an ordinary disk: 3 GB in 17 s.
const (
	copied     = 170_000_000             // bytes a second
	worthWords = 1400 * time.Millisecond // a form waits no longer than 1.5 s
)

// takes says how long copying n bytes takes, "" when that is hardly noticed.
func takes(n int64) string {
	d := time.Duration(float64(n) / copied * float64(time.Second))
	if d < worthWords {
		return ""
	}
	return "about " + textual.Duration(d.Round(time.Second)) + " for " + textual.Size(n)
}

// restoreTakes is takes for what is kept first and then copied back.
func restoreTakes(database, point int64) string { return takes(database + point) }

// workWords say what is being done, as long as it goes on.
func workWords(w fleet.Work, d fleet.Database) string {
	words := w.Op.Words(d)
	if w.Is(fleet.OpRestore) {
		words += " to how it was at " + full(w.Point)
	}
	words += "."
	if w.Is(fleet.OpDelete) {
		words += " Its last state is kept first."
	} else if w.Closes() != "" {
		words += " Nobody can read or write it until that is done."
	}
	if w.Step == "" {
		return words
	}
	words += " Now: " + w.Step
	if w.Total > 0 {
		words += ", " + textual.Count(int(w.Done)) + " of " + textual.Count(int(w.Total))
	} else if w.Done >= 100 { // a number of rows; a smaller one is of questions
		words += ", " + textual.Count(int(w.Done))
	}
	return words + "."
}

func workBegun(w fleet.Work, takes string) string {
	words := "Begun at " + full(w.Since) + " by " + w.By
	if takes != "" {
		words += ", takes " + takes
	}
	return words + ". You may leave this page; it goes on."
}

// workEnd says how it ended, "" for what was done so fast that the answer said it.
func workEnd(w fleet.Work) string {
	if w.Op == nil || w.Running() {
		return ""
	}
	took, at := w.Ended.Sub(w.Since), " at "+full(w.Ended)
	by := ", asked for by " + w.By
	switch {
	case fault.Is(w.Cause, fault.Unknown) && w.Op.Unclear != "":
		return w.Op.Unclear + at + by + ": " + w.Error
	case w.Error != "":
		return w.Op.Failed + at + by + ": " + w.Error
	case took < worthWords, w.Is(fleet.OpImport): // which has a card of its own
		return ""
	case w.Is(fleet.OpRestore):
		return w.Op.Done + at + " to how it was at " + full(w.Point) + by + ". It took " + textual.Duration(took) +
			". The state before is kept as a restore point."
	}
	return w.Op.Done + at + by + ". It took " + textual.Duration(took) + "."
}

func workTone(w fleet.Work) string {
	if w.Error != "" {
		return "bad"
	}
	return "ok"
}

func (v Backups) size() string {
	if v.onD1() {
		return "without taking room"
	}
	return textual.Size(v.Size)
}

func (v Backups) pager() ui.Pager {
	return ui.Pager{Path: paths.Backups(v.Database.Name), Page: v.Page.Number, Size: v.Page.Size, Total: v.Total, Noun: "restore points"}
}

// onD1 reports whether its restore points are D1's bookmarks.
func (v Backups) onD1() bool { return v.Database.Provider == fleet.D1 }

func (v Backups) workTakes() string {
	if v.onD1() {
		return "" // D1 keeps every moment anyway
	}
	if v.Work.Is(fleet.OpRestore) {
		return restoreTakes(v.Database.Size, v.Database.Size)
	}
	return takes(v.Database.Size)
}

func (v Backups) restoreHref(p fleet.RestorePoint) string {
	return RestoreHref(v.Database.Name, p.ID)
}

// RestoreHref is the page that asks before a database is put back to a point.
func RestoreHref(database, point string) string {
	return paths.With(paths.Points(database, "restore"), url.Values{"point": {point}})
}

// pointReason is why a point was kept, in one place for a narrow screen.
func pointReason(p fleet.RestorePoint) string {
	if p.Damaged() {
		return "damaged"
	}
	if p.Plan != "" {
		return "before a plan"
	}
	return pointWhy(p.Kind)
}

func pointWhy(k fleet.PointKind) string {
	switch k {
	case fleet.PointApply:
		return "before a plan"
	case fleet.PointRestore:
		return "before a restore"
	}
	return "asked for"
}

// meanwhile says what the database's users notice.
func (v Restore) meanwhile() string {
	if v.Database.Provider == fleet.D1 {
		return "Cloudflare ends the statements that run in it at that moment."
	}
	words := "Nobody can read or write the database until it is put back"
	if takes := restoreTakes(v.Database.Size, v.Point.Size); takes != "" {
		words += ", which takes " + takes
	}
	return words + "."
}

func full(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// DatabaseSettings is what can be done to a database as a whole.
type DatabaseSettings struct {
	Database fleet.Database
	Latest   int
	// Condition is what the last look at all of its file saw.
	Condition d1.Condition
	// Work is what is being done to the database, or ended not long ago.
	Work fleet.Work
	// Unsettled is what became of work that was cut short and isn't known yet.
	Unsettled []fleet.Unsettled
	// Filling are the plans whose fills are not done.
	Filling []fleet.Plan
	// Export is a copy that is ready to be downloaded.
	Export keep.Export
	// MayMove says that there are two places.
	MayMove bool
	// Against says what in it keeps it from being moved to D1, "" for nothing.
	Against string
	// OnD1 is what D1 says of it, nil for one that isn't there.
	OnD1 *OnD1
	// Origin is how the old one of a moved database stands.
	Origin Origin
	// Import is how the last import ended, nil for none.
	Import *ImportEnd
	// Verb and Error are the form that was refused, and why.
	Verb, Error string
}

// OnD1 is what D1 says of a database.
type OnD1 struct {
	Info d1.Info
	// Latency is how long Cloudflare's API took to say so.
	Latency time.Duration
	// Error is why it says nothing.
	Error string
}

// Origin is what is known of a database that was left by a move.
type Origin struct {
	// Written says that somebody may have written to it since.
	Written bool
	// Error is why that isn't known.
	Error string
}

func replicationWords(mode string) string {
	switch mode {
	case "auto":
		return "automatic"
	case "disabled":
		return "off"
	}
	return "not told"
}

// other is the place a database can be moved to.
func other(d fleet.Database) string {
	if d.Provider == fleet.D1 {
		return fleet.Embedded
	}
	return fleet.D1
}

// placeWords say where a database lives.
func placeWords(d fleet.Database) string { return placeName(d.Provider) }

func placeName(place string) string {
	if place == fleet.D1 {
		return "Cloudflare D1"
	}
	return "the data folder, embedded"
}

// loose is what isn't known of the database and doesn't hold it.
func (v DatabaseSettings) loose() (out []fleet.Unsettled) {
	for _, u := range v.Unsettled {
		if !u.Held {
			out = append(out, u)
		}
	}
	return out
}

// follows reports whether the page follows a work that goes on.
func (v DatabaseSettings) follows() bool {
	for _, op := range []*fleet.Operation{fleet.OpRevive, fleet.OpMove, fleet.OpExport, fleet.OpImport} {
		if v.Work.Is(op) {
			return v.Work.Running()
		}
	}
	return false
}

// exports reports whether a download is an export that is made first.
func (v DatabaseSettings) exports() bool {
	return v.Database.Provider == fleet.D1 && v.Database.State == fleet.Ready
}

func (v DatabaseSettings) problem(verb string) string {
	if v.Verb == verb {
		return v.Error
	}
	return ""
}
