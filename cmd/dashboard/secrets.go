package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/vault"
)

func keyFile(cfg config.Config) string { return filepath.Join(cfg.DataDir, "secret.key") }

// openVault returns the vault of the environment's keys, else of the key file.
func openVault(cfg config.Config) (*vault.Vault, error) {
	if !cfg.SecretKey.IsZero() {
		return vault.Parse(cfg.SecretKey.Reveal())
	}
	return vault.FromFile(keyFile(cfg))
}

// rotateKey seals the stored secrets anew: with a new key in the key file, or with
// the first of the environment's keys. The dashboard must not be running, since it
// would go on with the old one. A stop at any moment leaves keys that open
// everything.
func rotateKey(ctx context.Context, cfg config.Config, args []string, term terminal, _ *slog.Logger) error {
	if len(args) != 0 {
		return fmt.Errorf("%w: dashboard rotate-key", errUsage)
	}
	return withStore(ctx, cfg, func(s *controlplane.Store) error {
		release, err := lockFolder(cfg.DataDir, "rotate-key")
		if err != nil {
			return err
		}
		defer release()
		v, err := openVault(cfg)
		if err != nil {
			return err
		}
		if cfg.SecretKey.IsZero() {
			if v, err = v.WithNewKey(); err != nil {
				return err
			}
			if err := v.Save(keyFile(cfg)); err != nil { // old and new, until all is sealed anew
				return err
			}
		}
		at := now()
		e := audit.Entry{ID: id.At[string](at), At: at, Actor: auth.SystemActor("rotate-key").Email,
			Action: audit.SecretsRotate, Outcome: audit.Done}
		n, err := account.Reseal(ctx, s.CloudflareTable, v, e)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(term, "Sealed anew: %d.\n", n)
		if !cfg.SecretKey.IsZero() {
			_, _ = fmt.Fprintln(term, "Everything is sealed with the first key of KURATCHI_SECRET_KEY. The others can be taken away.")
			return nil
		}
		if err := v.WithoutOldKeys().Save(keyFile(cfg)); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(term, "The old key is gone from %s.\n", keyFile(cfg))
		return nil
	})
}
