package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// backup writes a copy of the control plane; the dashboard may go on running.
func backup(ctx context.Context, cfg config.Config, args []string, term terminal, _ *slog.Logger) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: dashboard backup FILE", errUsage)
	}
	if err := checkFolder(ctx, cfg, true); err != nil {
		return err
	}
	if err := local.CopyFile(ctx, controlFile(cfg), args[0]); err != nil {
		return err
	}
	info, err := os.Stat(args[0])
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(term, "The control plane is in %s, %d bytes. It holds organizations, schemas, plans, "+
		"people and the audit log;\nthe databases themselves are the files below %s.\n", args[0], info.Size(), databasesDir(cfg))
	return nil
}

// restore puts a backup in the place of the control plane. The dashboard must not
// be running. What was there is kept beside it.
func restore(ctx context.Context, cfg config.Config, args []string, term terminal, _ *slog.Logger) error {
	if len(args) != 1 {
		return fmt.Errorf("%w: dashboard restore FILE", errUsage)
	}
	if err := local.CheckFile(args[0]); err != nil {
		return err
	}
	if err := dataFolder(cfg); err != nil {
		return err
	}
	release, err := lockFolder(cfg.DataDir, "restore")
	if err != nil {
		return err
	}
	defer release()
	target := controlFile(cfg)
	incoming := target + ".incoming"
	if err := os.Remove(incoming); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := local.CopyFile(ctx, args[0], incoming); err != nil {
		return err
	}
	defer func() { _ = os.Remove(incoming) }() // gone already when all went well
	if err := checkControlPlane(ctx, incoming); err != nil {
		return err
	}
	kept, err := setAside(ctx, target)
	if err != nil {
		return err
	}
	_ = os.Remove(incoming + "-wal")
	_ = os.Remove(incoming + "-shm")
	if err := os.Rename(incoming, target); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(term, "The control plane is the one of %s.\n", args[0])
	if kept != "" {
		_, _ = fmt.Fprintf(term, "What was there before is kept as %s.\n", kept)
	}
	return tellDifferences(ctx, cfg, term)
}

// setAside keeps what is in a control plane's place under another name, which it
// returns, "" for nothing; and takes its log away, which must not meet another file. One
// that can't be copied is moved, with its log, as it is.
func setAside(ctx context.Context, target string) (kept string, err error) {
	kept = target + ".before-" + now().Format("20060102T150405Z")
	s, err := standingOf(ctx, target)
	if err != nil {
		s = damaged
	}
	if s == sound {
		err := local.CopyFile(ctx, target, kept) // its last close moves the log into the file
		if fault.Is(err, fault.Conflict) {
			return "", err
		}
		if err != nil {
			s = damaged
		}
	}
	moved := false
	for _, part := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(target + part)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", err
		case part == "" && s == sound: // it is replaced at once
			continue
		case s == sound || info.Size() == 0 || part == "-shm":
			err = os.Remove(target + part)
		default:
			moved, err = true, os.Rename(target+part, kept+part)
		}
		if err != nil {
			return "", err
		}
	}
	if s != sound && !moved {
		return "", nil
	}
	return kept, nil
}

// checkControlPlane refuses a file that is no control plane this program can open,
// and brings an older one to this version, as a start would.
func checkControlPlane(ctx context.Context, path string) error {
	conn, err := local.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	known, err := controlplane.Is(ctx, conn)
	if err != nil {
		return err
	}
	if !known {
		return fault.New(fault.Invalid, "This file is a database, but no control plane of the dashboard. Nothing was changed.")
	}
	_, err = controlplane.Open(ctx, conn, now)
	return err
}

// tellDifferences says which databases the control plane and the folder don't
// share: a backup is as old as it is.
func tellDifferences(ctx context.Context, cfg config.Config, term terminal) error {
	engine, err := local.Open(databasesDir(cfg), local.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	conn, err := local.OpenFile(controlFile(cfg))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	store, err := controlplane.Attach(ctx, conn, now)
	if err != nil {
		return err
	}
	infos, err := engine.List(ctx)
	if err != nil {
		return err
	}
	files := map[string]string{}
	for _, info := range infos {
		files[info.ID] = info.Name
	}
	var missing []string
	for _, status := range []fleet.Status{"", fleet.Status(fleet.Archived)} {
		for page := 1; ; page++ {
			ds, n, err := store.Databases(ctx, fleet.Filter{Status: status, Page: fleet.Page{Number: page, Size: 500}})
			if err != nil {
				return err
			}
			for _, d := range ds {
				if _, ok := files[d.ProviderID]; !ok && d.ProviderID != "" {
					missing = append(missing, d.Name)
				}
				delete(files, d.ProviderID)
			}
			if page*500 >= n {
				break
			}
		}
	}
	if len(missing) > 0 {
		_, _ = fmt.Fprintf(term, "It knows %d databases whose files are not in %s: %s.\n", len(missing), databasesDir(cfg), some(missing))
	}
	if len(files) > 0 {
		var names []string
		for _, name := range files {
			names = append(names, name)
		}
		slices.Sort(names)
		_, _ = fmt.Fprintf(term, "There are %d database files it doesn't know, made after the backup: %s. "+
			"They are left where they are.\n", len(names), some(names))
	}
	return nil
}

// some names the first of many.
func some(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

func databasesDir(cfg config.Config) string { return filepath.Join(cfg.DataDir, "databases") }
