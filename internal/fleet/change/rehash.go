package change

import (
	"context"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/schema"
)

// rehash reads the versions anew that a build saved which read less, and stores their
// hashes, once. One that can't be read keeps its hash; whoever opens it is told why.
func (sc *Schemas) rehash(ctx context.Context, a auth.Actor) error {
	for {
		versions, err := sc.store.UnreadVersions(ctx)
		if err != nil || len(versions) == 0 {
			return err
		}
		for _, v := range versions {
			if err := sc.rehashOne(ctx, a, v); err != nil {
				return err
			}
		}
	}
}

func (sc *Schemas) rehashOne(ctx context.Context, a auth.Actor, v fleet.Version) error {
	v.Reading = fleet.Reading - 1
	s, err := fleet.ParseVersion(v)
	if err != nil {
		sc.log.Error("rehash", "schema", v.Schema, "version", v.Version, "error", err)
		return sc.store.HashVersion(ctx, v)
	}
	before := v.Hash
	if v.Hash = s.Hash(); v.Hash == before {
		return sc.store.HashVersion(ctx, v)
	}
	about := audit.Entry{Target: fmt.Sprintf("%s v%d", v.Schema, v.Version),
		Detail: fmt.Sprintf("more of it is read than before: hash %.12s, before %.12s", v.Hash, before)}
	return sc.fleet.Door.Do(ctx, a, fleet.OpRehash.Kind,
		operation.Job{About: about, End: func(ctx context.Context, e audit.Entry, _ error) error {
			return sc.store.HashVersion(ctx, v, e)
		}})
}

// planReadingDiffers reports whether this build reads otherwise what a plan was made from or for:
// the schemas have other hashes than the plan says. What it was made from is in its
// fingerprint, so no database is asked.
func (pl *Plans) planReadingDiffers(ctx context.Context, p fleet.Plan) (bool, error) {
	target, err := pl.fleet.Versions.Get(ctx, pl.store, p.Body.Schema, p.Body.Version)
	if err != nil {
		return false, err
	}
	if !target.Recorded(p.Body.ToHash) {
		return true, nil
	}
	var rows []schema.MasterRow
	for row := range strings.SplitSeq(p.Body.Fingerprint, "\x1e") {
		if fields := strings.SplitN(row, "\x1f", 3); len(fields) == 3 {
			rows = append(rows, schema.MasterRow{Type: fields[0], Name: fields[1], SQL: fields[2]})
		}
	}
	from := new(live.Database).With(rows)
	return !from.Schema.Only(target).Recorded(p.Body.FromHash), nil
}
