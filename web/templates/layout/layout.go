// Package layout is the frame around every page.
package layout

import "github.com/a-h/templ"

// Page is what the frame shows of a page.
type Page struct {
	Title string
	// Nav is the sidebar's current entry: fleet, orgs, schemas, audit
	// or account.
	Nav string
	// AuditLog says that who is signed in may read it.
	AuditLog bool
	Crumbs   []Crumb
	Env      Env
	// Operator is the e-mail address of who is signed in.
	Operator string
	// Tabs is a database's tab bar, nil on other pages.
	Tabs *Tabs
	// Editor loads the SQL editor.
	Editor bool
	// Search is what the search field holds.
	Search string
}

// Env is the installation's name and colour.
type Env struct{ Name, Color string }

// Crumb is a step of the breadcrumb; the last one has no Href.
type Crumb struct {
	Text, Href string
	Mono       bool
}

// Tabs are the tabs of a database.
type Tabs struct {
	Database string
	// Active is data, structure, sql or migrations.
	Active string
	// Pending is how many versions the database is behind.
	Pending int
}

// current marks a link to the page one is on.
func current(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}
