package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s install) cloudflarePage(c echo.Context, status int, v views.Installation) error {
	v.State = s.Account.State()
	var err error
	if v.Databases, err = s.Account.Databases(c.Request().Context()); err != nil {
		return err
	}
	if v.ID == "" {
		v.ID = v.State.ID
	}
	return render(c, status, views.InstallationPage(s.page(c, "Settings", "settings", layout.Crumb{Text: "Settings"}), v))
}

func (s install) cloudflareShow(c echo.Context) error {
	return s.cloudflarePage(c, http.StatusOK, views.Installation{})
}

func accountInput(c echo.Context) account.Input {
	return account.Input{ID: c.FormValue("account"), Token: c.FormValue("token"), ReadToken: c.FormValue("read_token"),
		NoReadToken: c.FormValue("no_read_token") == "on"}
}

// cloudflareRefusal shows the form again, with what its tokens were found to be. What was
// typed as a token isn't sent back.
func (s install) cloudflareRefusal(c echo.Context, found []account.Permission, err error) error {
	if !isFormError(err) {
		return err
	}
	v := views.Installation{ID: c.FormValue("account"), Found: found, Typed: true}
	v.Errors, v.Error = placed(err)
	return s.cloudflarePage(c, statusOf(err), v)
}

func (s install) cloudflareSave(c echo.Context) error {
	found, err := s.Account.Save(c.Request().Context(), s.actor(c), accountInput(c))
	if err != nil {
		return s.cloudflareRefusal(c, found, err)
	}
	for _, p := range found {
		if !p.Granted { // it is saved, and what could not be seen is said
			return s.cloudflarePage(c, http.StatusOK, views.Installation{Found: found, Saved: true})
		}
	}
	return redirect(c, donePath(paths.Installation, "account-saved"))
}

// cloudflareTest says what the tokens may do, those that were typed or those there
// are. It saves nothing.
func (s install) cloudflareTest(c echo.Context) error {
	in := accountInput(c)
	if in.ID == "" {
		in.ID = s.Account.State().ID
	}
	found, err := s.Account.Check(c.Request().Context(), in)
	if err != nil {
		return s.cloudflareRefusal(c, nil, err)
	}
	return s.cloudflarePage(c, http.StatusOK, views.Installation{ID: in.ID, Found: found, Typed: in.Token != "" || in.ReadToken != ""})
}

func (s install) cloudflareForget(c echo.Context) error {
	if err := checkConfirmation(c, s.Account.State().ID); err != nil {
		return s.cloudflareRefusal(c, nil, err)
	}
	if err := s.Account.Forget(c.Request().Context(), s.actor(c)); err != nil {
		return s.cloudflareRefusal(c, nil, err)
	}
	return redirect(c, donePath(paths.Installation, "account-forgotten"))
}
