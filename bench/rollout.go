package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// rollout is what the process that applies a plan to many databases prints.
type rollout struct {
	// Took is until the last one was answered, with the databases that stay open
	// then closed too: nothing is left to do.
	Took time.Duration
	// Peak is the most memory that was resident, in MB; 0 where it isn't told.
	Peak int
}

// rolledOut applies a plan of three steps to many small databases, once two and
// once four at a time, each in a process of its own for its memory to be told.
func rolledOut(ctx context.Context, b *bench) ([]line, error) {
	var lines []line
	for _, atOnce := range []int{2, 4} {
		dir := fmt.Sprintf("%s/rollout-%d", b.dir, atOnce)
		if err := seed(ctx, dir, b.databases); err != nil {
			return nil, err
		}
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, self, "-rollout", dir, "-at-once", strconv.Itoa(atOnce))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("rolling out: %w", err)
		}
		var r rollout
		if err := json.Unmarshal(out, &r); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
		rate := float64(b.databases) / r.Took.Seconds()
		lines = append(lines,
			line{what: fmt.Sprintf("a plan of three steps applied to %d small databases, %d at a time", b.databases, atOnce),
				result: fmt.Sprintf("%.0f a second", rate), goal: "≥ 600 a second", met: rate >= 600},
			atMost("– the most memory resident meanwhile", float64(r.Peak), 64, "MB"))
	}
	return lines, nil
}

// seed makes a folder of many equal databases, by an engine's rules for names. It
// returns when the disk has them.
func seed(ctx context.Context, dir string, n int) error {
	from, err := parsed(3, "")
	if err != nil {
		return err
	}
	first := filepath.Join(dir, "first")
	e, err := local.Open(first, local.Options{})
	if err != nil {
		return err
	}
	info, err := e.Create(ctx, d1.CreateInput{Name: "small"})
	if err == nil {
		err = withConn(ctx, e, info.ID, func(conn d1.Conn) error {
			_, err := migrate.Synchronize(ctx, conn, from, migrate.Attempt{ID: "first", Actor: "bench", At: time.Now()})
			return err
		})
	}
	content, err := contentOf(ctx, e, info.ID, err)
	if err := errors.Join(err, e.Close()); err != nil {
		return err
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("small-%05d.00000000-0000-7000-8000-%012d.db", i, i)), content, 0o600); err != nil {
			return err
		}
	}
	syscall.Sync()
	return os.RemoveAll(first)
}

// contentOf is a database's file that says of no database that it is its: that it can be
// any one's.
func contentOf(ctx context.Context, e *local.Engine, id string, made error) ([]byte, error) {
	if made != nil {
		return nil, made
	}
	f, err := e.Copy(ctx, id, "")
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(f)
	return content, errors.Join(err, f.Close())
}

// rollOut applies one plan to every database of a folder and prints a rollout.
func rollOut(ctx context.Context, dir string, atOnce int) error {
	to, err := parsed(3, `, "note": "text"`)
	if err != nil {
		return err
	}
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		return err
	}
	infos, err := e.List(ctx)
	if err != nil || len(infos) == 0 {
		return errors.Join(errors.New("there are no databases in "+dir), err)
	}
	var p *migrate.Plan // all are alike, and the batch itself asserts that
	if err := withConn(ctx, e, infos[0].ID, func(conn d1.Conn) error {
		live, err := migrate.Inspect(ctx, conn)
		if err != nil {
			return err
		}
		p, err = migrate.New(live, to, nil)
		return err
	}); err != nil {
		return err
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, atOnce)
	// Each takes its id at its first opening, once in its life.
	for _, i := range infos {
		if err := withConn(ctx, e, i.ID, func(conn d1.Conn) error {
			_, err := conn.Query(ctx, d1.Query("select 1"))
			return err
		}); err != nil {
			return err
		}
	}
	if err := e.Close(); err != nil {
		return err
	}
	if e, err = local.Open(dir, local.Options{}); err != nil {
		return err
	}
	began := time.Now()
	for range atOnce {
		wg.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(infos); i = next.Add(1) - 1 {
				if err := withConn(ctx, e, infos[i].ID, func(conn d1.Conn) error {
					_, err := migrate.Apply(ctx, conn, p, migrate.Attempt{ID: "second", Actor: "bench", At: time.Now()})
					return err
				}); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	closed := e.Close()
	took := time.Since(began)
	close(failed)
	if err := errors.Join(<-failed, closed); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(rollout{Took: took, Peak: peak()})
}

func withConn(ctx context.Context, e *local.Engine, id string, do func(d1.Conn) error) error {
	conn, err := e.Open(ctx, id)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return do(conn)
}

// peak is the most memory this process has had, in MB, 0 where it isn't told.
func peak() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kb, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return kb / 1024
}
