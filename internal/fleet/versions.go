package fleet

import (
	"context"
	"fmt"
	"sync"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

// maxVersions is how many parsed versions are kept in memory.
const maxVersions = 64

// ParsedVersions keeps parsed versions of schemas. A version never changes.
type ParsedVersions struct {
	mu     sync.Mutex // guards parsed
	parsed map[string]*schema.Schema
}

// Get returns a version, parsed. It is shared: nobody changes it.
func (c *ParsedVersions) Get(ctx context.Context, store interface {
	Version(ctx context.Context, name string, version int) (Version, error)
}, name string, version int) (*schema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprintf("%s v%d", name, version)
	if s, ok := c.parsed[key]; ok {
		return s, nil
	}
	v, err := store.Version(ctx, name, version)
	if err != nil {
		return nil, err
	}
	s, err := ParseVersion(v)
	if err != nil {
		return nil, err
	}
	if c.parsed == nil || len(c.parsed) >= maxVersions {
		c.parsed = map[string]*schema.Schema{}
	}
	c.parsed[key] = s
	return s, nil
}

// ParseVersion reads a stored version's source again.
func ParseVersion(v Version) (*schema.Schema, error) {
	s, err := schema.Reread([]byte(v.Source))
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "stored schema %s v%d", v.Schema, v.Version)
	}
	s.Loose = v.Reading < Reading
	return s, nil
}
