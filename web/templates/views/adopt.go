package views

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// Adopt lists the databases of the Cloudflare account.
type Adopt struct {
	Databases []provision.AccountDatabase
	Search    string
	Total     int
	Page      fleet.Page
	// Read is when the list was read.
	Read    time.Time
	Schemas SchemaList
	Orgs    OrgList
	// Chosen are ids, and Schema what they are compared with.
	Chosen []string
	Schema string
	// Examined is what a look into the chosen ones saw, Done what became of them.
	Examined []provision.Examination
	Done     []provision.Registration
	// Org, OrgName and Each are what was sent.
	Org, OrgName string
	Each         bool
	Error        string
	Errors       map[string]string
}

func (v Adopt) pager() ui.Pager {
	return ui.Pager{Path: paths.AdoptDatabases, Query: v.query(), Page: v.Page.Number, Size: v.Page.Size, Total: v.Total,
		Noun: "databases of the account"}
}

func (v Adopt) query() url.Values {
	q := url.Values{}
	if v.Search != "" {
		q.Set("q", v.Search)
	}
	return q
}

func (v Adopt) again() string {
	q := v.query()
	q.Set("again", "1")
	return paths.With(paths.AdoptDatabases, q)
}

// here is the list as it is shown, its page too.
func (v Adopt) here() string {
	q := v.query()
	if v.Page.Number > 1 {
		q.Set("page", strconv.Itoa(v.Page.Number))
	}
	return paths.With(paths.AdoptDatabases, q)
}

func (v Adopt) chosen(id string) bool { return slices.Contains(v.Chosen, id) }

// free counts the examined ones that can be adopted.
func (v Adopt) free() int {
	n := 0
	for _, x := range v.Examined {
		if x.Against == "" {
			n++
		}
	}
	return n
}

func (v Adopt) adopted() int {
	n := 0
	for _, d := range v.Done {
		if d.Error == "" {
			n++
		}
	}
	return n
}

func matches(x provision.Examination, schema string) string {
	return schema + " v" + strconv.Itoa(x.Version)
}

// pickSchema chooses what to compare with: the first schema, until somebody said none.
func (v Adopt) pickSchema() ui.Picker {
	chosen := v.Schema
	if chosen == "" && len(v.Chosen) == 0 && len(v.Schemas.Schemas) > 0 {
		chosen = v.Schemas.Schemas[0].Name
	}
	return v.Schemas.pick(chosen, "no schema", schemaName, nil)
}
