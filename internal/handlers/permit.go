package handlers

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/web/static"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// permit lets a request through to a route's handler if its operator may. Who asks is
// known before anything of the body is read.
func (s *Server) permit(r Route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if r.Method != http.MethodPost {
				c.Request().Body = http.NoBody // FormValue would read one that only looks like a form
			}
			if strings.HasPrefix(r.Path, static.Prefix) || strings.HasSuffix(r.Path, "z") && r.Permission == auth.Public {
				return next(c) // neither needs to know who asks
			}
			signedIn, err := s.signIn(c)
			if err != nil {
				return err
			}
			switch {
			case r.Permission == auth.Public, r.Permission == auth.SetupOnly:
				if err := readBody(c, r); err != nil {
					return err
				}
				return next(c)
			case !signedIn:
				return s.askForLogin(c, r)
			}
			o, _ := middleware.Operator(c)
			if !o.Role.Can(r.Permission) {
				return fault.New(fault.Denied, "Your role, %s, may not do this. Ask an owner.", o.Role)
			}
			if err := readBody(c, r); err != nil {
				return err
			}
			if c.Request().Method == http.MethodPost {
				// A form that waited to be given back has been sent, this one or another.
				if sess, _ := middleware.Session(c); sess.Draft != "" {
					_, _, _ = s.Sessions.TakeDraft(c.Request())
				}
			}
			return s.keepTyped(c, r, next(c))
		}
	}
}

// keptKey is where a request notes the page on which its form comes back.
const keptKey = "kept"

// keepTyped keeps a form that people fill in when its answer is another page than its own,
// as it is for an outcome that isn't known or for a defect: the error's page leads back to
// it. A part of a page that htmx asked for leaves the form where it is. The error is
// returned as it came.
func (s *Server) keepTyped(c echo.Context, r Route, err error) error {
	if err == nil || !r.Keep || isFragment(c) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Denied) {
		return err
	}
	if page := fillPath(r.Form, c); s.keepForm(c, r, page) {
		c.Set(keptKey, page)
	}
	return err
}

// signIn finds the operator of the request's session. A disabled operator has
// none.
func (s *Server) signIn(c echo.Context) (bool, error) {
	find := s.Sessions.Current
	if isFragment(c) && c.Request().Method == http.MethodGet {
		find = s.Sessions.Peek // a page that polls doesn't keep a session alive
	}
	sess, ok, err := find(c.Request())
	if err != nil || !ok {
		return false, err
	}
	o, err := s.Operators.Operator(c.Request().Context(), sess.Operator)
	if fault.Is(err, fault.NotFound) || err == nil && o.Disabled() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	middleware.SignIn(c, o, sess)
	return true, nil
}

// askForLogin sends somebody without a session to the login, and back
// afterwards. A form that was filled in is kept with the session that ended.
func (s *Server) askForLogin(c echo.Context, r Route) error {
	next := c.Request().URL.RequestURI()
	kept := false
	if c.Request().Method != http.MethodGet {
		next = fillPath(r.Form, c)
		kept = r.Keep && s.keepForm(c, r, next)
	}
	if isFragment(c) && r.Stay {
		return render(c, http.StatusUnauthorized, views.ChangesAnswer(views.Changes{SignIn: loginPath(next)}))
	}
	if isFragment(c) {
		// The answer stands in for the page, not for the part that was asked for.
		c.Response().Header().Set("HX-Retarget", "body")
		c.Response().Header().Set("HX-Reswap", "innerHTML")
		if c.Request().Method == http.MethodGet {
			c.Response().Header().Set("HX-Redirect", loginPath(fillPath(r.Path, c)))
			return c.NoContent(http.StatusUnauthorized)
		}
	} else if c.Request().Method == http.MethodGet {
		return c.Redirect(http.StatusSeeOther, loginPath(next))
	}
	v := views.Login{Next: next, Kept: kept}
	return render(c, http.StatusUnauthorized, views.LoginPage(s.page(c, "Sign in", ""), v))
}

// keepForm keeps the form that was sent, and reports whether it could. Of a file its
// text is kept, as a page can't choose a file again. Where there is no session to keep
// it with, or it is larger than any that is kept, the form isn't read.
func (s *Server) keepForm(c echo.Context, r Route, page string) bool {
	if ok, err := s.Sessions.Keeps(c.Request()); err != nil || !ok {
		return false
	}
	if err := readForm(c, min(r.limit(), auth.MaxDraft)); err != nil {
		return false
	}
	form := c.Request().PostForm
	if c.Request().MultipartForm != nil {
		source, err := sourceOf(c)
		if err != nil {
			return false
		}
		form.Set("source", source)
	}
	return len(form) > 0 && s.Sessions.SaveDraft(c.Request(), page, form.Encode()) == nil
}

func loginPath(next string) string {
	if next == paths.Fleet {
		return paths.Login
	}
	return paths.With(paths.Login, url.Values{"next": {next}})
}

// fillPath puts a request's parameters into a route's pattern.
func fillPath(pattern string, c echo.Context) string {
	for _, name := range c.ParamNames() {
		pattern = strings.ReplaceAll(pattern, ":"+name, url.PathEscape(c.Param(name)))
	}
	return pattern
}

// draft returns a form that was kept for this page when a session ended. An
// address that itself says what to show, a link or a comparison, goes before it.
func draft(c echo.Context) url.Values {
	sess, _ := middleware.Session(c)
	if sess.Draft == "" || sess.DraftPath != c.Request().URL.Path || c.Request().URL.RawQuery != "" {
		return nil
	}
	form, err := url.ParseQuery(sess.Draft)
	if err != nil {
		return nil
	}
	return form
}
