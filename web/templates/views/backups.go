package views

import (
	"net/url"
	"time"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// Backups are a database's restore points.
type Backups struct {
	Database fleet.Database
	Points   []fleet.RestorePoint
	Error    string
}

func (v Backups) size() string {
	var n int64
	for _, p := range v.Points {
		n += p.Size
	}
	return textual.Size(n)
}

func (v Backups) restoreHref(p fleet.RestorePoint) string {
	return RestoreHref(v.Database.Name, p.ID)
}

// RestoreHref is the page that asks before a database is put back to a point.
func RestoreHref(database, point string) string {
	return paths.With(paths.Points(database, "restore"), url.Values{"point": {point}})
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

// Restore asks whether to put a database back to a point.
type Restore struct {
	Database fleet.Database
	Point    fleet.RestorePoint
	Error    string
}

func full(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// DatabaseSettings is what can be done to a database as a whole.
type DatabaseSettings struct {
	Database fleet.Database
	Latest   int
	// Verb and Error are the form that was refused, and why.
	Verb, Error string
}

func (v DatabaseSettings) problem(verb string) string {
	if v.Verb == verb {
		return v.Error
	}
	return ""
}
