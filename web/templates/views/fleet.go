package views

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// Fleet is a page of databases.
type Fleet struct {
	Totals    fleet.Totals
	Databases []fleet.Database
	// Latest is the latest version of each schema.
	Latest  map[string]int
	Filter  fleet.Filter
	Schemas SchemaList
	Query   url.Values
	Total   int
	// Org is the organization the list is of, "" for the whole fleet.
	Org  string
	Path string
	// Sweeping says that every database is being checked because somebody asked.
	Sweeping bool
	// Unsettled is what isn't known yet of work that was cut short.
	Unsettled []fleet.Unsettled
}

// unsettledShown is how many of these are named.
const unsettledShown = 10

// moves says that the page is read again by itself.
func (v Fleet) moves() bool { return v.Sweeping || len(v.Unsettled) > 0 }

// FleetBody is the id of what is read again while databases are checked.
const FleetBody = "fleet-body"

// checkedWords say how old what the page says is.
func (v Fleet) checkedWords() string {
	switch {
	case v.Sweeping:
		return "every database is being checked…"
	case v.Totals.Oldest.IsZero():
		return "some databases were not checked yet"
	}
	ago := textual.Ago(v.Totals.Oldest, time.Now())
	if within, ok := strings.CutSuffix(ago, " ago"); ok {
		return "every database was checked within " + within
	}
	return "every database was checked " + ago
}

// FleetList is the id of the list that a search replaces.
const FleetList = "fleet-list"

func (v Fleet) pager() ui.Pager {
	return ui.Pager{Path: v.Path, Query: v.Query, Page: max(1, v.Filter.Page.Number), Size: v.Filter.Page.Size, Total: v.Total,
		Noun: "databases"}
}

func (v Fleet) sort(key, text string) ui.SortLink {
	active := v.Filter.Sort
	if active == "" {
		active = "name"
	}
	return ui.SortLink{Text: text, Key: key, Path: v.Path, Query: v.Query, Active: active}
}

func (v Fleet) sortNumber(key, text string) ui.SortLink {
	l := v.sort(key, text)
	l.Class = "num"
	return l
}

// here is the list's address, with its page.
func (v Fleet) here() string {
	q := url.Values{}
	for k, val := range v.Query {
		q[k] = val
	}
	if n := v.Filter.Page.Number; n > 1 {
		q.Set("page", strconv.Itoa(n))
	}
	return paths.With(v.Path, q)
}

func (v Fleet) filtered() bool {
	f := v.Filter
	return f.Search != "" || f.Status != "" || f.Schema != "" || f.Org != "" && v.Org == ""
}

// without is the list's address with one filter taken away.
func (v Fleet) without(key string) string {
	q := url.Values{}
	for k, val := range v.Query {
		if k != key && k != "page" {
			q[k] = val
		}
	}
	return paths.With(v.Path, q)
}

func (v Fleet) withStatus(status fleet.Status) string {
	q := url.Values{}
	for k, val := range v.Query {
		if k != "page" && k != "status" {
			q[k] = val
		}
	}
	if status != "" {
		q.Set("status", string(status))
	}
	return paths.With(v.Path, q)
}

// statuses are what the list can be filtered by.
var statuses = []struct {
	Key  fleet.Status
	Text string
}{
	{fleet.StatusInSync, "in sync"}, {fleet.StatusBehind, "behind"}, {fleet.StatusDrifted, "drifted"},
	{fleet.StatusFailed, "failed or unreachable"},
	{fleet.StatusNoSchema, "no schema"}, {fleet.Status(fleet.Provisioning), "provisioning"},
	{fleet.Status(fleet.Archived), "archived"}, {fleet.Status(fleet.Deleted), "deleted"},
}

// databaseStatus is a database's tone and word.
func databaseStatus(d fleet.Database, latest int) (tone, text string) {
	switch status := d.Status(latest); status {
	case fleet.StatusInSync:
		return "ok", "in sync"
	case fleet.StatusBehind:
		return "warn", strconv.Itoa(d.VersionsBehind(latest)) + " behind"
	case fleet.StatusNoSchema:
		return "mute", "no schema"
	case fleet.Status(fleet.Provisioning):
		return "info", "provisioning"
	case fleet.Status(fleet.Archived), fleet.Status(fleet.Deleted):
		return "mute", string(status)
	default:
		return "bad", string(status)
	}
}

// statusTitle says more of a database's status on hover.
func statusTitle(d fleet.Database) string {
	switch {
	case d.Error != "":
		return d.Error
	case d.HealthDetail != "":
		return d.HealthDetail
	case d.State == fleet.Ready && d.CheckedAt.IsZero():
		return "Not checked yet: this is what was recorded."
	}
	return ""
}

func statusTone(d fleet.Database, latest int) string {
	tone, _ := databaseStatus(d, latest)
	return tone
}

func statusWord(d fleet.Database, latest int) string {
	_, word := databaseStatus(d, latest)
	return word
}

func versionText(d fleet.Database) string {
	if d.Version == 0 {
		return "–"
	}
	return d.Schema + " v" + strconv.Itoa(d.Version)
}

// nameText is a name where no style tells that it is a label.
func nameText(name string) string {
	label, _ := textual.Name(name)
	return label
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// whereWords say where a database is, and where of D1 as far as it was asked for.
func whereWords(d fleet.Database) string {
	if d.Provider != fleet.D1 {
		return "data folder"
	}
	if at := cmp.Or(d.Jurisdiction, d.Location); at != "" {
		return "D1 · " + at
	}
	return "D1"
}

// pickSchema filters by a schema.
func (v Fleet) pickSchema() ui.Picker {
	p := v.Schemas.pick(v.Filter.Schema, "schema: any", func(s fleet.Schema) string { return "schema: " + s.Name }, nil)
	p.Last, p.Label, p.Placeholder = false, "Schema", "schema: any"
	return p
}
