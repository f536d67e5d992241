package fleet

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// rtree matches the text of an R*Tree up to its module.
var rtree = regexp.MustCompile(`(?is)^create\s+virtual\s+table\b.*?\busing\s+["'\[` + "`" + `]?rtree(_i32)?\b`)

// D1Obstacle says what in an embedded database keeps it from being moved to D1, in a
// sentence to show, or "". It reads the definitions alone.
func (f *Fleet) D1Obstacle(ctx context.Context, d Database) (words string, err error) {
	c, err := f.provider(d).Visit(ctx, d.ProviderID)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	db, err := live.Read(ctx, c)
	if err != nil || len(db.Virtual) == 0 {
		return "", err
	}
	var all, trees []string
	for _, row := range db.Virtual {
		all = append(all, row.Name)
		if rtree.MatchString(row.SQL) {
			trees = append(trees, row.Name)
		}
	}
	words = fmt.Sprintf("The database %s has virtual tables, which Cloudflare can't import: %s. "+
		"Drop them first and make them again on D1.", d.Name, strings.Join(all, ", "))
	if len(trees) > 0 {
		words += fmt.Sprintf(" An older D1 refuses to make an R*Tree: there %s can't be made again.", strings.Join(trees, ", "))
	}
	return words, nil
}

// checkD1 refuses what D1Obstacle says, before anything is made.
func (f *Fleet) checkD1(ctx context.Context, d Database) error {
	words, err := f.D1Obstacle(ctx, d)
	if err == nil && words != "" {
		err = fault.New(fault.Invalid, "%s", words)
	}
	return err
}
