package fleet

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Fleet is the organizations and their databases.
type Fleet struct {
	store     Store
	providers Providers
	log       *slog.Logger
	now       func() time.Time
	holder    string // names this program in leases
	// steady says whether the clock can be trusted with giving up what is old.
	steady func() bool

	// background is cancelled by Close; work counts the provisions and fills under way.
	background context.Context
	stop       context.CancelFunc
	work       sync.WaitGroup

	door     operation.Door
	versions versions
	gates    gates
	owns     owns

	mu    sync.Mutex // guards what follows
	busy  map[id.Database]bool
	works map[id.Database]Work
	// listed are the account's databases as they were read last.
	listed accountList
	// exports are copies that wait to be downloaded.
	exports map[id.Database]*exportFile
	fills   map[id.Plan]*fillRun
	// rehearsed are the last rehearsals, by plan.
	rehearsed map[id.Plan]RehearsalRun
	// open is what isn't settled; reopened tells Run of it, by place.
	open     []*openWork
	reopened map[string]chan struct{}
	// sweep is since when every database of a place is to be checked at once;
	// wake tells Run of it.
	sweep map[string]time.Time
	wake  map[string]chan struct{}
}

// New returns a fleet. Close must be called.
func New(store Store, providers Providers, log *slog.Logger, now func() time.Time) *Fleet {
	ctx, stop := context.WithCancel(context.Background())
	return &Fleet{store: store, door: operation.Door{Log: store, Now: now},
		providers: providers, log: log, now: now, holder: holderName(), background: ctx, stop: stop,
		steady: func() bool { return true },
		gates:  newGates(), busy: map[id.Database]bool{}, works: map[id.Database]Work{}, exports: map[id.Database]*exportFile{},
		rehearsed: map[id.Plan]RehearsalRun{}, fills: map[id.Plan]*fillRun{},
		reopened: map[string]chan struct{}{Embedded: make(chan struct{}, 1), D1: make(chan struct{}, 1)},
		sweep:    map[string]time.Time{}, wake: map[string]chan struct{}{Embedded: make(chan struct{}, 1), D1: make(chan struct{}, 1)},
	}
}

// Close waits until the steps under way have ended; no further one begins.
func (f *Fleet) Close() {
	f.mu.Lock() // whatever is claimed by now is waited for
	f.stop()
	f.mu.Unlock()
	f.work.Wait()
	f.dropExports()
}

// orgEntry is the entry of an organization that comes to be.
func orgEntry(a auth.Actor, o Org) audit.Entry {
	e := a.Entry(o.CreatedAt, audit.OrgCreate, audit.Done)
	e.Org, e.Target = o.Slug, o.Name
	return e
}

// Org returns the organization with that slug.
func (f *Fleet) Org(ctx context.Context, a auth.Actor, slug string) (Org, error) {
	if err := a.Reaches(); err != nil {
		return Org{}, err
	}
	return f.store.Org(ctx, slug)
}

// Orgs returns a page of the organizations whose name or slug holds search, and
// how many there are in all.
func (f *Fleet) Orgs(ctx context.Context, a auth.Actor, search string, p Page) ([]Org, int, error) {
	if err := a.Reaches(); err != nil {
		return nil, 0, err
	}
	return f.store.Orgs(ctx, search, p)
}

// findOrg returns the organization that somebody typed: its slug, or its name where
// no other has that, in any case. Any other text is fault.Invalid, with those that it
// may mean.
func (f *Fleet) findOrg(ctx context.Context, text string) (Org, error) {
	text = strings.TrimSpace(text)
	o, err := f.store.Org(ctx, text)
	if err == nil && o.DeletedAt.IsZero() {
		return o, nil
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return o, err
	}
	named, err := f.store.OrgsNamed(ctx, text)
	if err != nil {
		return o, err
	}
	if len(named) == 1 {
		return named[0], nil
	}
	return o, f.proposeOrgs(ctx, text, len(named) > 1)
}

// maxProposedOrgs is how many organizations are named to whoever typed none of them.
const maxProposedOrgs = 5

func (f *Fleet) proposeOrgs(ctx context.Context, text string, several bool) error {
	like, n, err := f.store.Orgs(ctx, text, Page{Number: 1, Size: maxProposedOrgs})
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

// Databases returns a page of databases and how many match in all.
func (f *Fleet) Databases(ctx context.Context, a auth.Actor, filter Filter) ([]Database, int, error) {
	if err := a.Reaches(); err != nil {
		return nil, 0, err
	}
	return f.store.Databases(ctx, filter)
}

// Totals counts the fleet.
func (f *Fleet) Totals(ctx context.Context, a auth.Actor) (Totals, error) {
	if err := a.Reaches(); err != nil {
		return Totals{}, err
	}
	return f.store.Totals(ctx)
}

// Database returns the database of that name.
func (f *Fleet) Database(ctx context.Context, a auth.Actor, name string) (Database, error) {
	if err := a.Reaches(); err != nil {
		return Database{}, err
	}
	return f.currentDatabase(ctx, name)
}

// Open returns a database with a handle on it. One that isn't ready is
// fault.Conflict, and so is every call by a handle whose database was moved, put
// back or removed since, and every write to one of which something isn't settled.
func (f *Fleet) Open(ctx context.Context, a auth.Actor, name string) (Database, d1.Conn, error) {
	if err := a.Reaches(); err != nil {
		return Database{}, nil, err
	}
	return f.openDatabase(ctx, name)
}

func (f *Fleet) openDatabase(ctx context.Context, name string) (Database, d1.Conn, error) {
	opened := f.gates.moment()
	d, err := f.store.Database(ctx, name)
	if err != nil {
		return d, nil, err
	}
	if err := f.checkUsable(d); err != nil {
		return d, nil, err
	}
	conn, err := f.provider(d).Open(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) { // it may have left since its row was read
		if now, rerr := f.store.Database(ctx, name); rerr == nil {
			if uerr := f.checkUsable(now); uerr != nil {
				return now, nil, uerr
			}
		}
		err = lost(d, err)
	}
	if err != nil {
		return d, nil, err
	}
	return d, f.gate(conn, d, opened), nil
}

// checkUsable returns nil for a database that can be read and written, else
// fault.Conflict. One that is worked on as a whole isn't: what was written meanwhile
// would be lost, and be in no restore point.
func (f *Fleet) checkUsable(d Database) error {
	if w := f.Work(d.ID); w.Closes() != "" { // first: while it is removed its state says that only that was begun
		then := "Try again in a moment."
		if w.Is(OpDelete) {
			then = "Its last state can be brought back on its page."
		}
		return fault.New(fault.Conflict, "The database %s is being %s, by %s. Nothing was changed by you. %s", d.Name, w.Closes(), w.By, then)
	}
	switch d.State {
	case Ready:
		return nil
	case Archived:
		return fault.New(fault.Conflict, "The database %s is archived. Put it back into use first, on its Settings page.", d.Name)
	case Deleting:
		return fault.New(fault.Conflict, "The database %s is out of use: its deletion was begun, and has not ended. "+
			"Try that again or put it back into use, on its page.", d.Name)
	case Deleted:
		return fault.New(fault.Conflict, "The database %s was deleted. Its last state can be brought back until %s, on its page.",
			d.Name, d.PurgeAt.Format("2006-01-02 15:04 UTC"))
	}
	return fault.New(fault.Conflict, "The database %s is not ready: it is %s.", d.Name, d.State)
}

// Size returns how large a database is, in bytes: on D1 as it was when it was last
// seen, since asking costs a call.
func (f *Fleet) Size(ctx context.Context, d Database) int64 {
	if d.Provider == Embedded {
		if info, err := f.provider(d).Get(ctx, d.ProviderID); err == nil {
			return info.Size
		}
	}
	return d.Size
}

// Info returns what the provider knows of a database.
func (f *Fleet) Info(ctx context.Context, d Database) (d1.Info, error) {
	return f.provider(d).Get(ctx, d.ProviderID)
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

// newOrg checks and makes an organization of that moment; nothing is stored.
func newOrg(at time.Time, a auth.Actor, name string) (Org, error) {
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

// CreateOrg adds an organization. A slug that is taken is fault.Conflict.
func (f *Fleet) CreateOrg(ctx context.Context, a auth.Actor, name string) (Org, error) {
	o, err := newOrg(f.now(), a, name)
	if err != nil {
		return o, err
	}
	err = f.door.Do(ctx, a, OpOrg.Kind, operation.Job{About: audit.Entry{Org: o.Slug, Target: o.Name},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			o.CreatedAt = e.At
			return f.explainSlugConflict(ctx, o, f.store.CreateOrg(ctx, o, e))
		}})
	return o, err
}

// explainSlugConflict says of a short name that is taken by an organization nobody sees any
// more why it is.
func (f *Fleet) explainSlugConflict(ctx context.Context, o Org, err error) error {
	if !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "org_name" {
		return err
	}
	old, lookErr := f.store.Org(ctx, o.Slug)
	if lookErr != nil || old.DeletedAt.IsZero() {
		return err
	}
	return fault.New(fault.Conflict, "The short name %q is taken by %s, which was deleted. It is free when the last state of "+
		"its databases goes for good, at the latest at %s. Bring one of its databases back, or choose another name.",
		old.Slug, old.Name, old.DeletedAt.Add(KeptFor).Format("2006-01-02 15:04 UTC")).At("org_name")
}

// parseVersion reads a stored version's source again.
func parseVersion(v Version) (*schema.Schema, error) {
	s, err := schema.Reread([]byte(v.Source))
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "stored schema %s v%d", v.Schema, v.Version)
	}
	s.Loose = v.Reading < Reading
	return s, nil
}
