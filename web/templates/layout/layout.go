package layout

import (
	"fmt"
	"net/url"
	"time"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/web/templates/paths"
)

// Page is what the frame shows of a page.
type Page struct {
	Title string
	// Nav is the sidebar's current entry: fleet, orgs, schemas, audit
	// or account.
	Nav string
	// Rights are what who is signed in may do, as far as pages ask.
	Rights Rights
	Crumbs []Crumb
	Env    Env
	// Toast says what was just done, "" for nothing.
	Toast string
	// Operator is the e-mail address of who is signed in.
	Operator string
	// Tabs is a database's tab bar, nil on other pages.
	Tabs *Tabs
	// Editor loads the SQL editor.
	Editor bool
	// Calls are those to Cloudflare, nil without an account.
	Calls *Calls
}

// Rights are permissions that decide what a page offers. The routes behind what
// is offered check them again.
type Rights struct {
	// Audit is to read the audit log, Check to look into databases anew, Create
	// to provision and adopt, NewOrg to add an organization.
	Audit, Check, Create, NewOrg bool
	// Write is to change rows, Export to download databases, Restore to keep and
	// use restore points, Manage to archive and delete databases, Orgs to rename
	// and delete organizations.
	Write, Export, Restore, Manage, Orgs bool
	// Schemas is to say what a schema should be, Plan to make and rehearse plans,
	// Approve to let one run or not, Apply to run it.
	Schemas, Plan, Approve, Apply bool
	// Settings is to set up the installation itself.
	Settings bool
}

// Calls is how much of Cloudflare's limit of calls is used.
type Calls struct {
	Used, Limit int
	// ResetsAt is when the oldest call stops counting.
	ResetsAt time.Time
	// Waiting is how many calls of background work wait, until when.
	Waiting int
	Until   time.Time
	// Closed says that Cloudflare refuses every call until ResetsAt.
	Closed bool
}

// tone says how near the limit is.
func (c Calls) tone() string {
	switch {
	case c.Closed:
		return "bad"
	case c.Waiting > 0 || c.Used*4 > c.Limit*3:
		return "warn"
	}
	return "mute"
}

func (c Calls) text() string {
	if c.Closed {
		return "Cloudflare refuses calls until " + c.ResetsAt.UTC().Format("15:04:05 UTC")
	}
	return fmt.Sprintf("%d of %d calls", c.Used, c.Limit)
}

func (c Calls) title() string {
	s := fmt.Sprintf("Calls to Cloudflare in the last 5 minutes, of the %d it allows", c.Limit)
	if c.Waiting > 0 {
		s += fmt.Sprintf("; %d of background work wait until %s", c.Waiting, c.Until.UTC().Format("15:04:05 UTC"))
	}
	return s
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
	// Active is data, structure, sql, migrations, backups or settings.
	Active string
	// Pending is how many versions the database is behind.
	Pending int
	// Held says why nothing of the database can be changed now, "" when it can.
	Held string
}

// current marks a link to the page one is on.
func current(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "page"}
}

// ResultsID is the region of the palette that typing replaces.
const ResultsID = "palette-results"

// database is the database a page is about, "" for none.
func (p Page) database() string {
	if p.Tabs == nil {
		return ""
	}
	return p.Tabs.Database
}

// search is the page the palette is without scripts.
func (p Page) search() string {
	q := url.Values{}
	if db := p.database(); db != "" {
		q.Set("db", db)
	}
	return paths.With(paths.Search, q)
}

// unlinked is the page that a shortcut leads to from everywhere, though not every page
// links to it: "" for who may not see it.
func (p Page) unlinked() string {
	if !p.Rights.Create {
		return ""
	}
	return paths.NewDatabase
}
