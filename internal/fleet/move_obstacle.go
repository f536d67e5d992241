package fleet

import (
	"context"
	"strings"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/fault"
)

// D1Obstacle says what in an embedded database keeps it from being moved to D1, in
// sentences to show, or "". It reads the definitions alone.
func (f *Fleet) D1Obstacle(ctx context.Context, d Database) (words string, err error) {
	against, err := f.against(ctx, d)
	if err != nil || len(against) == 0 {
		return "", err
	}
	return "D1 can't have all of " + d.Name + ".\n" + strings.Join(against, "\n") + "\nDrop that first and make it again afterwards.", nil
}

// against names what keeps a database from being copied to D1 or from there.
func (f *Fleet) against(ctx context.Context, d Database) ([]string, error) {
	c, err := f.provider(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	return copier.Against(ctx, c, d.Provider == D1)
}

// checkD1 refuses what D1Obstacle says, before anything is made.
func (f *Fleet) checkD1(ctx context.Context, d Database) error {
	words, err := f.D1Obstacle(ctx, d)
	if err == nil && words != "" {
		err = fault.New(fault.Invalid, "%s", words)
	}
	return err
}

// checkKept refuses to delete a database on D1 whose last state can't be kept. It is said
// before the database is out of use: afterwards nothing could be dropped any more.
func (f *Fleet) checkKept(ctx context.Context, d Database) error {
	if d.Provider != D1 {
		return nil
	}
	against, err := f.against(ctx, d)
	switch {
	case fault.Is(err, fault.NotFound): // it is gone: the deletion says so
		return nil
	case err == nil && len(against) > 0:
		err = fault.New(fault.Invalid,
			"The last state of %s can't be kept, so it was not deleted.\n%s\nDrop that first, then delete the database.",
			d.Name, strings.Join(against, "\n"))
	}
	return err
}
