package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// How many hits of a kind are shown.
const (
	maxDatabaseHits = 8
	maxOrgHits      = 5
	maxTableHits    = 12
)

// searchPlace is a page or an action that the palette offers.
type searchPlace struct {
	text, href, icon, key string
	permission            auth.Permission
}

var searchPlaces = []searchPlace{
	{"Fleet", paths.Fleet, "layout-grid", "go-fleet", auth.FleetRead},
	{"Organizations", paths.Orgs, "building-2", "go-orgs", auth.OrgsRead},
	{"Schemas", paths.Schemas, "file-code", "go-schemas", auth.SchemasRead},
	{"Audit log", paths.Audit, "scroll-text", "go-audit", auth.AuditRead},
	{"Account", paths.Account, "user", "go-account", auth.SessionOwn},
	{"Keyboard shortcuts", paths.Help, "info", "help", auth.SessionOwn},
	{"Provision a database", paths.NewDatabase, "plus", "go-new", auth.DatabasesCreate},
	{"Write a new schema", paths.NewSchema, "plus", "", auth.SchemasWrite},
	{"Change the password", paths.Account, "key-round", "", auth.SessionOwn},
	{"Databases that are behind", paths.Fleet + "?status=behind", "list-filter", "", auth.FleetRead},
	{"Databases that drifted", paths.Fleet + "?status=drifted", "list-filter", "", auth.FleetRead},
	{"Databases that failed or don't answer", paths.Fleet + "?status=failing", "list-filter", "", auth.FleetRead},
	{"Archived databases", paths.Fleet + "?status=archived", "list-filter", "", auth.FleetRead},
	{"Deleted databases", paths.Fleet + "?status=deleted", "list-filter", "", auth.FleetRead},
}

// databasePlaces are the pages and actions of the database one is in.
func databasePlaces(db string) []searchPlace {
	return []searchPlace{
		{"Data", paths.Database(db), "table-2", "go-data", auth.DatabasesRead},
		{"Structure", paths.Structure(db), "columns-3", "go-structure", auth.DatabasesRead},
		{"SQL", paths.SQL(db), "terminal", "go-sql", auth.DatabasesQuery},
		{"Migrations", paths.Migrations(db), "git-pull-request-arrow", "go-migrations", auth.DatabasesRead},
		{"Backups: keep or use a restore point", paths.Backups(db), "history", "go-backups", auth.DatabasesRead},
		{"Settings: download, archive, delete", paths.Settings(db), "settings", "go-settings", auth.DatabasesRead},
	}
}

// searchShow finds databases, organizations, tables of the database one is in, pages
// and actions. It reads the index and at most one database.
func (s finder) searchShow(c echo.Context) error {
	v := views.Search{Text: strings.TrimSpace(c.QueryParam("q")), Database: c.QueryParam("db")}
	if len(v.Text) > 200 {
		return fault.New(fault.Invalid, "Search for at most 200 characters.")
	}
	for _, find := range []func(echo.Context, *views.Search) error{s.findTables, s.findDatabases, s.findOrgs, s.findPlaces} {
		if err := find(c, &v); err != nil {
			return err
		}
	}
	if isFragment(c) {
		return render(c, http.StatusOK, views.SearchResults(v))
	}
	return render(c, http.StatusOK, views.SearchPage(s.page(c, "Search", "", layout.Crumb{Text: "Search"}), v))
}

func addHits(v *views.Search, title string, hits []views.Hit) {
	if len(hits) > 0 {
		v.Groups = append(v.Groups, views.SearchGroup{Title: title, Hits: hits})
	}
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// findTables finds tables of the database one is in. One that can't be opened has
// none.
func (s finder) findTables(c echo.Context, v *views.Search) error {
	if v.Database == "" || v.Text == "" {
		return nil
	}
	known, err := s.knownTables(c, v.Database)
	if err != nil {
		return nil //nolint:nilerr // a search finds what there is
	}
	var hits []views.Hit
	for _, t := range known {
		if containsFold(t.Name, v.Text) && len(hits) < maxTableHits {
			hits = append(hits, views.Hit{Text: t.Name, Href: paths.Table(v.Database, t.Name), Icon: "table-2", Beside: t.Kind, Mono: true})
		}
	}
	addHits(v, "Tables of "+v.Database, hits)
	return nil
}

// knownTables are the tables of a database that are known without a call to D1, since it
// is asked at each key: those it has, or had when it was read last, else those of the
// version of its schema.
func (s finder) knownTables(c echo.Context, name string) ([]live.Entry, error) {
	ctx := c.Request().Context()
	d, conn, err := s.Fleet.Open(ctx, s.actor(c), name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	db, err := s.catalogs.Known(ctx, d.ProviderID, conn)
	if err != nil {
		return nil, err
	}
	if db != nil {
		return db.Tables, nil
	}
	declared, err := s.Change.Schemas.Declared(ctx, d)
	if err != nil || declared == nil {
		return nil, err
	}
	out := make([]live.Entry, len(declared.Tables))
	for i, t := range declared.Tables {
		out[i] = live.Entry{Name: t.Name, Kind: live.KindTable}
	}
	return out, nil
}

func (s finder) findDatabases(c echo.Context, v *views.Search) error {
	if v.Text == "" {
		return nil
	}
	ds, _, err := s.Fleet.Databases(c.Request().Context(), s.actor(c),
		fleet.Filter{Search: v.Text, Page: fleet.Page{Number: 1, Size: maxDatabaseHits}})
	if err != nil {
		return err
	}
	hits := make([]views.Hit, len(ds))
	for i, d := range ds {
		hits[i] = views.Hit{Text: d.Name, Href: paths.Database(d.Name), Icon: "database", Beside: d.OrgName, Mono: true}
	}
	addHits(v, "Databases", hits)
	return nil
}

func (s finder) findOrgs(c echo.Context, v *views.Search) error {
	if v.Text == "" {
		return nil
	}
	orgs, _, err := s.Fleet.Orgs.List(c.Request().Context(), s.actor(c), v.Text, fleet.Page{Number: 1, Size: maxOrgHits})
	if err != nil {
		return err
	}
	hits := make([]views.Hit, len(orgs))
	for i, o := range orgs {
		hits[i] = views.Hit{Text: o.Name, Href: paths.Org(o.Slug), Icon: "building-2", Beside: o.Slug}
	}
	addHits(v, "Organizations", hits)
	return nil
}

func (s finder) findPlaces(c echo.Context, v *views.Search) error {
	o, _ := middleware.Operator(c)
	list := func(places []searchPlace) []views.Hit {
		var hits []views.Hit
		for _, p := range places {
			if o.Role.Can(p.permission) && containsFold(p.text, v.Text) {
				hits = append(hits, views.Hit{Text: p.text, Href: p.href, Icon: p.icon, Keys: views.Shortcut(p.key)})
			}
		}
		return hits
	}
	if v.Database != "" {
		if _, err := s.Fleet.Database(c.Request().Context(), s.actor(c), v.Database); err == nil {
			addHits(v, v.Database, list(databasePlaces(v.Database)))
		}
	}
	addHits(v, "Pages and actions", list(searchPlaces))
	return nil
}

func (s finder) helpShow(c echo.Context) error {
	return render(c, http.StatusOK, views.HelpPage(s.page(c, "Keyboard shortcuts", "", layout.Crumb{Text: "Keyboard shortcuts"})))
}
