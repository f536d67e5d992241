package handlers

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s *Server) actor(c echo.Context) auth.Actor { return middleware.Actor(c) }

// provisionForm fills the form from values, of the URL, of a draft or of what
// was sent.
func (s provisions) provisionForm(c echo.Context, status int, form url.Values, cause error) error {
	ctx := c.Request().Context()
	v := views.Provision{
		Org: form.Get("org"), OrgName: form.Get("org_name"), Name: form.Get("name"), Location: form.Get("location"), Place: form.Get("place"),
		Jurisdiction: form.Get("jurisdiction"), Replication: form.Get("replication"), OnD1: s.Fleet.Places.HasD1(),
		Schema: form.Get("schema"), Version: form.Get("version"), Request: form.Get("request"),
		Proposed: "{organization}-org-001",
	}
	if v.Request == "" {
		v.Request = id.New[string]()
	}
	var err error
	if v.Orgs, err = s.orgList(ctx, s.actor(c)); err != nil {
		return err
	}
	if v.Schemas, err = s.schemaList(ctx); err != nil {
		return err
	}
	if !form.Has("schema") && v.Schemas.Total > 0 {
		v.Schema = v.Schemas.Schemas[0].Name
	}
	if !form.Has("org") && len(v.Orgs.Orgs) == v.Orgs.Total && v.Orgs.Total > 0 { // of many, one is typed
		v.Org = v.Orgs.Orgs[0].Slug
	}
	if slug := v.Org; fleet.CheckSlug(slug) == nil {
		if v.Proposed, err = s.Provision.ProposeName(ctx, slug); err != nil {
			return err
		}
	} else if slug := fleet.Slug(v.OrgName); slug != "" {
		v.Proposed = slug + "-org-001"
	}
	v.Errors, v.Error = placed(cause)
	p := s.page(c, "Provision a database", "fleet", layout.Crumb{Text: "Fleet", Href: paths.Fleet}, layout.Crumb{Text: "Provision"})
	return render(c, status, views.ProvisionPage(p, v))
}

func (s provisions) databasesNew(c echo.Context) error {
	form := c.QueryParams()
	if d := draft(c); d != nil {
		form = d
	}
	return s.provisionForm(c, http.StatusOK, form, nil)
}

func (s provisions) databasesCreate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	in := provision.Input{
		Org: form.Get("org"), OrgName: form.Get("org_name"), Name: form.Get("name"), Location: form.Get("location"),
		Place: form.Get("place"), Jurisdiction: form.Get("jurisdiction"), Replication: form.Get("replication"),
		Schema: form.Get("schema"), Request: form.Get("request"),
	}
	if text := form.Get("version"); text != "" && in.Schema != "" {
		if in.Version, err = strconv.Atoi(text); err != nil || in.Version < 1 {
			return s.provisionForm(c, http.StatusUnprocessableEntity, form,
				fault.New(fault.Invalid, "A version is a whole number from 1.").At("version"))
		}
	}
	d, err := s.Provision.Start(c.Request().Context(), s.actor(c), in)
	if isFormError(err) {
		return s.provisionForm(c, statusOf(err), form, err)
	}
	if err != nil {
		return err
	}
	return redirect(c, paths.Database(d.Name))
}

func (s provisions) databasesResume(c echo.Context) error {
	d, err := s.Provision.Resume(c.Request().Context(), s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	return redirect(c, paths.Database(d.Name))
}

func (s provisions) databasesUndo(c echo.Context) error {
	if err := s.Provision.Undo(c.Request().Context(), s.actor(c), c.Param("db")); err != nil {
		return err
	}
	return redirect(c, paths.Fleet)
}

// databasesShow is the list of a database's tables, or how its provision stands.
func (s tables) databasesShow(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := s.Fleet.Database(ctx, s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	switch {
	case d.State == fleet.Archived || d.State == fleet.Deleting || d.State == fleet.Deleted:
		return settings(s).settingsPage(c, http.StatusOK, "", nil)
	case d.State != fleet.Ready || isFragment(c):
		return provisions(s).progress(c, d)
	}
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		cat, err := s.catalog(c, d, conn)
		if err != nil {
			return err
		}
		v := views.Tables{Database: d, Tables: cat.Tables, Latest: s.latestVersion(c, d)}
		v.Size = s.Fleet.Places.Size(ctx, d)
		return render(c, http.StatusOK, views.TablesPage(s.databasePage(c, d, "data", "Data"), v))
	})
}

// progress is a page, or while it follows along, a part of one.
func (s provisions) progress(c echo.Context, d fleet.Database) error {
	steps, err := s.Provision.Steps(c.Request().Context(), d)
	if err != nil {
		return err
	}
	v := views.Progress{Database: d, Steps: steps, Busy: s.Fleet.Holds.Busy(d.ID)}
	if isFragment(c) {
		return render(c, http.StatusOK, views.ProgressRegion(v, rightsOf(c)))
	}
	p := s.page(c, d.Name, "fleet", layout.Crumb{Text: "Fleet", Href: paths.Fleet},
		layout.Crumb{Text: d.OrgName, Href: paths.Org(d.OrgSlug)}, layout.Crumb{Text: d.Name, Mono: true})
	return render(c, http.StatusOK, views.ProgressPage(p, v))
}

// withDatabase opens the database the path names, for the length of f.
func (s *Server) withDatabase(c echo.Context, f func(fleet.Database, d1.Conn) error) error {
	d, conn, err := s.Fleet.Open(c.Request().Context(), s.actor(c), c.Param("db"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return f(d, conn)
}

// latestVersion returns the latest version of a database's schema, 0 without one.
func (s *Server) latestVersion(c echo.Context, d fleet.Database) int {
	n, err := s.Change.Schemas.Latest(c.Request().Context(), d.Schema)
	if err != nil {
		s.Log.Warn("latest version", "schema", d.Schema, "error", err)
	}
	return n
}

// databasePage frames a page of a database; more are crumbs below its name.
func (s *Server) databasePage(c echo.Context, d fleet.Database, tab, title string, more ...layout.Crumb) layout.Page {
	crumbs := append([]layout.Crumb{
		{Text: "Fleet", Href: paths.Fleet}, {Text: d.OrgName, Href: paths.Org(d.OrgSlug)},
		{Text: d.Name, Href: paths.Database(d.Name), Mono: true},
	}, more...)
	p := s.page(c, d.Name+" "+title, "fleet", crumbs...)
	p.Tabs = &layout.Tabs{Database: d.Name, Active: tab, Pending: d.VersionsBehind(s.latestVersion(c, d))}
	if err := s.Fleet.Settler.CheckSettled(d); err != nil {
		p.Tabs.Held = fault.Message(err)
	}
	return p
}
