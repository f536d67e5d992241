package fleet

import (
	"context"
	"time"
)

// CheckRound is what Run does in a round of checks.
func (f *Fleet) CheckRound(ctx context.Context, place string) time.Duration {
	return f.checkRound(ctx, place, CheckEvery)
}

// PurgeRound is what Run does between two rounds of checks.
func (f *Fleet) PurgeRound(ctx context.Context, last time.Time) time.Time {
	return f.purgeRound(ctx, last)
}
