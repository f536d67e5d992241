package views

import (
	"net/url"
	"strconv"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// Restore asks whether a database is to be put back.
type Restore struct {
	Database fleet.Database
	Point    fleet.RestorePoint
	// At is the moment as it was typed, "" for one of its points.
	At    string
	Error string
	// Writes are what was written through the dashboard since, the newest first; More
	// says that there is more of it.
	Writes []audit.Entry
	More   bool
}

// Writing are the actions whose effect a restore undoes.
var Writing = []audit.Action{audit.DatabaseWrite, audit.DatabaseRows, audit.PlanApply, audit.PlanFill, audit.DatabaseImport,
	audit.PointRestore}

// writingNouns are one of an action, and several.
var writingNouns = map[audit.Action][2]string{
	audit.DatabaseWrite:  {"statement by the console", "statements by the console"},
	audit.DatabaseRows:   {"edit of rows", "edits of rows"},
	audit.PlanApply:      {"plan applied", "plans applied"},
	audit.PlanFill:       {"column filled", "columns filled"},
	audit.DatabaseImport: {"file imported", "files imported"},
	audit.PointRestore:   {"time put back to a point", "times put back to a point"},
}

// undone says in words what is known of what a restore undoes, a line an action.
func (v Restore) undone() []string {
	var out []string
	for _, action := range Writing {
		n, rows := 0, int64(0)
		for _, e := range v.Writes {
			if e.Action == action {
				n++
				rows += e.Rows
			}
		}
		if n == 0 {
			continue
		}
		noun := writingNouns[action][0]
		if n > 1 {
			noun = writingNouns[action][1]
		}
		line := strconv.Itoa(n) + " " + noun
		if rows > 0 {
			line += ", " + textual.Plural(rows, "row")
		}
		out = append(out, line)
	}
	return out
}

// ofThese introduces the list.
func (v Restore) ofThese() string {
	if v.More {
		return "Of these, through the dashboard (the newest of more):"
	}
	return "Of these, through the dashboard:"
}

// newest is the last write, for a version of the list that isn't empty.
func (v Restore) newest() audit.Entry { return v.Writes[0] }

// log leads to the audit log of the day the point is of and later.
func (v Restore) log() string {
	return paths.With(paths.Audit, url.Values{"database": {v.Database.Name}, "since": {v.Point.CreatedAt.UTC().Format(time.DateOnly)}})
}
