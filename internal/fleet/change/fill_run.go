package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// How a fill leaves room for others, and how long it waits for a database that
// doesn't answer.
const (
	// fillRest is the least rest between two chunks; a chunk that took longer is
	// followed by as long a rest, so that others have half of the time.
	fillRest = 50 * time.Millisecond
	// fillTries is how often in a row a chunk is tried that may be tried again, with
	// a longer wait each time, a minute in all.
	fillTries = 10
	retryRest = time.Second
	// fillGrace is how long what is under way may go on after a stop.
	fillGrace = 10 * time.Second
	// fillLeast is the fewest rows of a chunk: one that takes too long is halved.
	fillLeast = 100
)

// fillRun is the fills of one plan under way in this process.
type fillRun struct {
	cancel context.CancelFunc
	// at is how far each is, nil before the first look; the mutex of Fills guards it.
	at []migrate.FillProgress
}

// recoverFills goes on with what was running when the program stopped.
func (fi *Fills) recoverFills(ctx context.Context, a auth.Actor) error {
	plans, err := fi.store.FillingPlans(ctx, "")
	if err != nil {
		return err
	}
	for _, p := range plans {
		fi.startFilling(a, p)
	}
	return nil
}

// startFilling runs the fills of a plan in the background, where they are to run and don't
// yet. They end at a chunk when the program stops or an operator stops them.
func (fi *Fills) startFilling(a auth.Actor, p fleet.Plan) {
	if p.Filling.State != fleet.FillRunning {
		return
	}
	fi.mu.Lock()
	defer fi.mu.Unlock()
	if fi.fills[p.ID] != nil || fi.background.Err() != nil {
		return
	}
	ctx, cancel := context.WithCancel(fi.background)
	run := &fillRun{cancel: cancel}
	fi.fills[p.ID] = run
	fi.work.Add(1)
	go func() {
		defer fi.work.Done()
		defer func() {
			cancel()
			fi.mu.Lock()
			defer fi.mu.Unlock()
			if fi.fills[p.ID] == run {
				delete(fi.fills, p.ID)
			}
		}()
		failpoint.Hit("fill:begun")
		err := fi.fleet.Door.Finish(ctx, a, fleet.OpFill.Kind, p.Filling.Intent, operation.Job{
			About: audit.Entry{Database: p.Database, Target: string(p.ID)},
			Work:  func(ctx context.Context, _ *audit.Entry) error { return fi.fill(ctx, p, run) },
			End: func(rctx context.Context, e audit.Entry, err error) error {
				if ctx.Err() != nil { // stopped: by an operator, who recorded it, or by the program, which goes on at its next start
					return nil
				}
				return fi.recordFilling(rctx, p, e, err)
			},
		})
		if err != nil {
			fi.log.Error("fill", "plan", p.ID, "database", p.Database, "error", err)
		}
	}()
}

// recordFilling records how the fills of a plan ended.
func (fi *Fills) recordFilling(ctx context.Context, p fleet.Plan, e audit.Entry, cause error) error {
	d, err := fi.store.Database(ctx, p.Database)
	if err != nil {
		return err
	}
	e.Org, e.Detail = d.OrgSlug, planWords(p)
	if all, err := fi.FillProgress(ctx, p); err == nil { // else the outcome is told without the numbers
		rows, words := sumProgress(all)
		e.Rows, e.Detail = rows, e.Detail+", "+words
	}
	p.Filling.State, p.Filling.Error, p.Filling.Since = fleet.FillDone, fi.unfilledWords(ctx, p), e.At
	if cause != nil {
		fi.log.Warn("fill", "plan", p.ID, "database", p.Database, "error", cause)
		p.Filling.State, p.Filling.Error = fleet.FillFailed, fault.Message(cause)
	}
	if p.Filling.Error != "" {
		e.Detail += ": " + p.Filling.Error
	}
	return fi.store.UpdateFilling(ctx, p, fleet.FillRunning, e)
}

// unfilledWords says how many rows have no value though every chunk is done, "" for none
// and where that can't be read.
func (fi *Fills) unfilledWords(ctx context.Context, p fleet.Plan) string {
	_, conn, err := fi.fleet.OpenDatabase(ctx, p.Database)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	var words []string
	for _, fill := range p.Body.Fills {
		if n, err := fill.Left(ctx, conn); err == nil && n > 0 {
			words = append(words, fmt.Sprintf("Rows without %s: %d. The expression gave NULL, or they were written without a value "+
				"meanwhile.", fill.Object(), n))
		}
	}
	return strings.Join(words, " ")
}

// fill does the chunks of a plan's fills that are left. The error is what it can't go
// on for; nil too when ctx ended.
func (fi *Fills) fill(ctx context.Context, p fleet.Plan, run *fillRun) error {
	w := &fillWalk{plan: p, rows: migrate.FillChunk, now: fi.now}
	for w.next < len(p.Body.Fills) {
		began := time.Now()
		if err := fi.retryFill(ctx, p, w.step); err != nil || ctx.Err() != nil {
			return err
		}
		if len(w.at) != len(p.Body.Fills) {
			return fault.New(fault.Conflict, "The database does not know of these fills any more.")
		}
		fi.noteFilling(run, w.at)
		for w.next < len(w.at) && !w.at[w.next].Finished.IsZero() {
			w.next++
		}
		if w.next < len(w.at) {
			pause(ctx, max(fillRest, time.Since(began)))
		}
	}
	return nil
}

// noteFilling notes how far fills are that run here.
func (fi *Fills) noteFilling(run *fillRun, at []migrate.FillProgress) {
	fi.mu.Lock()
	defer fi.mu.Unlock()
	run.at = slices.Clone(at)
}

// fillWalk is the way through a plan's fills.
type fillWalk struct {
	plan fleet.Plan
	// at is how far each fill is, nil before the first look, and next the one that
	// isn't done.
	at   []migrate.FillProgress
	next int
	// rows is how many a chunk has: fewer after one that took too long.
	rows int
	now  func() time.Time
}

// step reads where the fills are, or does the next chunk.
func (w *fillWalk) step(ctx context.Context, conn d1.Conn) error {
	if w.at == nil {
		var err error
		w.at, err = w.read(ctx, conn)
		return err
	}
	err := w.chunk(ctx, conn)
	if fault.Is(err, fault.Limited) {
		w.rows = max(fillLeast, w.rows/2)
	}
	return err
}

// chunk does the next chunk. One that somebody else did is read.
func (w *fillWalk) chunk(ctx context.Context, conn d1.Conn) error {
	next, err := w.plan.Body.Fills[w.next].Chunk(ctx, conn, migrate.Portion{
		Plan: string(w.plan.ID), At: w.at[w.next], Rows: w.rows, Now: w.now(),
	})
	if migrate.Moved(err) {
		all, lost := w.read(ctx, conn)
		if lost == nil && len(all) == len(w.at) {
			w.at = all
		}
		return lost
	}
	if err != nil {
		return err
	}
	w.at[w.next] = next
	failpoint.Hit("fill:chunk")
	return nil
}

func (w *fillWalk) read(ctx context.Context, conn d1.Conn) ([]migrate.FillProgress, error) {
	return migrate.StartFills(ctx, conn, &w.plan.Body, string(w.plan.ID), w.now())
}

// retryFill does one thing to the plan's database, which a stop of the program
// gives time to end, and tries again what may be tried again.
func (fi *Fills) retryFill(ctx context.Context, p fleet.Plan, do func(context.Context, d1.Conn) error) error {
	for try := 1; ; {
		finishing, cancel := withGrace(ctx, fillGrace)
		busy, err := fi.useDatabase(finishing, p.Database, do)
		cancel()
		if ctx.Err() != nil && finishing.Err() != nil { // what it came to, the next start reads
			return nil
		}
		switch {
		case busy: // what comes back says how far the fill then is
		case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Limited), fault.Is(err, fault.Unknown):
			if try == fillTries {
				return err
			}
			try++
		default:
			return err
		}
		if pause(ctx, time.Duration(try)*retryRest); ctx.Err() != nil {
			return nil
		}
	}
}

// useDatabase opens a database for one thing. It reports whether that could not be
// done because the database is worked on as a whole, or held.
func (fi *Fills) useDatabase(ctx context.Context, name string, do func(context.Context, d1.Conn) error) (busy bool, err error) {
	d, conn, err := fi.fleet.OpenDatabase(ctx, name)
	if err != nil {
		return fi.fleet.Holds.Work(d.ID).Closes() != "", err
	}
	defer func() { _ = conn.Close() }()
	err = do(ctx, conn)
	return errors.Is(err, fleet.ErrStale) || errors.Is(err, fleet.ErrUnsettled), err
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// withGrace is a context that ends some time after ctx.
func withGrace(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		pause(out, grace)
		cancel()
	})
	return out, func() { stop(); cancel() }
}
