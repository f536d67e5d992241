package rest

import (
	"context"
	"errors"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/kuratchi/dashboard/internal/fault"
)

// Permission is one thing the connection to an account needs.
type Permission struct {
	// Name is what it is, such as "D1 Edit".
	Name string
	// Field is which token it is of, "token" or "read_token", "" for neither.
	Field string
	// Granted says that it is there, Known that either is known at all.
	Granted, Known bool
	// Words say what was found, and what to do if it is missing.
	Words string
	// Ref is Cloudflare's request id of the answer that says so, or "".
	Ref string
}

// nobody is a database's id that no database has.
const nobody = "00000000-0000-0000-0000-000000000000"

// Check tells what the tokens of o may do, in up to four calls that change
// nothing: the list of databases, and setting the replication of a database that
// doesn't exist, which Cloudflare refuses as forbidden or as not found. The error
// is that of New; what calls meet is in the permissions:
//
//   - "Cloudflare's API": it answers, and its limit of calls isn't used up
//   - "Token": Cloudflare knows it
//   - "D1 Read" and "D1 Edit": for this account
//   - "Reading token: D1 Read" and "Reading token: no D1 Edit", if there is one
//
// What follows from one that is missing isn't asked and not Known. Permissions for
// single databases don't exist. Whether the account's plan allows another
// database shows only when one is made.
func Check(ctx context.Context, o Options) ([]Permission, error) {
	p, err := New(o)
	if err != nil {
		return nil, err
	}
	out := p.checkToken(ctx)
	if p.readToken != "" {
		for _, q := range p.checkReadToken(ctx) {
			q.Field = "read_token"
			out = append(out, q)
		}
	}
	return out, nil
}

func (p *Provider) checkToken(ctx context.Context) []Permission {
	list := p.asked(ctx, p.editToken, p.listOnce)
	api := Permission{Name: "Cloudflare's API", Granted: true, Known: true, Words: "Cloudflare answers."}
	token := Permission{Name: "Token", Granted: true, Known: true, Words: "Cloudflare accepts the token."}
	read := Permission{Name: "D1 Read", Granted: true, Known: true, Words: "The token may list and read databases."}
	edit := Permission{Name: "D1 Edit"}
	switch {
	case list.unreachable():
		api = list.missing(api.Name, fault.Message(list.err))
		token, read = Permission{Name: token.Name}, Permission{Name: read.Name}
	case list.unknownToken():
		token = list.missing(token.Name, "Cloudflare doesn't accept the token. Make a new one in Cloudflare's dashboard, "+
			"under My Profile, API Tokens, and copy all of it.")
		read = Permission{Name: read.Name}
	case list.err != nil:
		read = list.missing(read.Name, "The token may not read D1 in this account. Check the account's id, "+
			"and give the token the permission Account, D1, Edit.")
	default:
		edit = p.checkEdit(ctx)
	}
	for _, q := range []*Permission{&token, &read, &edit} {
		q.Field = "token"
		if !q.Known {
			q.Words = "Not known yet: the line above comes first."
		}
	}
	return []Permission{api, token, read, edit}
}

func (p *Provider) checkEdit(ctx context.Context) Permission {
	const name = "D1 Edit"
	switch a := p.asked(ctx, p.editToken, p.editNobody); {
	case a.notFound():
		return Permission{Name: name, Granted: true, Known: true, Words: "The token may make, change and delete databases.", Ref: a.ref()}
	case a.forbidden():
		return a.missing(name, "The token may only read D1. Give it the permission Account, D1, Edit.")
	default:
		return Permission{Name: name, Words: "Not known: Cloudflare's answer didn't tell. It shows at the first change.", Ref: a.ref()}
	}
}

func (p *Provider) checkReadToken(ctx context.Context) []Permission {
	const reads, noEdit = "Reading token: D1 Read", "Reading token: no D1 Edit"
	if a := p.asked(ctx, p.readToken, p.listOnce); a.err != nil {
		words := "The reading token may not read D1 in this account. Give it the permission Account, D1, Read."
		switch {
		case a.unknownToken():
			words = "Cloudflare doesn't accept the reading token. Make a new one and copy all of it."
		case a.unreachable():
			return []Permission{{Name: reads, Words: fault.Message(a.err), Ref: a.ref()},
				{Name: noEdit, Words: "Not known yet: the line above comes first."}}
		}
		return []Permission{a.missing(reads, words), {Name: noEdit, Words: "Not known yet: the line above comes first."}}
	}
	out := []Permission{{Name: reads, Granted: true, Known: true, Words: "The reading token may list and read databases."}}
	switch a := p.asked(ctx, p.readToken, p.editNobody); {
	case a.forbidden():
		out = append(out, Permission{Name: noEdit, Granted: true, Known: true, Words: "The reading token can't change anything.", Ref: a.ref()})
	case a.notFound():
		out = append(out, a.missing(noEdit, "The reading token may also write, so Cloudflare wouldn't stop a statement that "+
			"should only read. Make one with the permission Account, D1, Read alone."))
	default:
		out = append(out, Permission{Name: noEdit, Words: "Not known: Cloudflare's answer didn't tell.", Ref: a.ref()})
	}
	return out
}

// asked sends a request with one of the tokens.
func (p *Provider) asked(ctx context.Context, token string, send requester) found {
	return found{p.result(ctx, call{what: "the account's databases", token: token}, send, nil)}
}

func (p *Provider) listOnce(ctx context.Context, opts ...option.RequestOption) error {
	params := cf.DatabaseListParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	set(&params.PerPage.Value, &params.PerPage.Present, minPerPage)
	_, err := p.api.Database.List(ctx, params, opts...)
	return err
}

func (p *Provider) editNobody(ctx context.Context, opts ...option.RequestOption) error {
	params := cf.DatabaseEditParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	content := map[string]any{"read_replication": map[string]string{"mode": "disabled"}}
	return p.body(content, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.Edit(ctx, nobody, params, opts...)
		return err
	})(ctx, opts...)
}

// found is what a request of Check met.
type found struct{ err error }

func (f found) failure() Failure {
	if e, ok := errors.AsType[*Failure](f.err); ok {
		return *e
	}
	return Failure{}
}

func (f found) ref() string { return f.failure().RequestID }

func (f found) unknownToken() bool {
	e := f.failure()
	return e.Status == 401 || e.Code == codeAuth && e.Status != 403
}

func (f found) forbidden() bool {
	e := f.failure()
	return e.Status == 403 || e.Code == codeUnauthorized || e.Code == codeAuth
}

func (f found) notFound() bool {
	e := f.failure()
	return e.Status == 404 || e.Code == codeNoDatabase
}

func (f found) unreachable() bool {
	if f.err == nil {
		return false
	}
	e := f.failure()
	return e.Status == 0 || e.Status >= 500 || e.Status == 429 || e.Status < 400
}

func (f found) missing(name, words string) Permission {
	return Permission{Name: name, Known: true, Words: words, Ref: f.ref()}
}
