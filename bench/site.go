package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/vault"
	"github.com/kuratchi/dashboard/schemas"
	"github.com/kuratchi/dashboard/web/templates/layout"
)

// databaseName is the one database that a site has at first.
const databaseName = "bench"

// tablePath is the first page of its table.
const tablePath = "/databases/" + databaseName + "/tables/users"

// site is the dashboard's server in this process, on a data folder of the same
// form as the program's, with the owner signed in.
type site struct {
	dir, url, cookie string
	control          d1.Conn
	conn             d1.Conn // the database's, not watched
	engine           *watched
	fleet            *house.House
	closers          []func() error
}

func now() time.Time { return time.Now().UTC() }

// newSite starts a site with a database that is empty.
func newSite(ctx context.Context, dir string) (s *site, err error) {
	s = &site{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, err
	}
	if s.control, err = local.OpenFile(filepath.Join(dir, "control.db")); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.control.Close)
	store, err := controlplane.Open(ctx, s.control, now)
	if err != nil {
		return s, err
	}
	engine, err := local.Open(filepath.Join(dir, "databases"), local.Options{})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, engine.Close)
	s.engine = &watched{Provider: engine, freed: make(chan time.Time, 1)}
	log := slog.New(slog.DiscardHandler)
	f := house.New(store, fleet.EmbeddedOnly{Engine: s.engine}, log, now)
	s.closers = append(s.closers, func() error { f.Close(); return nil })
	if err := s.provision(ctx, f); err != nil {
		return s, err
	}
	if s.cookie, err = signIn(ctx, store); err != nil {
		return s, err
	}
	hasher, err := auth.NewHasher(auth.DefaultParams())
	if err != nil {
		return s, err
	}
	v, err := vault.FromFile(filepath.Join(dir, "secret.key"))
	if err != nil {
		return s, err
	}
	acc, err := account.Open(ctx, account.Options{Store: store, Vault: v, Dir: filepath.Join(dir, "d1"), Log: log, Now: now})
	if err != nil {
		return s, err
	}
	h := handlers.New(handlers.Options{
		House: f, Account: acc, Operators: store, Hasher: hasher, Throttle: auth.NewThrottle(now), Log: log, Now: now,
		Sessions: auth.NewStore(store.SessionTable, auth.StoreOptions{Insecure: true, Now: now}), Env: layout.Env{Name: "bench", Color: "gray"},
		Desk: desk.New(desk.Options{Log: store.AuditTable, Switch: store.SwitchTable, Rows: 1000, Timeout: 30 * time.Second, Now: now,
			ReadToken: func() bool { return false }}),
	})
	s.url, err = s.serve(h.Handler())
	return s, err
}

// close stops the site and leaves its files whole.
func (s *site) close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

// serve answers on a port of the loopback until the site is closed.
func (s *site) serve(h http.Handler) (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	s.closers = append(s.closers, server.Close)
	return "http://" + l.Addr().String(), nil
}

// signIn makes the owner and returns the cookie of a session.
func signIn(ctx context.Context, store *controlplane.Store) (cookie string, err error) {
	o := auth.Operator{ID: id.New[id.Operator](), Email: "bench@example.com", Role: auth.RoleOwner, CreatedAt: now()}
	plain, hash := auth.NewToken("")
	if err := store.SetupToken(ctx, hash, now().Add(auth.SetupFor)); err != nil {
		return "", err
	}
	if err := store.Claim(ctx, hash, o, "none"); err != nil {
		return "", err
	}
	err = store.CreateSession(ctx, auth.Session{Hash: auth.HashToken(plain), Operator: o.ID, CreatedAt: now(), LastSeen: now()})
	return auth.InsecureCookieName + "=" + plain, err
}

// provision makes the schema that comes with the program, and a database.
func (s *site) provision(ctx context.Context, f *house.House) error {
	for _, name := range []string{"organization.v1.json", "organization.v2.json"} {
		src, err := schemas.FS.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := f.Change.Schemas.SaveVersion(ctx, auth.SystemActor("bench"), "", string(src)); err != nil {
			return err
		}
	}
	s.fleet = f
	var err error
	s.conn, err = s.add(ctx, databaseName)
	return err
}

// add makes one more database and returns once it is ready.
func (s *site) add(ctx context.Context, name string) (d1.Conn, error) {
	if _, err := s.fleet.Provision.Start(ctx, auth.SystemActor("bench"),
		provision.Input{OrgName: name, Name: name, Request: name}); err != nil {
		return nil, err
	}
	for {
		d, err := s.fleet.Fleet.Database(ctx, auth.SystemActor("bench"), name)
		switch {
		case err != nil:
			return nil, err
		case d.State == fleet.Ready:
			return s.engine.Provider.Open(ctx, d.ProviderID)
		case d.State != fleet.Provisioning:
			return nil, fmt.Errorf("the database is %s: %s", d.State, d.Error)
		}
		time.Sleep(time.Millisecond)
	}
}

// file is the database's file.
func (s *site) file() (string, error) {
	found, err := filepath.Glob(filepath.Join(s.dir, "databases", databaseName+".*.db"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("the database's file: %q %w", found, err)
	}
	return found[0], nil
}

// client is a browser that stays connected and undoes no compression.
var client = &http.Client{
	Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4},
	Timeout:   time.Minute,
}

// get fetches a page and returns its bytes as they came; encoding is what the
// client says it accepts.
func (s *site) get(ctx context.Context, url, encoding string) ([]byte, error) {
	return get(ctx, url, s.cookie, encoding)
}

func get(ctx context.Context, url, cookie, encoding string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cookie", cookie)
	req.Header.Set("Accept-Encoding", encoding)
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || res.Request.URL.Path != req.URL.Path) {
		err = fmt.Errorf("GET %s: %s, at %s", url, res.Status, res.Request.URL)
	}
	return body, err
}
