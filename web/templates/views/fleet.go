package views

import (
	"net/url"
	"strconv"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// Fleet is a page of databases.
type Fleet struct {
	Totals    fleet.Totals
	Databases []fleet.Database
	// Latest is the latest version of each schema.
	Latest  map[string]int
	Filter  fleet.Filter
	Schemas []string
	Query   url.Values
	Total   int
	// Org is the organization the list is of, "" for the whole fleet.
	Org  string
	Path string
}

// FleetList is the id of the list that a search replaces.
const FleetList = "fleet-list"

func (v Fleet) pager() ui.Pager {
	return ui.Pager{Path: v.Path, Query: v.Query, Page: max(1, v.Filter.Page.Number), Size: v.Filter.Page.Size, Total: v.Total, Noun: "databases"}
}

func (v Fleet) sort(key, text string) ui.SortLink {
	active := v.Filter.Sort
	if active == "" {
		active = "name"
	}
	return ui.SortLink{Text: text, Key: key, Path: v.Path, Query: v.Query, Active: active}
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

func (v Fleet) withStatus(status string) string {
	q := url.Values{}
	for k, val := range v.Query {
		if k != "page" && k != "status" {
			q[k] = val
		}
	}
	if status != "" {
		q.Set("status", status)
	}
	return paths.With(v.Path, q)
}

// statuses are what the list can be filtered by.
var statuses = []struct{ Key, Text string }{
	{"in-sync", "in sync"}, {"behind", "behind"}, {"ready", "ready"}, {"provisioning", "provisioning"}, {"failed", "failed"}, {"interrupted", "interrupted"},
}

// databaseStatus is a database's tone and word.
func databaseStatus(d fleet.Database, latest int) (tone, text string) {
	switch d.State {
	case fleet.Provisioning:
		return "info", "provisioning"
	case fleet.Failed:
		return "bad", "failed"
	case fleet.Interrupted:
		return "bad", "interrupted"
	}
	switch behind := d.Behind(latest); {
	case d.Version == 0:
		return "mute", "no schema"
	case behind > 0:
		return "warn", strconv.Itoa(behind) + " behind"
	}
	return "ok", "in sync"
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

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
