package keep

import (
	"context"
	"strings"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// D1Obstacle says what in an embedded database keeps it from being moved to D1, in
// sentences to show, or "". It reads the definitions alone.
func (mv *Moves) D1Obstacle(ctx context.Context, d fleet.Database) (words string, err error) {
	against, err := mv.against(ctx, d)
	if err != nil || len(against) == 0 {
		return "", err
	}
	return "D1 can't have all of " + d.Name + ".\n" + strings.Join(against, "\n") + "\nDrop that first and make it again afterwards.", nil
}

// against names what keeps a database from being copied to D1 or from there.
func (mv *Moves) against(ctx context.Context, d fleet.Database) ([]string, error) {
	c, err := mv.fleet.Places.Of(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	return copier.Against(ctx, c, d.Provider == fleet.D1)
}

// checkD1 refuses what D1Obstacle says, before anything is made.
func (mv *Moves) checkD1(ctx context.Context, d fleet.Database) error {
	words, err := mv.D1Obstacle(ctx, d)
	if err == nil && words != "" {
		err = fault.New(fault.Invalid, "%s", words)
	}
	return err
}
