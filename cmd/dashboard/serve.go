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
	"sync/atomic"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/schemas"
	"github.com/kuratchi/dashboard/web/templates/layout"
)

// serve runs the dashboard until ctx is done, then lets the requests under way
// end.
func serve(ctx context.Context, cfg config.Config, _ []string, term terminal, log *slog.Logger) error {
	release, err := takeFolder(ctx, cfg, term)
	if err != nil {
		return err
	}
	defer release()
	if err := checkFolder(ctx, cfg, false); err != nil {
		return err
	}
	control, err := local.OpenFile(controlFile(cfg))
	if err != nil {
		return err
	}
	defer func() { _ = control.Close() }()
	store, err := controlplane.Open(ctx, control, now)
	if err != nil {
		return err
	}
	if err := store.Ready(ctx); err != nil {
		return err
	}
	watch, err := watchClock(ctx, store, log)
	if err != nil {
		return err
	}
	store.PurgeWhile(watch.Steady)
	engine, err := local.Open(databasesDir(cfg), local.Options{OpenDatabases: cfg.OpenDatabases, Memory: int64(cfg.StatementMemory) << 20})
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	acc, err := openAccount(ctx, cfg, store.CloudflareTable, log)
	if err != nil {
		return err
	}
	f := house.New(store, places{engine, acc}, log, now)
	defer f.Close()
	f.Keep.PurgeWhile(watch.Steady)
	if err := f.Recover(ctx); err != nil {
		return err
	}
	if err := seed(ctx, f); err != nil {
		return err
	}
	if err := os.RemoveAll(uploadsDir(cfg)); err != nil { // before anybody is told where to upload
		return fmt.Errorf("can't remove what is left of uploads: %w", err)
	}
	listener, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("can't listen on %s: %w", cfg.Listen, err)
	}
	if err := announce(ctx, cfg, store.SetupTable, listener.Addr().String(), term); err != nil {
		_ = listener.Close()
		return err
	}
	watched, stop := context.WithCancel(ctx)
	watching := make(chan struct{})
	go func() { defer close(watching); f.Run(watched) }()
	defer func() { stop(); <-watching }()
	return answer(ctx, cfg, listener, rooms{f, acc, store, log})
}

func controlFile(cfg config.Config) string { return filepath.Join(cfg.DataDir, "control.db") }

// uploadsDir is where an uploaded file is while it is needed, on the disk of the
// databases: what a start finds there is left of a program that was killed.
func uploadsDir(cfg config.Config) string { return filepath.Join(cfg.DataDir, "uploads") }

// rooms are what requests are answered with.
type rooms struct {
	fleet   *house.House
	account *account.Account
	store   *controlplane.Store
	log     *slog.Logger
}

// answer serves requests. A request's head has to come within 5 s. Its body and its
// answer have a pace to keep, set by the handlers; what is set here holds until they do.
func answer(ctx context.Context, cfg config.Config, l net.Listener, r rooms) error {
	hasher, err := auth.NewHasher(auth.DefaultParams())
	if err != nil {
		return err
	}
	var stopping atomic.Bool
	h := handlers.New(handlers.Options{
		House: r.fleet, Account: r.account, Operators: r.store, Hasher: hasher, Throttle: auth.NewThrottle(now), Log: r.log, Now: now,
		Sessions:       auth.NewStore(r.store.SessionTable, auth.StoreOptions{Insecure: !cfg.SecureCookie(), Now: now, Log: r.log}),
		Env:            layout.Env{Name: cfg.Environment.Name, Color: string(cfg.Environment.Color)},
		TrustedProxies: cfg.TrustedProxies, Uploads: uploadsDir(cfg),
		Desk: desk.New(desk.Options{Log: r.store.AuditTable, Switch: r.store.SwitchTable, Rows: cfg.SQLRowCap, Timeout: cfg.SQLTimeout, Now: now,
			ReadToken: func() bool { return r.account.State().ReadToken }}),
		Ready: func() error {
			if stopping.Load() {
				return errors.New("stopping")
			}
			return nil
		},
	})
	server := &http.Server{
		Handler: h.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 90 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping.Store(true)
	r.log.Info("stopping", "grace", cfg.ShutdownGrace)
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.ShutdownGrace)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		r.log.Warn("requests were cut off", "error", err)
		_ = server.Close()
	}
	return nil
}

// announce says where the dashboard is, and while it has no owner, how to
// become that.
func announce(ctx context.Context, cfg config.Config, store controlplane.SetupTable, addr string, stdout io.Writer) error {
	base := baseURL(cfg, addr)
	claimed, err := store.Claimed(ctx)
	if err != nil {
		return err
	}
	if claimed {
		_, _ = fmt.Fprintf(stdout, "Kuratchi Dashboard is at %s\n", base)
		return nil
	}
	return printSetupLink(ctx, store, base, stdout)
}

func printSetupLink(ctx context.Context, store controlplane.SetupTable, base string, stdout io.Writer) error {
	plain, hash := auth.NewToken("")
	if err := store.SetupToken(ctx, hash, now().Add(auth.SetupFor)); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "Kuratchi Dashboard has no owner yet. Within %d minutes, open\n\n  %s/setup?token=%s\n\n"+
		"A new link: dashboard setup-token\n", int(auth.SetupFor.Minutes()), base, plain)
	return nil
}

// baseURL is where people find the dashboard.
func baseURL(cfg config.Config, addr string) string {
	if cfg.PublicURL != "" {
		return cfg.PublicURL
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "http://" + addr
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// seed gives a new dashboard the organization schema to start with.
func seed(ctx context.Context, f *house.House) error {
	_, known, err := f.Change.Schemas.List(ctx, "", fleet.Page{})
	if err != nil || known > 0 {
		return err
	}
	for _, name := range []string{"organization.v1.json", "organization.v2.json"} {
		src, err := schemas.FS.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := f.Change.Schemas.SaveVersion(ctx, auth.SystemActor("seed"), "", string(src)); err != nil && !fault.Is(err, fault.Conflict) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
