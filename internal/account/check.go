package account

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Permission is something a token should be able to do, or should not.
type Permission struct {
	// Name says what, for instance "D1 Edit".
	Name string
	// OK says that it is as it should be.
	OK bool
	// Detail says what was seen, and what to do where it isn't OK.
	Detail string
}

// nobody is the id of no database: what is asked to be done to it can only be
// refused, for want of a permission or for want of the database.
const nobody = "00000000-0000-0000-0000-000000000000"

// nothing is a name no database has.
const nothing = "kuratchi-looks-whether-it-may-read"

// Check asks Cloudflare what the tokens of an input may do, two calls each, and
// changes nothing. What Cloudflare says against one is in its Permission; the error
// is for an input that can't be asked about, fault.Invalid.
func (a *Account) Check(ctx context.Context, in Input) ([]Permission, error) {
	c := Credentials{}
	if s := a.State(); s.FromEnvironment {
		c = a.o.Environment
	} else {
		var err error
		if c, err = a.merged(ctx, in); err != nil {
			return nil, err
		}
	}
	out, err := a.check(ctx, c, false)
	if err != nil || c.ReadToken.IsZero() {
		return out, err
	}
	reading, err := a.check(ctx, Credentials{ID: c.ID, Token: c.ReadToken}, true)
	return append(out, reading...), err
}

// check asks about one token, which may edit or, for reading, must not.
func (a *Account) check(ctx context.Context, c Credentials, reading bool) ([]Permission, error) {
	a.mu.Lock()
	p, err := rest.New(a.options(c))
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	which := "The token"
	if reading {
		which = "The reading token"
	}
	may := func(name string, err error, wanted bool) Permission {
		switch {
		case fault.Is(err, fault.NotFound) || err == nil: // it was allowed, and found nothing
			if !wanted {
				return Permission{name, false, which + " may edit too. Make one with D1 Read and no more: everything that reads is sent with it, so that nothing that reads can ever write."}
			}
			return Permission{name, true, which + " has it."}
		case fault.Is(err, fault.Denied) && !wanted:
			return Permission{name, true, which + " does not have it, as it should be."}
		case fault.Is(err, fault.Denied):
			return Permission{name, false, which + " does not have it for this account, or the account's id is wrong. In Cloudflare's dashboard, under My Profile → API Tokens, give it Account → D1 → " + map[bool]string{true: "Read", false: "Edit"}[name == "D1 Read"] + "."}
		}
		return Permission{name, false, fault.Message(err)}
	}
	_, rerr := p.Find(ctx, nothing)
	out := []Permission{may("D1 Read", rerr, true)}
	if !out[0].OK && !fault.Is(rerr, fault.Denied) {
		return out, nil // Cloudflare isn't reached; asking again would tell no more
	}
	_, eerr := p.SetReplication(ctx, nobody, "disabled")
	return append(out, may("D1 Edit", eerr, !reading)), nil
}
