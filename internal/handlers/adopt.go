package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// adoptShow lists the account's databases, and looks into those that are chosen.
func (s provisions) adoptShow(c echo.Context) error {
	q := c.QueryParams()
	v := views.Adopt{Chosen: q["id"], Schema: q.Get("schema")}
	var err error
	if len(v.Chosen) > 0 {
		v.Examined, err = s.Provision.Adoptions.Examine(c.Request().Context(), s.actor(c), v.Chosen, v.Schema)
	}
	if q.Has("schema") && len(v.Chosen) == 0 {
		err = fault.New(fault.Invalid, "Choose at least one database to look into.")
	}
	return s.adoptPage(c, http.StatusOK, v, err)
}

// adoptFrame frames the page.
func (s provisions) adoptFrame(c echo.Context) layout.Page {
	return s.page(c, "Adopt databases", "fleet", layout.Crumb{Text: "Fleet", Href: paths.Fleet}, layout.Crumb{Text: "Adopt"})
}

func (s provisions) adoptPage(c echo.Context, status int, v views.Adopt, cause error) error {
	if s.Account.State().ID == "" {
		if c.Request().Method == http.MethodPost {
			status = http.StatusUnprocessableEntity
		}
		return render(c, status, views.AdoptNowhere(s.adoptFrame(c)))
	}
	if err := s.adoptLists(c, &v); err != nil {
		return err
	}
	if cause != nil {
		if !isFormError(cause) && !fault.Is(cause, fault.NotFound) {
			return cause
		}
		status = statusOf(cause)
		v.Errors, v.Error = placed(cause)
	}
	return render(c, status, views.AdoptPage(s.adoptFrame(c), v))
}

// adoptLists reads what can be chosen: a page of the account's databases, all of which
// can be looked into at once, the schemas and the organizations.
func (s provisions) adoptLists(c echo.Context, v *views.Adopt) error {
	ctx := c.Request().Context()
	number, err := pageNumber(c)
	if err != nil {
		return err
	}
	v.Search, v.Page = c.QueryParam("q"), fleet.Page{Number: number, Size: provision.MaxExamined}
	found, err := s.Provision.Adoptions.AccountDatabases(ctx, s.actor(c), v.Search, v.Page, c.QueryParam("again") != "")
	if err != nil {
		return err
	}
	v.Databases, v.Total, v.Read = found.Databases, found.Total, found.Read
	if err := checkPage(v.Page, v.Total); err != nil {
		return err
	}
	if v.Schemas, err = s.schemaList(ctx); err != nil {
		return err
	}
	v.Orgs, err = s.orgList(ctx, s.actor(c))
	return err
}

// adoptCreate registers databases of the account and says what became of each.
func (s provisions) adoptCreate(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	in := provision.RegisterInput{IDs: form["id"], Schema: form.Get("schema"), Org: form.Get("org"), OrgName: form.Get("org_name"),
		EachItsOwn: form.Get("each") == "on"}
	done, err := s.Provision.Adoptions.Register(c.Request().Context(), s.actor(c), in)
	v := views.Adopt{Done: done, Schema: in.Schema}
	if err != nil && len(done) == 0 { // the form again, with what is in them
		v = views.Adopt{Schema: in.Schema, Chosen: in.IDs, Org: in.Org, OrgName: in.OrgName, Each: in.EachItsOwn}
		if len(in.IDs) > 0 && isFormError(err) {
			if v.Examined, _ = s.Provision.Adoptions.Examine(c.Request().Context(), s.actor(c), in.IDs, in.Schema); v.Examined == nil {
				v.Chosen = nil
			}
		}
	}
	return s.adoptPage(c, http.StatusOK, v, err)
}
