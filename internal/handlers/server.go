package handlers

import (
	"cmp"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/web/static"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
)

// Options are what a server is made of.
type Options struct {
	*house.House
	Account   *account.Account
	Desk      *desk.Desk
	Operators Operators
	Sessions  *auth.Store
	Hasher    *auth.Hasher
	Throttle  *auth.Throttle
	Log       *slog.Logger
	Env       layout.Env
	// TrustedProxies are the peers whose X-Forwarded-For counts.
	TrustedProxies []netip.Prefix
	Now            func() time.Time
	// PageTime and FormTime are how long a page and a form may take, 0 for 35 s and 50 s.
	PageTime, FormTime time.Duration
	// BlockTime is how long a peer is waited for, 0 for [middleware.BlockTime].
	BlockTime time.Duration
	// Uploads is the folder in which uploaded files are while they are needed, "" for
	// the system's folder for temporary files.
	Uploads string
	// Ready, when it returns an error, makes /readyz say so: while shutting down.
	Ready func() error
}

// Server answers requests.
type Server struct {
	Options
	echo *echo.Echo
	// catalogs are of databases on D1.
	catalogs live.Cache
	asides   asides
}

// New returns the program's handler.
func New(o Options) *Server {
	o.PageTime, o.FormTime = cmp.Or(o.PageTime, pageTime), cmp.Or(o.FormTime, formTime)
	s := &Server{Options: o, echo: echo.New()}
	e := s.echo
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.handleError
	e.IPExtractor = extractor(o.TrustedProxies)
	e.Use(middleware.Body(cmp.Or(o.BlockTime, middleware.BlockTime)), middleware.Headers, middleware.Log(o.Log),
		middleware.Recover(o.Log), middleware.SameSite, middleware.Compress(static.Prefix))
	for _, r := range s.routes() {
		s.addRoute(r)
	}
	e.RouteNotFound("/*", s.notFound, s.permit(Route{Permission: auth.Public}))
	return s
}

// addRoute adds a route, and with a GET its HEAD.
func (s *Server) addRoute(r Route) {
	s.echo.Add(r.Method, r.Path, r.Handler, s.permit(r), s.timeout(r))
	if r.Method == http.MethodGet {
		s.echo.Add(http.MethodHead, r.Path, r.Handler, asGet, s.permit(r), s.timeout(r))
	}
}

// asGet answers HEAD as GET is answered: the same work, status and headers. net/http
// keeps the body back, by the request it has of its own.
func asGet(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		get := c.Request().WithContext(c.Request().Context()) // a copy
		get.Method = http.MethodGet
		c.SetRequest(get)
		return next(c)
	}
}

// extractor tells whose address counts: the peer's, or behind trusted proxies
// what they say.
func extractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// Handler returns the whole chain.
func (s *Server) Handler() http.Handler { return s.echo }

// page starts what the frame shows.
func (s *Server) page(c echo.Context, title, nav string, crumbs ...layout.Crumb) layout.Page {
	o, _ := middleware.Operator(c)
	return layout.Page{
		Title: title, Nav: nav, Crumbs: crumbs, Env: s.Env, Operator: o.Email, Toast: doneWords[c.QueryParam("done")],
		Rights: rightsOf(c), Calls: s.callCount(),
	}
}

// rightsOf returns what a page may offer to who is signed in.
func rightsOf(c echo.Context) layout.Rights {
	o, _ := middleware.Operator(c)
	can := o.Role.Can
	return layout.Rights{
		Audit: can(auth.AuditRead), Check: can(auth.FleetCheck), Create: can(auth.DatabasesCreate), NewOrg: can(auth.OrgsCreate),
		Write: can(auth.DatabasesWrite), Export: can(auth.DatabasesExport), Restore: can(auth.DatabasesRestore),
		Manage: can(auth.DatabasesManage), Orgs: can(auth.OrgsManage), Schemas: can(auth.SchemasWrite), Plan: can(auth.PlansCreate),
		Approve: can(auth.PlansApprove), Apply: can(auth.PlansApply), Settings: can(auth.SettingsManage),
	}
}

// callCount is how much of Cloudflare's limit is used, for the frame.
func (s *Server) callCount() *layout.Calls {
	b, ok := s.Account.Budget()
	if !ok {
		return nil
	}
	return &layout.Calls{Used: b.Used, Limit: b.Limit, ResetsAt: b.ResetsAt, Waiting: b.Waiting, Until: b.Until, Closed: b.Closed}
}

// doneWords say what a form did, on the page it leads to: ?done= and its key.
var doneWords = func() map[string]string {
	words := map[string]string{}
	for _, k := range operations() {
		maps.Copy(words, k.Toasts)
	}
	return words
}()

// operations are all that the routes may do.
func operations() []operation.Kind {
	all := slices.Concat(desk.Operations(), account.Operations(), []operation.Kind{opPassword, opRevoke})
	for _, o := range fleet.Operations() {
		all = append(all, o.Kind)
	}
	return all
}

// donePath returns the address of a page that says what was just done.
func donePath(address, what string) string {
	if what == "" {
		return address
	}
	path, query, _ := strings.Cut(address, "?")
	q, _ := url.ParseQuery(query) // ours, so it can be read
	q.Set("done", what)
	return paths.With(path, q)
}
