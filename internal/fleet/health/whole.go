package health

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// How the background reads whole files: one after the other, each at the disk's speed,
// followed by a rest that makes it CheckedPerSecond on average: 10,000 databases of 1 MB
// take ten minutes, and 500 GB nine hours.
const (
	// CheckWholeEvery is how old the look at all of a file may get.
	CheckWholeEvery = 24 * time.Hour
	// CheckedPerSecond is how many bytes are read a second, on average.
	CheckedPerSecond = 16 << 20
	// CheckedNow is how large a file may be that a check somebody asked for reads as a
	// whole; larger ones are left to the background.
	CheckedNow = 256 << 20
	// wholeRest is the least rest between two files.
	wholeRest = 50 * time.Millisecond
)

// Condition returns what the last look at all of the database's file saw, the zero value
// where nothing can be told.
func (w *Watcher) Condition(d fleet.Database) d1.Condition {
	if c, ok := w.fleet.Places.Of(d).(d1.Checker); ok {
		return c.Condition(d.ProviderID)
	}
	return d1.Condition{}
}

// checkWhole reads all of a database's file where that doesn't take long. What can't be told
// is told by the check of its schema.
func (w *Watcher) checkWhole(ctx context.Context, d fleet.Database) {
	c, ok := w.fleet.Places.Of(d).(d1.Checker)
	if !ok || w.fleet.Places.Size(ctx, d) > CheckedNow {
		return
	}
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if _, err := c.CheckFile(limited, d.ProviderID); err != nil {
		w.log.Info("check of a whole file", "database", d.Name, "error", err)
	}
}

// noteDamage makes a damage that is known what the check saw.
func (w *Watcher) noteDamage(d fleet.Database, c *fleet.Check) {
	if known := w.Condition(d); known.Damage != "" && c.Health != fleet.HealthUnreachable {
		c.Health, c.Detail = fleet.HealthUnreachable, known.Damage
	}
}

// watchFiles reads the embedded databases' files one after the other until ctx ends.
func (w *Watcher) watchFiles(ctx context.Context) {
	for ctx.Err() == nil {
		rest := w.checkStalest(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// checkStalest reads the file that wasn't read for longest, if it is time, and returns how
// long to rest.
func (w *Watcher) checkStalest(ctx context.Context) time.Duration {
	c, ok := w.fleet.Places.Of(fleet.Database{Provider: fleet.Embedded}).(d1.Checker)
	if !ok {
		return idleRest
	}
	next, err := c.Stalest(ctx)
	if err != nil || next.ID == "" {
		return idleRest
	}
	was := c.Condition(next.ID)
	if w.now().Sub(was.At) < CheckWholeEvery {
		return idleRest
	}
	began := time.Now()
	now, err := c.CheckFile(ctx, next.ID)
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		w.log.Info("check of a whole file", "database", next.Name, "error", err)
	}
	if err == nil && now.Damage != was.Damage {
		w.tellDamage(ctx, next, now)
	}
	return max(time.Duration(float64(next.Size)/CheckedPerSecond*float64(time.Second))-time.Since(began), wholeRest)
}

// tellDamage records what the background saw of a file, for the fleet's list.
func (w *Watcher) tellDamage(ctx context.Context, info d1.Info, c d1.Condition) {
	w.log.Warn("a file was read as a whole", "database", info.Name, "damage", c.Damage)
	d, err := w.store.Database(ctx, info.Name)
	if err == nil && d.ProviderID == info.ID && d.State == fleet.Ready {
		w.RecordCheck(ctx, d)
	}
}
