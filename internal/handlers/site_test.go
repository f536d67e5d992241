package handlers_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/vault"
	"github.com/kuratchi/dashboard/web/templates/layout"
)

// password is every test operator's.
const password = "correct horse battery staple"

// site is the whole program but for its command line, over a folder of its own.
type site struct {
	t        *testing.T
	url      string
	server   *handlers.Server
	sessions *auth.Store
	store    *controlplane.Store
	hasher   *auth.Hasher
	throttle *auth.Throttle
	fleet    *house.House
	engine   *local.Engine
	// control is the control plane's database; broken can make it fail for the
	// program, but not for the test.
	control     d1.Conn
	controlFile string
	account     *account.Account
	// remote is the account's place for the fleet, nil for what account gives.
	remote atomic.Pointer[rest.Provider]
	broken *breakable
	clock  *clock
	log    *logBuffer
	// plans has a plan in each state, of acme-org-001.
	plans map[string]id.Plan
	// point is a restore point of acme-org-001.
	point string
}

// newSite starts an empty one, without an owner and without a Cloudflare account.
func newSite(t *testing.T) *site { return newSiteAt(t, "http://127.0.0.1:1/", account.Credentials{}) }

// places are those of a site.
type places struct{ s *site }

func (p places) Provider(name string) (d1.Provider, error) {
	if remote := p.s.remote.Load(); name == fleet.D1 && remote != nil {
		return remote, nil
	}
	if name == fleet.D1 {
		return p.s.account.Provider()
	}
	return p.s.engine, nil
}

// newSiteAt starts an empty one whose Cloudflare is at that address.
func newSiteAt(t *testing.T, api string, env account.Credentials, tune ...func(*handlers.Options)) *site {
	t.Helper()
	ctx := t.Context()
	s := &site{t: t, clock: newClock(), log: &logBuffer{}, plans: map[string]id.Plan{}}
	f := controltest.New(t, s.clock.now, func(c d1.Conn) d1.Conn {
		s.broken = &breakable{Conn: c, versions: c.(d1.Versioned)}
		return s.broken
	})
	s.control, s.controlFile, s.store, s.engine = f.Control, f.ControlFile(), f.Store, f.Engine
	log := slog.New(slog.NewJSONHandler(s.log, nil))
	v, err := vault.FromFile(filepath.Join(f.Dir, "secret.key"))
	must(t, err)
	s.account, err = account.Open(ctx, account.Options{Store: s.store, Vault: v, Environment: env, URL: api,
		Dir: filepath.Join(f.Dir, "d1"), Log: log, Now: s.clock.now})
	must(t, err)
	s.fleet = house.New(s.store, places{s}, log, s.clock.now)
	t.Cleanup(s.fleet.Close)
	s.hasher, err = auth.NewHasher(auth.Params{Memory: 8, Time: 1, Threads: 1, Salt: 8, Key: 16})
	must(t, err)
	s.sessions = auth.NewStore(s.store, auth.StoreOptions{Now: s.clock.now, Log: log})
	s.throttle = auth.NewThrottle(s.clock.now)
	o := handlers.Options{
		House: s.fleet, Account: s.account, Operators: s.store, Sessions: s.sessions, Hasher: s.hasher, Throttle: s.throttle, Log: log,
		Env: layout.Env{Name: "test", Color: "gray"}, Now: s.clock.now,
		Desk: desk.New(desk.Options{Log: s.store, Switch: s.store, Rows: 1000, Timeout: 10 * time.Second, Now: s.clock.now,
			ReadToken: func() bool { return s.account.State().ReadToken }}),
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}, Uploads: filepath.Join(f.Dir, "uploads"),
	}
	for _, change := range tune {
		change(&o)
	}
	s.server = handlers.New(o)
	server := httptest.NewServer(s.server.Handler())
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// operator adds somebody of that role. No page does that yet.
func (s *site) operator(role auth.Role) auth.Operator {
	s.t.Helper()
	hash, err := s.hasher.Hash(s.t.Context(), password)
	must(s.t, err)
	o := auth.Operator{ID: id.New[id.Operator](), Role: role, CreatedAt: s.clock.now()}
	o.Email = fmt.Sprintf("%s-%s@example.com", role, o.ID)
	s.exec(s.control, "insert into operators (id, email, role, password, created_at) values (?1, ?2, ?3, ?4, ?5)",
		d1.Str(string(o.ID)), d1.Str(o.Email), d1.Str(string(role)), d1.Str(hash), d1.Int(s.clock.now().UnixMilli()))
	return o
}

// as returns the browser of somebody new of that role, signed in.
func (s *site) as(role auth.Role) *browser {
	s.t.Helper()
	return s.signedIn(s.operator(role))
}

func (s *site) signedIn(o auth.Operator) *browser {
	s.t.Helper()
	rec := httptest.NewRecorder()
	_, err := s.sessions.Login(rec, httptest.NewRequest("POST", "/login", nil), o, "127.0.0.1")
	must(s.t, err)
	b := s.browser()
	b.cookies = rec.Result().Cookies()
	return b
}

func (s *site) exec(conn d1.Conn, sql string, args ...d1.Value) {
	s.t.Helper()
	if _, err := conn.Query(s.t.Context(), d1.Exec(sql, args...)); err != nil {
		s.t.Fatalf("%.200s: %v", sql, err)
	}
}

// open returns an organization's database.
func (s *site) open(name string) d1.Conn {
	s.t.Helper()
	info, err := s.engine.Find(s.t.Context(), name)
	var conn d1.Conn
	if err == nil {
		conn, err = s.engine.Open(s.t.Context(), info.ID)
	} else { // on D1
		_, conn, err = s.fleet.Fleet.Open(s.t.Context(), anOwner, name)
	}
	must(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ready waits until a database's provision has ended.
func (s *site) ready(name string) {
	s.t.Helper()
	d, err := s.fleet.Fleet.Database(s.t.Context(), anOwner, name)
	must(s.t, err)
	s.eventually(name+" is provisioned", func() bool { return !s.fleet.Fleet.Holds.Busy(d.ID) })
	d, err = s.fleet.Fleet.Database(s.t.Context(), anOwner, name) // as it was left
	must(s.t, err)
	if d.State != fleet.Ready {
		s.t.Fatalf("%s is %s: %s", name, d.State, d.Error)
	}
}

// patience is how long something that has to happen is waited for: so long that only
// what never happens takes longer, however busy the machine is.
const patience = 4 * time.Minute

// eventually waits until it is so.
func (s *site) eventually(what string, so func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("it isn't so that %s", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logBuffer is a log that may be written to from anywhere.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// breakable is a connection that fails while err is set, whose batches fail while refuses
// is, and that counts what it is asked.
type breakable struct {
	d1.Conn
	versions d1.Versioned
	asked    atomic.Int64
	mu       sync.Mutex
	err      error
	refuses  error
}

// refuse makes every change fail, and no read.
func (b *breakable) refuse(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuses = err
}

func (b *breakable) refusal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.err, b.refuses)
}

func (b *breakable) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *breakable) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *breakable) Query(ctx context.Context, st d1.Stmt) (*d1.Result, error) {
	b.asked.Add(1)
	if err := b.failure(); err != nil {
		return nil, err
	}
	return b.Conn.Query(ctx, st)
}

func (b *breakable) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	b.asked.Add(1)
	if err := b.refusal(); err != nil {
		return nil, err
	}
	return b.Conn.Batch(ctx, ss)
}

func (b *breakable) Version(ctx context.Context) (int64, error) {
	if err := b.failure(); err != nil {
		return 0, err
	}
	return b.versions.Version(ctx)
}
