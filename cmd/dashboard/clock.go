package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/clock"
	"github.com/kuratchi/dashboard/internal/controlplane"
)

// watchClock returns what says whether the machine's clock can be trusted with removing what
// is old. A jump is logged, and recorded for the next start.
func watchClock(ctx context.Context, store *controlplane.Store, log *slog.Logger) (*clock.Watch, error) {
	seen, jumped, err := store.ClockSeen(ctx, now().Add(-clock.Day))
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // a jump is recorded while the program stops too
	return clock.New(clock.Options{
		Now: now, Seen: seen, Jumped: jumped,
		Began: func(by time.Duration) {
			log.Warn("the clock jumped: nothing is removed for its age until a day has passed", "by", by.Round(time.Second))
			if err := store.Record(ctx, jumpEntry(by)); err != nil {
				log.Error("the jump of the clock was not recorded", "error", err)
			}
		},
		Ended: func() { log.Info("a day has passed since the clock jumped: what is old is removed again") },
	}), nil
}

func jumpEntry(by time.Duration) audit.Entry {
	e := auth.SystemActor("clock").Entry(now(), audit.ClockJump, audit.Done)
	what := "the clock is %s ahead of where it was, or the dashboard didn't run for as long"
	if by < 0 {
		what = "the clock was put back by %s"
	}
	e.Detail = fmt.Sprintf(what+"; nothing is removed for its age until a day has passed", by.Abs().Round(time.Second))
	return e
}
