package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"time"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// maxReadings is how often a database is read again because it was written to meanwhile.
const maxReadings = 3

// reading is what a snapshot read.
type reading struct {
	bookmark string // of before it: nothing was written since while it is still that
	sum      string // of all that was read
}

// snapshot writes a database as it is at one moment into an SQLite file that isn't
// there yet. A large one that is written to all the time is fault.Conflict.
func (p *Provider) snapshot(ctx context.Context, id, path string) (reading, error) {
	ctx = d1.Background(ctx) // many calls, for which people shouldn't wait
	opened, err := p.Open(ctx, id)
	if err != nil {
		return reading{}, err
	}
	last := ""
	for n := 1; ; n++ {
		before, err := p.bookmark(ctx, id, time.Time{})
		if err != nil {
			return reading{}, err
		}
		r := &reader{conn: opened, sum: sha256.New()}
		if _, err := copier.ToFile(ctx, r, path, copier.Options{}); err != nil {
			return reading{}, p.uncopied(id, err)
		}
		got := reading{before, hex.EncodeToString(r.sum.Sum(nil))}
		if r.whole {
			return got, nil
		}
		after, err := p.bookmark(ctx, id, time.Time{})
		if err != nil {
			_ = os.Remove(path)
			return reading{}, err
		}
		// A bookmark may move without a write; two equal readings are as good.
		if before == after || got.sum == last {
			return got, nil
		}
		last = got.sum
		_ = os.Remove(path)
		if n == maxReadings {
			return reading{}, p.busy(id)
		}
	}
}

func (p *Provider) busy(id string) error {
	return fault.New(fault.Conflict, "The database %s was written to each time it was read, "+
		"so there is no copy of it as it is at one moment. Nothing was changed. Stop what writes to it, then try again.", p.name(id))
}

// uncopied is the error of a copy that could not be made.
func (p *Provider) uncopied(id string, err error) error {
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "The database %s can't be copied. %s", p.name(id), fault.Message(err))
}
