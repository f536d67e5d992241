package handlers

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// setupForm shows the form that makes the owner, while its token is good.
func (s door) setupForm(c echo.Context) error {
	token := c.QueryParam("token")
	if err := s.setupOpen(c, token); err != nil {
		return err
	}
	return render(c, http.StatusOK, views.SetupPage(s.page(c, "Create the owner", ""), views.Setup{Token: token}))
}

// setupOpen checks a setup token. Wrong ones are throttled by address; a good
// one never waits, as nobody guesses 256 bits. Once there is an owner no link is
// good any more and there is nothing to throttle.
func (s door) setupOpen(c echo.Context, token string) error {
	ctx := c.Request().Context()
	err := s.Operators.SetupOpen(ctx, auth.HashToken(token))
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if claimed, claimedErr := s.Operators.Claimed(ctx); claimedErr != nil || claimed {
		return cmp.Or(claimedErr, err)
	}
	if wait := s.Throttle.Check("", c.RealIP()); wait > 0 {
		return s.refusal(c, wait)
	}
	s.Throttle.Fail("", c.RealIP())
	return err
}

// refusal is the error for a wait, and says it to programs too.
func (s door) refusal(c echo.Context, wait time.Duration) error {
	c.Response().Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	return s.Throttle.Refusal(wait)
}

// setupClaim makes the owner and signs in.
func (s door) setupClaim(c echo.Context) error {
	v := views.Setup{Token: c.FormValue("token"), Email: c.FormValue("email")}
	if err := s.setupOpen(c, v.Token); err != nil {
		return err
	}
	password := c.FormValue("password")
	email, err := auth.NormalizeEmail(v.Email)
	if err != nil {
		v.EmailError = fault.Message(err)
	}
	if err := auth.CheckNew(password, email); err != nil {
		v.PasswordError = fault.Message(err)
	}
	if v.EmailError != "" || v.PasswordError != "" {
		return render(c, http.StatusUnprocessableEntity, views.SetupPage(s.page(c, "Create the owner", ""), v))
	}
	ctx := c.Request().Context()
	hash, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	e := s.sessionEntry(c, audit.SetupClaim, audit.Done, auth.Operator{Email: email})
	o := auth.Operator{ID: id.At[id.Operator](e.At), Email: email, Role: auth.RoleOwner, CreatedAt: e.At}
	e.Operator = o.ID
	if err := s.Operators.Claim(ctx, auth.HashToken(v.Token), o, hash, e); err != nil {
		return err
	}
	if _, err := s.Sessions.Login(c.Response(), c.Request(), o, c.RealIP()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, paths.Fleet)
}

// sessionEntry starts an audit entry about what an operator does now. Its At is the
// moment for all that is stored with it.
func (s *Server) sessionEntry(c echo.Context, action audit.Action, outcome audit.Outcome, o auth.Operator) audit.Entry {
	a := auth.Actor{Operator: o.ID, Email: o.Email, IP: c.RealIP(), RequestID: middleware.RequestID(c)}
	e := a.Entry(s.Now(), action, outcome)
	e.Target = o.Email
	return e
}

// maxNext is how many bytes of an address are remembered over a login.
const maxNext = 2000

// localPath returns a path of this program, "/" for anything else. Browsers read
// "//host" and "/\host" as another host, and drop control characters.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || len(next) > maxNext ||
		strings.ContainsFunc(next, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return paths.Fleet
	}
	return next
}

func (s door) loginForm(c echo.Context) error {
	if _, ok := middleware.Operator(c); ok {
		return c.Redirect(http.StatusSeeOther, localPath(c.QueryParam("next")))
	}
	return render(c, http.StatusOK, views.LoginPage(s.page(c, "Sign in", ""), views.Login{Next: localPath(c.QueryParam("next"))}))
}

// login checks the password. What fails looks and takes the same, whether the
// address is known or not.
func (s door) login(c echo.Context) error {
	v := views.Login{Email: strings.TrimSpace(c.FormValue("email")), Next: localPath(c.FormValue("next"))}
	email, err := auth.NormalizeEmail(v.Email)
	if err != nil {
		email = strings.ToLower(v.Email)
	}
	if wait := s.Throttle.Check(email, c.RealIP()); wait > 0 {
		v.Error = fault.Message(s.refusal(c, wait))
		return render(c, http.StatusTooManyRequests, views.LoginPage(s.page(c, "Sign in", ""), v))
	}
	o, ok, err := s.checkPassword(c, email, c.FormValue("password"))
	if err != nil || !ok {
		s.Throttle.Fail(email, c.RealIP())
	}
	if err != nil {
		return err
	}
	if !ok {
		failed := s.sessionEntry(c, audit.SessionFailed, audit.Failed, auth.Operator{Email: email})
		if err := s.Operators.Record(c.Request().Context(), failed); err != nil {
			return err
		}
		v.Error = "The e-mail address or the password is wrong."
		return render(c, http.StatusUnprocessableEntity, views.LoginPage(s.page(c, "Sign in", ""), v))
	}
	s.Throttle.Succeed(email, c.RealIP())
	if _, err := s.Sessions.Login(c.Response(), c.Request(), o, c.RealIP(), s.sessionEntry(c, audit.SessionLogin, audit.Done, o)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, v.Next)
}

func (s door) checkPassword(c echo.Context, email, password string) (auth.Operator, bool, error) {
	ctx := c.Request().Context()
	o, stored, err := s.Operators.OperatorByEmail(ctx, email)
	if fault.Is(err, fault.NotFound) {
		return o, false, s.Hasher.VerifyUnknown(ctx, password)
	}
	if err != nil {
		return o, false, err
	}
	ok, rehash, err := s.Hasher.Verify(ctx, stored, password)
	if err != nil || !ok || o.Disabled() {
		return o, false, err
	}
	if rehash {
		if hash, err := s.Hasher.Hash(ctx, password); err == nil {
			if err := s.Operators.Rehash(ctx, o.ID, hash); err != nil {
				s.Log.Warn("rehash", "operator", o.ID, "error", err)
			}
		}
	}
	return o, true, nil
}

func (s door) logout(c echo.Context) error {
	o, _ := middleware.Operator(c)
	if err := s.Sessions.Logout(c.Response(), c.Request(), s.sessionEntry(c, audit.SessionLogout, audit.Done, o)); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, paths.Login)
}
