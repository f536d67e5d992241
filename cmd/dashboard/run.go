package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/fault"
)

// The exit codes: 2 is a mistake in what was asked for.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

const commands = `
Commands (flags come before them):
  (none)                 serve the dashboard
  setup-token            make a new link for creating the owner
  reset-password EMAIL   set an operator's password, read from standard input
  backup FILE            write a copy of the control plane, also while the dashboard runs
  restore FILE           put such a copy in its place, while the dashboard does not run
  rotate-key             seal the stored secrets with a new key, while the dashboard does not run
  healthcheck            ask the running dashboard whether it is ready
`

// process is what the program has of the machine it runs on.
type process struct {
	lookup         func(variable string) (string, bool)
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run is the program. It returns when ctx is done or the command has ended.
func run(ctx context.Context, args []string, p process) int {
	cfg, rest, err := config.Load(args, p.lookup, p.stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, _ = fmt.Fprint(p.stdout, commands)
		return exitOK
	case err != nil:
		_, _ = fmt.Fprintln(p.stderr, err)
		return exitUsage
	}
	var name string
	if len(rest) > 0 {
		name, rest = rest[0], rest[1:]
	}
	command, ok := map[string]func(context.Context, config.Config, []string, terminal, *slog.Logger) error{
		"": serve, "setup-token": setupToken, "reset-password": resetPassword, "backup": backup, "restore": restore,
		"rotate-key": rotateKey, "healthcheck": healthcheck,
	}[name]
	if !ok {
		_, _ = fmt.Fprintf(p.stderr, "There is no command %q.\n%s", name, commands)
		return exitUsage
	}
	if err := command(ctx, cfg, rest, terminal{p.stdin, p.stdout}, logger(cfg, p.stderr)); err != nil {
		_, _ = fmt.Fprintln(p.stderr, explain(err))
		if errors.Is(err, errUsage) {
			return exitUsage
		}
		return exitFailed
	}
	return exitOK
}

// terminal is where a command reads from and writes to.
type terminal struct {
	io.Reader
	io.Writer
}

var errUsage = errors.New("usage")

// explain writes an error for the person at the terminal, who may see its cause.
func explain(err error) string {
	if fault.KindOf(err) == fault.Internal {
		return err.Error()
	}
	return fault.Message(err)
}

func logger(cfg config.Config, w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == config.JSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// dataFolder makes the folder for everything that is kept.
func dataFolder(cfg config.Config) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("the data folder %s can't be made: %w", cfg.DataDir, err)
	}
	return nil
}
