package handlers

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
	"github.com/kuratchi/dashboard/web/templates/ui"
	"github.com/kuratchi/dashboard/web/templates/views"
)

const pageSize = 50

// pageNumber reads ?page=, 1 for none.
func pageNumber(c echo.Context) (int, error) {
	s := c.QueryParam("page")
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, fault.New(fault.Invalid, "There is no page %.20q.", s)
	}
	return n, nil
}

// checkPage returns fault.NotFound for a page behind the last one; an empty list
// has a first page.
func checkPage(p fleet.Page, total int) error {
	if p.Number > 1 && (p.Number-1)*p.Size >= total {
		return fault.New(fault.NotFound, "There is no page %d: the list is shorter.", p.Number)
	}
	return nil
}

// databaseList reads a list of databases with its filters from the URL.
func (s registry) databaseList(c echo.Context, path, org string) (views.Fleet, error) {
	ctx := c.Request().Context()
	page, err := pageNumber(c)
	if err != nil {
		return views.Fleet{}, err
	}
	v := views.Fleet{
		Path: path, Org: org, Query: url.Values{},
		Filter: fleet.Filter{
			Search: c.QueryParam("q"), Org: c.QueryParam("org"), Schema: c.QueryParam("schema"), Status: fleet.Status(c.QueryParam("status")),
			Sort: c.QueryParam("sort"), Page: fleet.Page{Number: page, Size: pageSize},
		},
	}
	for _, key := range []string{"q", "org", "schema", "status", "sort"} {
		if val := c.QueryParam(key); val != "" {
			v.Query.Set(key, val)
		}
	}
	if org != "" {
		v.Filter.Org = org
		v.Query.Del("org")
	}
	if v.Databases, v.Total, err = s.Fleet.Databases(ctx, s.actor(c), v.Filter); err != nil {
		return v, err
	}
	if err := checkPage(v.Filter.Page, v.Total); err != nil {
		return v, err
	}
	if v.Schemas, err = s.schemaList(ctx); err != nil {
		return v, err
	}
	v.Latest, err = s.Change.Schemas.LatestVersions(ctx, v.Databases)
	return v, err
}

// options are what a form proposes of a list.
var options = fleet.Page{Number: 1, Size: ui.MaxOptions}

func (s *Server) orgList(ctx context.Context, a auth.Actor) (l views.OrgList, err error) {
	l.Orgs, l.Total, err = s.Fleet.Orgs.List(ctx, a, "", options)
	return l, err
}

func (s *Server) schemaList(ctx context.Context) (l views.SchemaList, err error) {
	l.Schemas, l.Total, err = s.Change.Schemas.List(ctx, "", options)
	return l, err
}

// orgsOptions proposes organizations to whoever types one.
func (s registry) orgsOptions(c echo.Context) error {
	orgs, _, err := s.Fleet.Orgs.List(c.Request().Context(), s.actor(c), strings.TrimSpace(c.QueryParam("org")), options)
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, ui.Options(views.OrgOptions(orgs)))
}

func (s registry) fleetIndex(c echo.Context) error {
	v, err := s.databaseList(c, paths.Fleet, "")
	if err != nil {
		return err
	}
	if v.Totals, err = s.Fleet.Totals(c.Request().Context(), s.actor(c)); err != nil {
		return err
	}
	v.Sweeping, v.Unsettled = !s.Health.SweepStart().IsZero(), s.Fleet.Settler.Unsettled(s.actor(c))
	p := s.page(c, "Fleet", "fleet", layout.Crumb{Text: "Fleet"})
	return render(c, http.StatusOK, views.FleetPage(p, v))
}

func (s registry) orgsPage(c echo.Context, status int, name string, cause error) error {
	page, err := pageNumber(c)
	if err != nil {
		return err
	}
	v := views.Orgs{Search: c.QueryParam("q"), Page: fleet.Page{Number: page, Size: pageSize}, Name: name}
	if cause != nil {
		v.NameError = fault.Message(cause)
	}
	if v.Orgs, v.Total, err = s.Fleet.Orgs.List(c.Request().Context(), s.actor(c), v.Search, v.Page); err != nil {
		return err
	}
	if err := checkPage(v.Page, v.Total); err != nil {
		return err
	}
	return render(c, status, views.OrgsPage(s.page(c, "Organizations", "orgs", layout.Crumb{Text: "Organizations"}), v))
}

func (s registry) orgsIndex(c echo.Context) error {
	return s.orgsPage(c, http.StatusOK, draft(c).Get("org_name"), nil)
}

func (s registry) orgsCreate(c echo.Context) error {
	name := c.FormValue("org_name")
	o, err := s.Fleet.Orgs.Create(c.Request().Context(), s.actor(c), name)
	if isFormError(err) {
		return s.orgsPage(c, statusOf(err), name, err)
	}
	if err != nil {
		return err
	}
	return redirect(c, paths.Org(o.Slug))
}

// fleetCheck asks for a check of every database.
func (s registry) fleetCheck(c echo.Context) error {
	if err := s.Health.CheckAll(c.Request().Context(), s.actor(c)); err != nil {
		return err
	}
	return redirect(c, donePath(paths.Fleet, "checking"))
}

// orgTab renders one of an organization's pages.
func (s registry) orgTab(c echo.Context, status int, v views.Org, page func(layout.Page, views.Org) templ.Component) error {
	p := s.page(c, v.Org.Name, "orgs", layout.Crumb{Text: "Organizations", Href: paths.Orgs}, layout.Crumb{Text: v.Org.Name})
	return render(c, status, page(p, v))
}

func (s registry) orgsShow(c echo.Context) error {
	o, err := s.Fleet.Orgs.Get(c.Request().Context(), s.actor(c), c.Param("org"))
	if err != nil {
		return err
	}
	list, err := s.databaseList(c, paths.Org(o.Slug), o.Slug)
	if err != nil {
		return err
	}
	return s.orgTab(c, http.StatusOK, views.Org{Org: o, Tab: "databases", List: list}, views.OrgPage)
}

func (s registry) orgsActivity(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.Fleet.Orgs.Get(ctx, s.actor(c), c.Param("org"))
	if err != nil {
		return err
	}
	es, err := s.Desk.Entries(ctx, s.actor(c), audit.Filter{Org: o.Slug, Limit: pageSize})
	if err != nil {
		return err
	}
	return s.orgTab(c, http.StatusOK, views.Org{Org: o, Tab: "activity", Activity: es}, views.OrgActivityPage)
}

func (s registry) orgsSettings(c echo.Context) error {
	return s.orgSettingsPage(c, http.StatusOK, views.Org{})
}

// orgSettingsPage shows the settings with what v says of its forms.
func (s registry) orgSettingsPage(c echo.Context, status int, v views.Org) error {
	ctx := c.Request().Context()
	o, err := s.Fleet.Orgs.Get(ctx, s.actor(c), c.Param("org"))
	if err != nil {
		return err
	}
	v.Org, v.Tab = o, "settings"
	if v.Name == "" {
		v.Name = o.Name
	}
	if v.List.Databases, _, err = s.Fleet.Databases(ctx, s.actor(c),
		fleet.Filter{Org: o.Slug, Page: fleet.Page{Number: 1, Size: pageSize}}); err != nil {
		return err
	}
	return s.orgTab(c, status, v, views.OrgSettingsPage)
}

func (s registry) orgsRename(c echo.Context) error {
	name := c.FormValue("org_name")
	o, err := s.Fleet.Orgs.Rename(c.Request().Context(), s.actor(c), c.Param("org"), name)
	if isFormError(err) {
		return s.orgSettingsPage(c, statusOf(err), views.Org{Name: name, NameError: fault.Message(err)})
	}
	if err != nil {
		return err
	}
	return redirect(c, donePath(paths.OrgSettings(o.Slug), "renamed"))
}

// orgsDelete deletes an organization with as many databases as the operator saw.
func (s registry) orgsDelete(c echo.Context) error {
	ctx := c.Request().Context()
	o, err := s.Fleet.Orgs.Get(ctx, s.actor(c), c.Param("org"))
	if err != nil {
		return err
	}
	err = checkConfirmation(c, o.Slug)
	if seen := c.FormValue("databases"); err == nil && seen != strconv.Itoa(o.Databases) {
		err = fault.New(fault.Conflict, "%s has %s now. Look again before you delete it. Nothing was changed.", o.Name,
			textual.Plural(o.Databases, "database"))
	}
	if err == nil {
		err = s.Keep.DeleteOrg(ctx, s.actor(c), o.Slug, true)
	}
	if isFormError(err) {
		return s.orgSettingsPage(c, statusOf(err), views.Org{DeleteError: fault.Message(err)})
	}
	if err != nil {
		return err
	}
	return redirect(c, donePath(paths.Orgs, "org-deleted"))
}
