package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/health"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// AccountDatabase is a database of the Cloudflare account.
type AccountDatabase struct {
	d1.Info
	// Known is the name it is registered under here, "" for one that isn't.
	Known string
}

// Examination is what a look into a database of the account saw.
type Examination struct {
	AccountDatabase
	// Size is in bytes, 0 where it wasn't told; Tables counts the tables.
	Size   int64
	Tables int
	// Version is the version of the schema its tables are, 0 for none; Detail is then
	// how it differs from the latest, or why it could not be read or compared. Tables
	// the schema doesn't name are left aside, as in Check.
	Version int
	Detail  string
	// Unread says that it could not be read.
	Unread bool
	// Against is why it can't be adopted, "" for one that can.
	Against string
}

const (
	// MaxExamined is how many databases are examined or adopted at once: each costs
	// a call or two of the account.
	MaxExamined = 25
	// accountLifetime is how long the list of the account's databases is kept, so that
	// paging and searching cost nothing: reading it costs a call a page.
	accountLifetime = time.Minute
)

// accountList is the account's databases as they were read.
type accountList struct {
	of    d1.Registry // another one once the account is changed
	infos []d1.Info
	at    time.Time
}

// AccountPage is a page of the account's databases.
type AccountPage struct {
	Databases []AccountDatabase
	// Total is how many match in all, Read when the list was read.
	Total int
	Read  time.Time
}

// AccountDatabases returns a page of the account's databases whose name holds search;
// again reads the list anew.
func (ad *Adoptions) AccountDatabases(ctx context.Context, a auth.Actor, search string, p fleet.Page, again bool) (AccountPage, error) {
	if err := a.Reaches(); err != nil {
		return AccountPage{}, err
	}
	infos, at, err := ad.listAccount(ctx, again)
	if err != nil {
		return AccountPage{}, err
	}
	var match []d1.Info
	for _, info := range infos {
		if strings.Contains(strings.ToLower(info.Name), strings.ToLower(search)) {
			match = append(match, info)
		}
	}
	from := min((max(p.Number, 1)-1)*p.Size, len(match))
	found, err := ad.matchRegistered(ctx, match[from:min(from+p.Size, len(match))])
	return AccountPage{Databases: found, Total: len(match), Read: at}, err
}

func (ad *Adoptions) listAccount(ctx context.Context, again bool) ([]d1.Info, time.Time, error) {
	provider, err := ad.fleet.Places.Provider(fleet.D1)
	if err != nil {
		return nil, time.Time{}, err
	}
	ad.mu.Lock()
	kept := ad.listed
	ad.mu.Unlock()
	if !again && kept.of == provider && ad.now().Sub(kept.at) < accountLifetime {
		return kept.infos, kept.at, nil
	}
	infos, err := provider.List(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	kept = accountList{of: provider, infos: infos, at: ad.now()}
	ad.mu.Lock()
	ad.listed = kept
	ad.mu.Unlock()
	return kept.infos, kept.at, nil
}

// matchRegistered says which databases are registered here.
func (ad *Adoptions) matchRegistered(ctx context.Context, infos []d1.Info) ([]AccountDatabase, error) {
	ids := make([]string, len(infos))
	for i, info := range infos {
		ids[i] = info.ID
	}
	names, err := ad.store.RegisteredNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]AccountDatabase, len(infos))
	for i, info := range infos {
		out[i] = AccountDatabase{Info: info, Known: names[info.ID]}
	}
	return out, nil
}

// Examine looks into databases of the account and compares them with a schema, ""
// for none. Nothing is changed. One that can't be read says so and spoils nothing.
func (ad *Adoptions) Examine(ctx context.Context, a auth.Actor, ids []string, name string) ([]Examination, error) {
	if err := a.Reaches(); err != nil {
		return nil, err
	}
	return ad.examineAll(ctx, ids, name)
}

func (ad *Adoptions) examineAll(ctx context.Context, ids []string, name string) ([]Examination, error) {
	if len(ids) > MaxExamined {
		return nil, fault.New(fault.Invalid,
			"At most %d databases are looked into at once, because each costs calls of the account. Choose fewer.", MaxExamined)
	}
	provider, err := ad.fleet.Places.Provider(fleet.D1)
	if err != nil {
		return nil, err
	}
	if name != "" {
		if _, err := ad.store.Schema(ctx, name); err != nil {
			return nil, err
		}
	}
	infos, _, err := ad.listAccount(ctx, false)
	if err != nil {
		return nil, err
	}
	var chosen []d1.Info
	for _, wanted := range ids {
		i := slices.IndexFunc(infos, func(info d1.Info) bool { return info.ID == wanted })
		if i < 0 {
			return nil, fault.New(fault.NotFound, "The account has no database %.60s any more. Read the list again.", wanted)
		}
		chosen = append(chosen, infos[i])
	}
	foreign, err := ad.matchRegistered(ctx, chosen)
	if err != nil {
		return nil, err
	}
	out := make([]Examination, len(foreign))
	for i, x := range foreign {
		out[i] = Examination{AccountDatabase: x}
		ad.examine(ctx, provider, name, &out[i])
		if out[i].Against, err = ad.adoptionObstacle(ctx, out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// adoptionObstacle says why a database can't be adopted.
func (ad *Adoptions) adoptionObstacle(ctx context.Context, x Examination) (string, error) {
	switch {
	case x.Known != "":
		return "It is registered already, as " + x.Known + ".", nil
	case x.Unread:
		return "It can't be read: " + x.Detail, nil
	case slices.Contains(fleet.ReservedNames, strings.ToLower(x.Name)):
		return fmt.Sprintf("The name %q is taken by a page of the dashboard, and D1 can't rename a database.", x.Name), nil
	case !d1.NameRule.MatchString(x.Name):
		return "The dashboard's addresses take names of letters, digits, - and _ alone, and D1 can't rename a database.", nil
	}
	switch _, err := ad.store.Database(ctx, x.Name); {
	case err == nil:
		return fmt.Sprintf("Another database here is named %q, and D1 can't rename a database.", x.Name), nil
	case fault.Is(err, fault.NotFound):
		return "", nil
	default:
		return "", err
	}
}

func (ad *Adoptions) examine(ctx context.Context, place d1.Dialer, name string, x *Examination) {
	opened, err := place.Visit(ctx, x.ID)
	if err != nil {
		x.Unread, x.Detail = true, fault.Message(err)
		return
	}
	conn := &health.SizedConn{Conn: opened}
	defer func() { _ = conn.Close() }()
	live, state, err := ad.fleet.Owns.State(ctx, x.ID, conn, name)
	x.Size = conn.Size
	if live == nil {
		x.Unread, x.Detail = true, fault.Message(err)
		return
	}
	x.Tables = health.Tables(live)
	if name == "" {
		return
	}
	c := fleet.Check{Health: fleet.HealthOK}
	if err == nil {
		err = ad.health.MatchVersion(ctx, fleet.Database{Schema: name}, state.Version, live, &c)
	}
	switch {
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Limited):
		x.Unread, x.Detail = true, fault.Message(err)
	case err != nil:
		x.Detail = "It could not be compared: " + fault.Message(err)
	case c.Health == fleet.HealthOK:
		x.Version = c.Version
	default:
		x.Detail = c.Detail
	}
}

// RegisterInput says which databases become the fleet's, and whose.
type RegisterInput struct {
	IDs []string
	// Schema is what they are compared with; one whose tables are a version of it is
	// recorded at that version.
	Schema string
	// Org is the slug or the name of an organization; OrgName names a new one; EachItsOwn makes
	// one for each database, named after it.
	Org, OrgName string
	EachItsOwn   bool
}

// Registration is what became of one of them.
type Registration struct {
	Name string
	// Error says why it was not adopted, "" when it was.
	Error string
}

// Register adds databases of the account. Nothing is written in them. What went wrong
// with one is in its Registered, and the others are adopted all the same; the error is
// for what is wrong with the input, before anything is adopted.
func (ad *Adoptions) Register(ctx context.Context, a auth.Actor, in RegisterInput) ([]Registration, error) {
	if err := a.May(fleet.OpAdopt.Needs); err != nil {
		return nil, err
	}
	if len(in.IDs) == 0 {
		return nil, fault.New(fault.Invalid, "Choose at least one database.")
	}
	if !in.EachItsOwn && in.Org != "" && strings.TrimSpace(in.OrgName) != "" {
		return nil, fault.New(fault.Invalid, "Choose an organization or name a new one, not both.").At("org_name")
	}
	found, err := ad.examineAll(ctx, in.IDs, in.Schema)
	if err != nil {
		return nil, err
	}
	var org fleet.Org
	isNew := false
	switch {
	case in.EachItsOwn:
	case in.Org != "":
		if org, err = ad.fleet.Orgs.Find(ctx, in.Org); err != nil {
			return nil, err
		}
	default:
		if org, err = fleet.NewOrg(ad.now(), a, in.OrgName); err != nil {
			return nil, err
		}
		isNew = true
	}
	out := make([]Registration, len(found))
	for i, x := range found {
		out[i].Name = x.Name
		next := adoption{Examination: x, schema: in.Schema, org: org, isNew: isNew}
		if in.EachItsOwn {
			next.org, err = fleet.NewOrg(ad.now(), a, x.Name)
			next.isNew = true
		}
		if err == nil {
			err = ad.register(ctx, a, next)
		}
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
				ad.log.Error("adopt", "database", x.Name, "error", err)
			}
			out[i].Error, err = fault.Message(err), nil
			continue
		}
		isNew = false // it is there now
	}
	return out, nil
}

// adoption is a database of the account that becomes an organization's.
type adoption struct {
	Examination
	schema string // what it was compared with, "" for none
	org    fleet.Org
	isNew  bool // the organization comes to be with it
}

func (ad *Adoptions) register(ctx context.Context, a auth.Actor, x adoption) error {
	if x.Against != "" {
		return fault.New(fault.Conflict, "%s", x.Against)
	}
	at := ad.now()
	if x.isNew {
		at = x.org.CreatedAt
	}
	d := fleet.Database{
		ID: id.At[id.Database](at), Name: x.Name, Org: x.org.ID, OrgSlug: x.org.Slug, OrgName: x.org.Name, Provider: fleet.D1, ProviderID: x.ID,
		Jurisdiction: x.Jurisdiction, State: fleet.Ready, CreatedAt: at, CreatedBy: a.Email, UpdatedAt: at,
	}
	if x.Version > 0 {
		d.Schema, d.Version = x.schema, x.Version
	}
	about := audit.Entry{Org: d.OrgSlug, Database: d.Name, Target: x.ID}
	about.Detail = fmt.Sprintf("made at %s, %d tables, schema %s v%d", x.CreatedAt.UTC().Format("2006-01-02 15:04 UTC"), x.Tables,
		orDash(d.Schema), d.Version)
	err := ad.fleet.Door.Do(ctx, a, fleet.OpAdopt.Kind,
		operation.Job{About: about, End: func(ctx context.Context, e audit.Entry, _ error) error {
			d.CreatedAt, d.UpdatedAt = e.At, e.At
			if !x.isNew {
				return ad.store.CreateDatabase(ctx, nil, d, e)
			}
			x.org.CreatedAt = e.At
			return ad.store.CreateDatabase(ctx, &x.org, d, fleet.OrgEntry(a, x.org), e)
		}})
	if err != nil {
		return err
	}
	c := fleet.Check{Database: d.ID, At: at, Health: fleet.HealthOK, Size: x.Size, Tables: x.Tables, From: d.Version, Version: d.Version}
	if err := ad.store.SaveChecks(ctx, []fleet.Check{c}); err != nil { // the next check sees the same
		ad.log.Warn("check", "database", d.Name, "error", err)
	}
	return nil
}
