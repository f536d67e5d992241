package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/demo"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
)

// demoOptions are how much --demo makes; tests make less.
var demoOptions = demo.Full()

// The demo is filled in a folder with ".new" behind its name, which gets its
// name when it is complete. The marker is the first file in it, so what a killed
// fill left behind can be told from what somebody else put there.
const (
	demoMarker = "demo.json"
	unfinished = ".new"
)

// marker is what the file demo.json says.
type marker struct {
	MadeAt   time.Time `json:"made_at"`
	Complete bool      `json:"complete"`
}

// holding is what a folder holds.
type holding uint8

const (
	nothing     holding = iota // or there is none
	partOfADemo                // a demo that was not completed
	wholeDemo
	somethingElse
)

func lookInto(dir string) (holding, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(dir); err == nil { // a link to nowhere
			return somethingElse, nil
		}
		return nothing, nil
	}
	if err != nil {
		if info, statErr := os.Stat(dir); statErr == nil && !info.IsDir() {
			return somethingElse, nil
		}
		return somethingElse, fmt.Errorf("the folder %s can't be read: %w", dir, err)
	}
	if len(entries) == 0 {
		return nothing, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, demoMarker)) //nolint:gosec // our own file
	var m marker
	switch {
	case err != nil:
		return somethingElse, nil
	case json.Unmarshal(b, &m) != nil || !m.Complete: // cut off while it was written, too
		return partOfADemo, nil
	}
	return wholeDemo, nil
}

func mark(dir string, complete bool) error {
	b, _ := json.Marshal(marker{MadeAt: now(), Complete: complete})
	if err := os.WriteFile(filepath.Join(dir, demoMarker), append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("the folder %s can't be written: %w", dir, err)
	}
	return nil
}

// markFirst is for a folder that isn't locked yet: who has it meanwhile may have
// marked it as complete.
func markFirst(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, demoMarker), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // our own file
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the folder %s can't be written: %w", dir, err)
	}
	return f.Close()
}

// takeFolder makes the data folder, for --demo with the demo in it, and takes it
// for this process.
func takeFolder(ctx context.Context, cfg config.Config, out io.Writer) (release func(), err error) {
	if cfg.Demo {
		return takeDemo(ctx, cfg, out)
	}
	if err := dataFolder(cfg); err != nil {
		return nil, err
	}
	return lockFolder(cfg.DataDir, cfg.Listen)
}

// takeDemo serves a demo that is there, fills a folder that isn't or that is
// empty, and refuses every other one as fault.Conflict, untouched.
func takeDemo(ctx context.Context, cfg config.Config, out io.Writer) (release func(), err error) {
	if to, err := filepath.EvalSymlinks(cfg.DataDir); err == nil {
		cfg.DataDir = to // a link stays one
	}
	switch h, err := lookInto(cfg.DataDir); {
	case err != nil:
		return nil, err
	case h == wholeDemo:
		_, _ = fmt.Fprintf(out, "Demo: the folder %s holds one already, and it is served as it is.\n", cfg.DataDir)
		return lockFolder(cfg.DataDir, cfg.Listen)
	case h != nothing:
		return nil, fault.New(fault.Conflict, "The folder %s holds something else than a demo. Nothing in it was changed. "+
			"Give one with --data that is new or empty.", cfg.DataDir)
	}
	if err := checkPlace(cfg.DataDir); err != nil {
		return nil, err
	}
	made := strings.TrimRight(cfg.DataDir, string(filepath.Separator)) + unfinished
	unlock, err := lockUnfinished(made, cfg.Listen)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (func(), error) {
		_ = os.RemoveAll(made)
		unlock()
		return nil, err
	}
	h, err := lookInto(cfg.DataDir)
	if err != nil {
		return fail(err)
	}
	if h != nothing { // somebody else was faster
		_, _ = fail(nil)
		return takeDemo(ctx, cfg, out)
	}
	if err := os.Remove(cfg.DataDir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(fault.Wrap(err, fault.Conflict,
			"The empty folder %s can't be replaced by the demo's. Give one with --data that does not exist yet.", cfg.DataDir))
	}
	if err := fillDemo(ctx, cfg, made, out); err != nil {
		return fail(err)
	}
	if err := mark(made, true); err != nil {
		return fail(err)
	}
	if err := os.Rename(made, cfg.DataDir); err != nil {
		return fail(fmt.Errorf("the demo can't be moved to %s: %w", cfg.DataDir, err))
	}
	return func() { // the lock went along with its file
		_ = os.Remove(filepath.Join(cfg.DataDir, "dashboard.lock.json"))
		unlock()
	}, nil
}

// checkPlace refuses a folder that this process is in: it is going to be
// replaced.
func checkPlace(dir string) error {
	at, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	in, err := os.Getwd()
	if err != nil {
		return err
	}
	if below, err := filepath.Rel(at, in); err == nil && below != ".." && !strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return fault.New(fault.Conflict, "The demo can't be made in the folder %s, in which it was started. Give another one with --data.", dir)
	}
	return nil
}

// lockUnfinished takes the folder that a demo is made in, with nothing in it but
// the marker and the lock.
func lockUnfinished(dir, listen string) (unlock func(), err error) {
	h, err := lookInto(dir)
	if err != nil {
		return nil, err
	}
	if h == somethingElse {
		return nil, fault.New(fault.Conflict, "The demo would be made in the folder %s, which holds something else. "+
			"Nothing in it was changed. Move it away, or give another folder with --data.", dir)
	}
	if h == nothing {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("the folder %s can't be made: %w", dir, err)
		}
		if err := markFirst(dir); err != nil {
			return nil, err
		}
	}
	unlock, err = lockFolder(dir, listen)
	if fault.Is(err, fault.Conflict) {
		return nil, fault.New(fault.Conflict, "The demo is being made already, by %s. Wait for it, "+
			"or give another folder with --data.", whoHolds(filepath.Join(dir, "dashboard.lock")))
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(mark(dir, false), clearUnfinished(dir)); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// clearUnfinished removes what a killed fill left behind.
func clearUnfinished(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != demoMarker && !strings.HasPrefix(e.Name(), "dashboard.lock") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// fillDemo makes the demo in a folder and closes everything in it.
func fillDemo(ctx context.Context, cfg config.Config, dir string, out io.Writer) (err error) {
	began := now()
	_, _ = fmt.Fprintf(out, "Demo: making one in the folder %s …\n", cfg.DataDir)
	clock := demo.NewClock(time.Now)
	control, err := local.OpenFile(filepath.Join(dir, "control.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, control.Close()) }()
	store, err := controlplane.Open(ctx, control, clock.Now)
	if err != nil {
		return err
	}
	engine, err := local.Open(filepath.Join(dir, "databases"),
		local.Options{OpenDatabases: cfg.OpenDatabases, Memory: int64(cfg.StatementMemory) << 20})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	// The provision that is made to fail is no news.
	f := house.New(store, fleet.EmbeddedOnly{Engine: engine}, slog.New(slog.DiscardHandler), clock.Now)
	defer f.Close()
	err = demo.Fill(ctx, demo.Target{House: f, Provider: engine, Clock: clock}, demoOptions, func(line string) {
		_, _ = fmt.Fprintf(out, "Demo: %s …\n", line)
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return fault.Wrap(err, fault.Unavailable, "The demo was not finished, and nothing of it was kept.")
	case err != nil:
		return err
	}
	_, _ = fmt.Fprintf(out, "Demo: made in %.1f s. It stays in %s until you delete the folder.\n", now().Sub(began).Seconds(), cfg.DataDir)
	return nil
}
