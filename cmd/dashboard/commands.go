package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// withStore opens the control plane of a data folder that exists, beside a
// dashboard that may be running on it.
func withStore(ctx context.Context, cfg config.Config, f func(*controlplane.Store) error) error {
	if err := checkFolder(ctx, cfg, true); err != nil {
		return err
	}
	conn, err := local.OpenFile(controlFile(cfg))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	store, err := controlplane.Attach(ctx, conn, now)
	if err != nil {
		return err
	}
	return f(store)
}

// setupToken prints a new link for creating the owner.
func setupToken(ctx context.Context, cfg config.Config, _ []string, term terminal, _ *slog.Logger) error {
	return withStore(ctx, cfg, func(s *controlplane.Store) error {
		return printSetupLink(ctx, s.SetupTable, baseURL(cfg, cfg.Listen), term)
	})
}

// resetPassword sets an operator's password and ends the operator's sessions.
func resetPassword(ctx context.Context, cfg config.Config, args []string, term terminal, _ *slog.Logger) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: dashboard reset-password EMAIL, the new password on standard input", errUsage)
	}
	email, err := auth.NormalizeEmail(args[0])
	if err != nil {
		return err
	}
	return withStore(ctx, cfg, func(s *controlplane.Store) error {
		o, _, err := s.OperatorByEmail(ctx, email)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(term, "New password for %s: ", email)
		password, err := bufio.NewReader(term).ReadString('\n')
		if err != nil && password == "" {
			return fault.New(fault.Invalid, "No password was given on standard input. Nothing was changed.")
		}
		password = strings.TrimRight(password, "\r\n")
		if err := auth.CheckNew(password, email); err != nil {
			return err
		}
		hasher, err := auth.NewHasher(auth.DefaultParams())
		if err != nil {
			return err
		}
		hash, err := hasher.Hash(ctx, password)
		if err != nil {
			return err
		}
		at := now()
		e := audit.Entry{ID: id.At[string](at), At: at, Actor: auth.SystemActor("reset-password").Email,
			Action: audit.OperatorPassword, Outcome: audit.Done, Target: email}
		if err := s.SetPassword(ctx, o.ID, hash, e); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(term, "\nThe password of %s is set, and all sessions are ended.\n", email)
		return nil
	})
}

// healthcheck asks the running dashboard for /readyz, for a container's health.
func healthcheck(ctx context.Context, cfg config.Config, _ []string, term terminal, _ *slog.Logger) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The dashboard does not answer on %s.", cfg.Listen)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
	if res.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, "The dashboard is not ready: %s", strings.TrimSpace(string(body)))
	}
	_, _ = term.Write(body)
	return nil
}
