package handlers

import (
	"context"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// ownSessions returns the sessions of who is signed in that still live.
func (s people) ownSessions(c echo.Context) ([]auth.Session, error) {
	o, _ := middleware.Operator(c)
	now := s.Now()
	all, err := s.Operators.SessionsOf(c.Request().Context(), o.ID, now.Add(-auth.AbsoluteTimeout))
	if err != nil {
		return nil, err
	}
	live := all[:0]
	for _, x := range all {
		if x.Alive(now) {
			live = append(live, x)
		}
	}
	return live, nil
}

func (s people) accountPage(c echo.Context, status int, v views.Account) error {
	o, _ := middleware.Operator(c)
	current, _ := middleware.Session(c)
	sessions, err := s.ownSessions(c)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		v.Sessions = append(v.Sessions, views.Session{
			Hash: x.Hash, IP: x.IP, UserAgent: x.UserAgent, SignedIn: x.CreatedAt, LastUsed: x.LastSeen, Current: x.Hash == current.Hash,
		})
	}
	v.Email, v.Role, v.Since = o.Email, string(o.Role), o.CreatedAt
	return render(c, status, views.AccountPage(s.page(c, "Account", "account", layout.Crumb{Text: "Account"}), v))
}

func (s people) accountShow(c echo.Context) error {
	return s.accountPage(c, http.StatusOK, views.Account{Done: c.QueryParam("done")})
}

func accountDone(what string) string {
	return paths.With(paths.Account, url.Values{"done": {what}})
}

// What one may do to one's own account. Signing in and out, and the first owner, are no
// operations of somebody who is known already: they leave their entries themselves.
var (
	opPassword = operation.Kind{Action: audit.OperatorPassword, Needs: auth.SessionOwn}
	opRevoke   = operation.Kind{Action: audit.SessionRevoke, Needs: auth.SessionOwn}
)

func (s people) door() operation.Door { return operation.Door{Log: s.Operators, Now: s.Now} }

// accountPassword changes one's own password, which ends every session, and
// signs this browser in anew. A wrong current password counts as a failed
// sign-in.
func (s people) accountPassword(c echo.Context) error {
	o, _ := middleware.Operator(c)
	if wait := s.Throttle.Check(o.Email, c.RealIP()); wait > 0 {
		return s.accountPage(c, http.StatusTooManyRequests, views.Account{PasswordError: fault.Message(s.Throttle.Refusal(wait))})
	}
	_, ok, err := door(s).checkPassword(c, o.Email, c.FormValue("current"))
	if err != nil || !ok {
		s.Throttle.Fail(o.Email, c.RealIP())
	}
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if !ok {
		err := s.door().Do(ctx, s.actor(c), opPassword, operation.Job{About: audit.Entry{Target: o.Email},
			End: func(ctx context.Context, e audit.Entry, _ error) error {
				e.Outcome = audit.Failed
				return s.Operators.Record(ctx, e)
			}})
		if err != nil {
			return err
		}
		return s.accountPage(c, http.StatusUnprocessableEntity, views.Account{CurrentError: "The current password is wrong."})
	}
	s.Throttle.Succeed(o.Email, c.RealIP())
	password := c.FormValue("password")
	if err := auth.CheckNew(password, o.Email); err != nil {
		return s.accountPage(c, http.StatusUnprocessableEntity, views.Account{PasswordError: fault.Message(err)})
	}
	hash, err := s.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.door().Do(ctx, s.actor(c), opPassword, operation.Job{About: audit.Entry{Target: o.Email},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			return s.Operators.SetPassword(ctx, o.ID, hash, e)
		}})
	if err != nil {
		return err
	}
	if _, err := s.Sessions.Login(c.Response(), c.Request(), o, c.RealIP()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, accountDone("password"))
}

// accountEnd ends one of one's own sessions; another's is not found.
func (s people) accountEnd(c echo.Context) error {
	sessions, err := s.ownSessions(c)
	if err != nil {
		return err
	}
	o, _ := middleware.Operator(c)
	current, _ := middleware.Session(c)
	for _, x := range sessions {
		if x.Hash != c.FormValue("session") {
			continue
		}
		if x.Hash == current.Hash {
			return door(s).logout(c)
		}
		err := s.door().Do(c.Request().Context(), s.actor(c), opRevoke, operation.Job{
			About: audit.Entry{Target: o.Email, Detail: x.IP + " " + x.UserAgent},
			End:   func(ctx context.Context, e audit.Entry, _ error) error { return s.Sessions.Revoke(ctx, x.Hash, e) }})
		if err != nil {
			return err
		}
		return redirect(c, accountDone("session"))
	}
	return fault.New(fault.NotFound, "This session has ended already.")
}

// accountEndAll ends every session of who is signed in, this one too.
func (s people) accountEndAll(c echo.Context) error {
	o, _ := middleware.Operator(c)
	err := s.door().Do(c.Request().Context(), s.actor(c), opRevoke, operation.Job{About: audit.Entry{Target: o.Email, Detail: "all sessions"},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			_, err := s.Sessions.RevokeAll(ctx, o.ID, e)
			return err
		}})
	if err != nil {
		return err
	}
	if err := s.Sessions.Clear(c.Response(), c.Request()); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, paths.Login)
}
