package account

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1/rest"
)

// Permission is something the tokens should be able to do, or should not.
type Permission = rest.Permission

// Check asks Cloudflare what the tokens of an input may do, in up to four calls, and
// changes nothing. What Cloudflare says against one is in its Permission; the error
// is for an input that can't be asked about, fault.Invalid.
func (a *Account) Check(ctx context.Context, in Input) ([]Permission, error) {
	c := a.o.Environment
	if !a.State().FromEnvironment {
		var err error
		if c, _, err = a.mergeInput(ctx, in); err != nil {
			return nil, err
		}
	}
	a.mu.Lock()
	o := a.options(c)
	a.mu.Unlock()
	return rest.Check(ctx, o)
}
