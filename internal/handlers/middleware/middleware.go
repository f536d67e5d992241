package middleware

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

const (
	requestKey  = "request-id"
	operatorKey = "operator"
	sessionKey  = "session"
)

// policy is the one content security policy; %[1]s is the response's nonce.
const policy = "default-src 'none'; script-src 'self' 'nonce-%[1]s'; style-src 'self' 'nonce-%[1]s'; " +
	"img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types htmx"

// Headers gives every response its request id, a nonce of its own and the
// security headers. Pages are never stored, so that Back after signing out shows
// nothing.
func Headers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		request := id.New[string]()
		c.Set(requestKey, request)
		var raw [18]byte
		_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
		nonce := base64.StdEncoding.EncodeToString(raw[:])
		c.SetRequest(c.Request().WithContext(templ.WithNonce(c.Request().Context(), nonce)))
		h := c.Response().Header()
		h.Set("X-Request-Id", request)
		h.Set("Content-Security-Policy", fmt.Sprintf(policy, nonce))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// RequestID returns the id Headers gave.
func RequestID(c echo.Context) string {
	s, _ := c.Get(requestKey).(string)
	return s
}

// Log writes a line a request: the route's pattern, never the path's names, the
// query or the form.
func Log(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began, method := time.Now(), c.Request().Method // a route may take HEAD as GET
			err := next(c)
			if err != nil {
				c.Error(err)
			}
			level := slog.LevelInfo
			if c.Response().Status >= 500 {
				level = slog.LevelError
			}
			attrs := []slog.Attr{
				slog.String("request", RequestID(c)), slog.String("method", method), slog.String("route", c.Path()),
				slog.Int("status", c.Response().Status), slog.Int64("bytes", c.Response().Size), slog.Duration("took", time.Since(began)),
			}
			if o, ok := Operator(c); ok {
				attrs = append(attrs, slog.String("operator", string(o.ID)))
			}
			if err != nil {
				attrs = append(attrs, slog.Any("error", err))
			}
			log.LogAttrs(c.Request().Context(), level, "request", attrs...)
			return nil
		}
	}
}

// Recover turns a panic into an error with its stack in the log. An answer that was begun
// is broken off then: what is cut must not look whole.
func Recover(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			defer func() {
				r := recover()
				if r == nil {
					return
				}
				if e, ok := r.(error); ok && e == http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is compared by net/http too
					panic(r)
				}
				log.Error("panic", "request", RequestID(c), "route", c.Path(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
				if c.Response().Committed {
					panic(http.ErrAbortHandler)
				}
				err = fmt.Errorf("panic: %v", r)
			}()
			return next(c)
		}
	}
}

// SameSite refuses what another site makes a browser send, before any handler
// looks at it. The answer is a page like any other refusal.
func SameSite(next echo.HandlerFunc) echo.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c echo.Context) error {
		if err := protection.Check(c.Request()); err != nil {
			return fault.Wrap(err, fault.Denied, "This request came from another site and was refused. Nothing was changed.")
		}
		return next(c)
	}
}

// Operator returns who is signed in.
func Operator(c echo.Context) (auth.Operator, bool) {
	o, ok := c.Get(operatorKey).(auth.Operator)
	return o, ok
}

// Session returns the session of who is signed in.
func Session(c echo.Context) (auth.Session, bool) {
	s, ok := c.Get(sessionKey).(auth.Session)
	return s, ok
}

// SignIn notes who is signed in, for what comes later in the request.
func SignIn(c echo.Context, o auth.Operator, s auth.Session) {
	c.Set(operatorKey, o)
	c.Set(sessionKey, s)
}

// Actor returns who does what this request asks for.
func Actor(c echo.Context) auth.Actor {
	o, _ := Operator(c)
	s, _ := Session(c)
	return auth.Actor{Operator: o.ID, Role: o.Role, Email: o.Email, IP: c.RealIP(), RequestID: RequestID(c), Session: s.Hash,
		Scope: auth.Everything}
}
