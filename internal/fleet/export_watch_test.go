package fleet

import (
	"context"
	"time"
)

// PurgeRound is what Run does between two rounds of checks.
func (f *Fleet) PurgeRound(ctx context.Context, last time.Time) time.Time {
	return f.purgeRound(ctx, last)
}
