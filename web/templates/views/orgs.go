package views

import (
	"net/url"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// Orgs is a page of organizations, with the form for a new one.
type Orgs struct {
	Orgs   []fleet.Org
	Search string
	Page   fleet.Page
	Total  int
	// Name and NameError are the form's.
	Name, NameError string
}

func (v Orgs) pager() ui.Pager {
	q := url.Values{}
	if v.Search != "" {
		q.Set("q", v.Search)
	}
	return ui.Pager{Path: paths.Orgs, Query: q, Page: v.Page.Number, Size: v.Page.Size, Total: v.Total, Noun: "organizations"}
}

// Org is an organization's pages: its databases, its activity, its settings.
type Org struct {
	Org fleet.Org
	// Tab is databases, activity or settings.
	Tab  string
	List Fleet
	// Activity is the newest of the audit log.
	Activity []audit.Entry
	// Name is what the form renames to; the errors are the forms'.
	Name, NameError, DeleteError string
}
