package main

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// places are where databases live: the embedded engine, and the Cloudflare account
// once there is one.
type places struct {
	engine  d1.Provider
	account *account.Account
}

func (p places) Provider(name string) (d1.Provider, error) {
	if name == fleet.D1 {
		return p.account.Provider()
	}
	return p.engine, nil
}

// openAccount returns the Cloudflare account that the environment or the control
// plane says.
func openAccount(ctx context.Context, cfg config.Config, store controlplane.CloudflareTable, log *slog.Logger) (*account.Account, error) {
	v, err := openVault(cfg)
	if err != nil {
		return nil, err
	}
	return account.Open(ctx, account.Options{
		Store: store, Vault: v, URL: cfg.Cloudflare.APIURL, Dir: filepath.Join(cfg.DataDir, "d1"), Log: log, Now: now,
		Environment: account.Credentials{ID: cfg.Cloudflare.AccountID, Token: cfg.Cloudflare.APIToken, ReadToken: cfg.Cloudflare.APIReadToken},
	})
}
