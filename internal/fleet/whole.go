package fleet

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
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
func (f *Fleet) Condition(d Database) d1.Condition {
	if c, ok := f.provider(d).(d1.Checker); ok {
		return c.Condition(d.ProviderID)
	}
	return d1.Condition{}
}

// checkWhole reads all of a database's file where that doesn't take long. What can't be told
// is told by the check of its schema.
func (f *Fleet) checkWhole(ctx context.Context, d Database) {
	c, ok := f.provider(d).(d1.Checker)
	if !ok || f.Size(ctx, d) > CheckedNow {
		return
	}
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	if _, err := c.CheckFile(limited, d.ProviderID); err != nil {
		f.log.Info("check of a whole file", "database", d.Name, "error", err)
	}
}

// noteDamage makes a damage that is known what the check saw.
func (f *Fleet) noteDamage(d Database, c *Check) {
	if known := f.Condition(d); known.Damage != "" && c.Health != HealthUnreachable {
		c.Health, c.Detail = HealthUnreachable, known.Damage
	}
}

// watchFiles reads the embedded databases' files one after the other until ctx ends.
func (f *Fleet) watchFiles(ctx context.Context) {
	for ctx.Err() == nil {
		rest := f.checkStalest(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// checkStalest reads the file that wasn't read for longest, if it is time, and returns how
// long to rest.
func (f *Fleet) checkStalest(ctx context.Context) time.Duration {
	c, ok := f.provider(Database{Provider: Embedded}).(d1.Checker)
	if !ok {
		return idleRest
	}
	next, err := c.Stalest(ctx)
	if err != nil || next.ID == "" {
		return idleRest
	}
	was := c.Condition(next.ID)
	if f.now().Sub(was.At) < CheckWholeEvery {
		return idleRest
	}
	began := time.Now()
	now, err := c.CheckFile(ctx, next.ID)
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		f.log.Info("check of a whole file", "database", next.Name, "error", err)
	}
	if err == nil && now.Damage != was.Damage {
		f.tellDamage(ctx, next, now)
	}
	return max(time.Duration(float64(next.Size)/CheckedPerSecond*float64(time.Second))-time.Since(began), wholeRest)
}

// tellDamage records what the background saw of a file, for the fleet's list.
func (f *Fleet) tellDamage(ctx context.Context, info d1.Info, c d1.Condition) {
	f.log.Warn("a file was read as a whole", "database", info.Name, "damage", c.Damage)
	d, err := f.store.Database(ctx, info.Name)
	if err == nil && d.ProviderID == info.ID && d.State == Ready {
		f.recordCheck(ctx, d)
	}
}

// checkPoint returns nil for a point of the database that can be put back.
func (f *Fleet) checkPoint(ctx context.Context, d Database, p RestorePoint) error {
	if c, ok := f.provider(d).(d1.Checker); ok {
		return c.CheckPoint(ctx, p.Mark)
	}
	return nil
}

// Damaged reports whether the point holds a database as it was found damaged.
func (p RestorePoint) Damaged() bool { return d1.IsDamaged(p.Mark) }

// remakeMissing gives a database whose file is gone, and unknown to the engine since a start,
// an empty one to be put back into. It can be done again.
func (f *Fleet) remakeMissing(ctx context.Context, d Database) (Database, error) {
	if _, err := f.provider(d).Get(ctx, d.ProviderID); !fault.Is(err, fault.NotFound) {
		return d, err
	}
	info, err := f.createOnce(ctx, d, d.CreatedAt)
	if err != nil {
		return d, err
	}
	d.ProviderID, d.UpdatedAt = info.ID, f.now()
	return d, f.store.UpdateDatabase(ctx, d, d.State)
}

// refuseDamaged says why a damaged database isn't kept. The point that was made of it is
// given up, and no other one.
func (f *Fleet) refuseDamaged(ctx context.Context, d Database, kept d1.Point) error {
	if err := f.provider(d).Forget(ctx, kept.ID); err != nil {
		f.log.Warn("forget", "point", kept.ID, "error", err)
	}
	return fault.New(fault.Conflict, "No restore point was kept: %s The earlier ones are untouched.", kept.Damage)
}
