package fleet

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// OrgEntry is the entry of an organization that comes to be.
func OrgEntry(a auth.Actor, o Org) audit.Entry {
	e := a.Entry(o.CreatedAt, audit.OrgCreate, audit.Done)
	e.Org, e.Target = o.Slug, o.Name
	return e
}

// Get returns the organization with that slug.
func (orgs *Orgs) Get(ctx context.Context, a auth.Actor, slug string) (Org, error) {
	if err := a.Reaches(); err != nil {
		return Org{}, err
	}
	return orgs.store.Org(ctx, slug)
}

// List returns a page of the organizations whose name or slug holds search, and
// how many there are in all.
func (orgs *Orgs) List(ctx context.Context, a auth.Actor, search string, p Page) ([]Org, int, error) {
	if err := a.Reaches(); err != nil {
		return nil, 0, err
	}
	return orgs.store.Orgs(ctx, search, p)
}

// Find returns the organization that somebody typed: its slug, or its name where
// no other has that, in any case. Any other text is fault.Invalid, with those that it
// may mean.
func (orgs *Orgs) Find(ctx context.Context, text string) (Org, error) {
	text = strings.TrimSpace(text)
	o, err := orgs.store.Org(ctx, text)
	if err == nil && o.DeletedAt.IsZero() {
		return o, nil
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return o, err
	}
	named, err := orgs.store.OrgsNamed(ctx, text)
	if err != nil {
		return o, err
	}
	if len(named) == 1 {
		return named[0], nil
	}
	return o, orgs.propose(ctx, text, len(named) > 1)
}

// maxProposedOrgs is how many organizations are named to whoever typed none of them.
const maxProposedOrgs = 5

func (orgs *Orgs) propose(ctx context.Context, text string, several bool) error {
	like, n, err := orgs.store.Orgs(ctx, text, Page{Number: 1, Size: maxProposedOrgs})
	if err != nil {
		return err
	}
	words := fmt.Sprintf("There is no organization %q.", text)
	if several {
		words = fmt.Sprintf("More than one organization is named %q.", text)
	}
	if len(like) == 0 {
		return fault.New(fault.Invalid, "%s", words).At("org")
	}
	names := make([]string, len(like))
	for i, o := range like {
		names[i] = o.Slug + " (" + o.Name + ")"
	}
	if n > len(like) {
		names = append(names, fmt.Sprintf("and %d more", n-len(like)))
	}
	return fault.New(fault.Invalid, "%s Type the short name of the one you mean: %s.", words, strings.Join(names, ", ")).At("org")
}

var slugRule = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// CheckSlug returns nil for a slug an organization may have, else fault.Invalid.
func CheckSlug(slug string) error {
	if len(slug) > 32 || !slugRule.MatchString(slug) {
		return fault.New(fault.Invalid, "Use 1 to 32 small letters and digits, with single hyphens between them.").At("slug")
	}
	return nil
}

// Slug proposes a slug for a name, "" when nothing of the name can be in one.
func Slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	return strings.Trim(s[:min(len(s), 32)], "-")
}

// orgName returns the name of an organization as it is stored.
func orgName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 100 {
		return "", fault.New(fault.Invalid, "Give the organization a name of at most 100 characters.").At("org_name")
	}
	for _, r := range name {
		// Direction marks and the like make a name look like another one.
		if !unicode.IsPrint(r) {
			return "", fault.New(fault.Invalid, "The name holds a character that can't be seen (U+%04X). Type it again without.", r).At("org_name")
		}
	}
	return name, nil
}

// NewOrg checks and makes an organization of that moment; nothing is stored.
func NewOrg(at time.Time, a auth.Actor, name string) (Org, error) {
	name, err := orgName(name)
	if err != nil {
		return Org{}, err
	}
	slug := Slug(name)
	if err := CheckSlug(slug); err != nil {
		return Org{}, fault.New(fault.Invalid, "No short name can be made from %q. Use some letters or digits.", name).At("org_name")
	}
	return Org{ID: id.At[id.Org](at), Slug: slug, Name: name, CreatedAt: at, CreatedBy: a.Email}, nil
}

// Create adds an organization. A slug that is taken is fault.Conflict.
func (orgs *Orgs) Create(ctx context.Context, a auth.Actor, name string) (Org, error) {
	o, err := NewOrg(orgs.now(), a, name)
	if err != nil {
		return o, err
	}
	err = orgs.door.Do(ctx, a, OpOrg.Kind, operation.Job{About: audit.Entry{Org: o.Slug, Target: o.Name},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			o.CreatedAt = e.At
			return orgs.ExplainConflict(ctx, o, orgs.store.CreateOrg(ctx, o, e))
		}})
	return o, err
}

// ExplainConflict says of a short name that is taken by an organization nobody sees any
// more why it is.
func (orgs *Orgs) ExplainConflict(ctx context.Context, o Org, err error) error {
	if !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "org_name" {
		return err
	}
	old, lookErr := orgs.store.Org(ctx, o.Slug)
	if lookErr != nil || old.DeletedAt.IsZero() {
		return err
	}
	return fault.New(fault.Conflict, "The short name %q is taken by %s, which was deleted. It is free when the last state of "+
		"its databases goes for good, at the latest at %s. Bring one of its databases back, or choose another name.",
		old.Slug, old.Name, old.DeletedAt.Add(KeptFor).Format("2006-01-02 15:04 UTC")).At("org_name")
}

// Rename gives an organization another name; its short name stays.
func (orgs *Orgs) Rename(ctx context.Context, a auth.Actor, slug, name string) (Org, error) {
	o, err := orgs.For(ctx, a, OpRenameOrg, slug)
	if err != nil {
		return o, err
	}
	was := o.Name
	if o.Name, err = orgName(name); err != nil {
		return o, err
	}
	if o.Name == was {
		return o, fault.New(fault.Invalid, "That is its name already.").At("org_name")
	}
	return o, orgs.door.Do(ctx, a, OpRenameOrg.Kind, operation.Job{About: audit.Entry{Org: o.Slug, Target: o.Name, Detail: "was " + was},
		End: func(ctx context.Context, e audit.Entry, _ error) error { return orgs.store.RenameOrg(ctx, o, e) }})
}

// For returns an organization to an actor who may do an operation on it: whoever may not
// learns nothing of it.
func (orgs *Orgs) For(ctx context.Context, a auth.Actor, op *Operation, slug string) (Org, error) {
	if err := a.May(op.Needs); err != nil {
		return Org{}, err
	}
	return orgs.store.Org(ctx, slug)
}
