package builds_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/builds"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

var (
	ada = auth.Actor{Operator: "op1", Role: auth.RoleOwner, Scope: auth.Everything, Email: builds.OwnerEmail, IP: "127.0.0.1", RequestID: "r1"}
	bob = auth.Actor{Operator: "op2", Role: auth.RoleOwner, Scope: auth.Everything, Email: "bob@acme.test", IP: "127.0.0.1", RequestID: "r2"}
)

// world is a data folder that is open.
type world struct {
	*house.House
	dir     string
	store   *controlplane.Store
	control d1.Conn
	engine  *local.Engine
}

// open opens a data folder as the program does when it starts.
func open(ctx context.Context, dir string, now func() time.Time) (*world, error) {
	w := &world{dir: dir}
	control, err := local.OpenFile(filepath.Join(dir, "control.db"))
	if err != nil {
		return nil, err
	}
	w.control = control
	if w.store, err = controlplane.Open(ctx, control, now); err != nil {
		return nil, errors.Join(err, control.Close())
	}
	if w.engine, err = local.Open(filepath.Join(dir, "databases"), local.Options{}); err != nil {
		return nil, errors.Join(err, control.Close())
	}
	w.House = house.New(w.store, fleet.EmbeddedOnly{Engine: w.engine}, slog.New(slog.DiscardHandler), now)
	if err := w.Recover(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	w.Close()
	return errors.Join(w.engine.Close(), w.control.Close())
}

// Kept is what a build says of the folder it made.
type Kept struct {
	At        time.Time
	Orgs      []string
	Databases []Database
	Versions  []Version
	Plans     []Plan
	Audit     []string // ids
}

// Database is a database of a folder, and how many rows each of its tables has.
type Database struct {
	Name, Schema, State, Status string
	Version                     int
	Points                      []string
	Rows                        map[string]int64
}

// Version is a version of a schema.
type Version struct {
	Schema  string
	Version int
	Hash    string
}

// Plan is a plan.
type Plan struct {
	ID, Database, Schema, State, Hash string
	Version                           int
	Stale                             bool
}

var first = fleet.Page{Number: 1, Size: 100}

// tell says what is in the folder. Every database in use is looked into anew.
func (w *world) tell(ctx context.Context, at time.Time) (*Kept, error) {
	k := &Kept{At: at}
	orgs, _, err := w.Fleet.Orgs.List(ctx, ada, "", first)
	if err != nil {
		return nil, err
	}
	for _, o := range orgs {
		k.Orgs = append(k.Orgs, o.Slug)
	}
	databases, err := w.everyDatabase(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range databases {
		told, err := w.tellDatabase(ctx, d)
		if err != nil {
			return nil, err
		}
		k.Databases = append(k.Databases, told)
	}
	if k.Versions, err = w.tellVersions(ctx); err != nil {
		return nil, err
	}
	plans, _, err := w.Change.Plans.List(ctx, ada, "", first)
	if err != nil {
		return nil, err
	}
	for _, p := range plans {
		if p, err = w.Change.Plans.Plan(ctx, ada, p.ID); err != nil { // which checks its hash
			return nil, err
		}
		l, err := w.Change.Plans.Look(ctx, p)
		if err != nil {
			return nil, err
		}
		k.Plans = append(k.Plans, Plan{string(p.ID), p.Database, p.Body.Schema, string(p.State), p.Hash, p.Body.Version, l.Stale})
	}
	entries, err := w.store.Audit(ctx, audit.Filter{Limit: 1000, Until: at})
	for _, e := range entries {
		k.Audit = append(k.Audit, e.ID)
	}
	return k, err
}

// everyDatabase returns the databases of all states.
func (w *world) everyDatabase(ctx context.Context) ([]fleet.Database, error) {
	var out []fleet.Database
	for _, status := range []fleet.Status{"", fleet.Status(fleet.Archived), fleet.Status(fleet.Deleted)} {
		ds, _, err := w.Fleet.Databases(ctx, ada, fleet.Filter{Status: status, Page: first})
		if err != nil {
			return nil, err
		}
		out = append(out, ds...)
	}
	return out, nil
}

func (w *world) tellDatabase(ctx context.Context, d fleet.Database) (Database, error) {
	out := Database{Name: d.Name, State: string(d.State), Rows: map[string]int64{}}
	if d.State == fleet.Ready {
		checked, err := w.Health.Check(ctx, ada, d.Name)
		if err != nil {
			return out, err
		}
		d = checked
		if err := w.count(ctx, d.Name, out.Rows); err != nil {
			return out, err
		}
	}
	latest, err := w.Change.Schemas.Latest(ctx, d.Schema)
	if err != nil {
		return out, err
	}
	out.Schema, out.Version, out.Status = d.Schema, d.Version, string(d.Status(latest))
	points, err := w.Keep.Points.List(ctx, d, first)
	for _, p := range points {
		out.Points = append(out.Points, p.ID)
	}
	return out, err
}

// count counts the rows of every table, those that no schema declares too.
func (w *world) count(ctx context.Context, name string, rows map[string]int64) error {
	_, conn, err := w.Fleet.Open(ctx, ada, name)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	tables, err := conn.Query(ctx, d1.Query(`select name from sqlite_master where type = 'table' `+
		`and name not like 'sqlite%' and name not like '\_cf%' escape '\' and sql not like 'create virtual%'`))
	if err != nil {
		return err
	}
	for _, t := range tables.Rows {
		r, err := conn.Query(ctx, d1.Query("select count(*) from "+sqltext.Quote(t[0].Text())))
		if err != nil {
			return err
		}
		rows[t[0].Text()] = r.Rows[0][0].Int()
	}
	return nil
}

func (w *world) tellVersions(ctx context.Context) ([]Version, error) {
	schemas, _, err := w.Change.Schemas.List(ctx, "", first)
	if err != nil {
		return nil, err
	}
	var out []Version
	for _, s := range schemas {
		versions, _, err := w.Change.Schemas.Versions(ctx, s.Name, first)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			out = append(out, Version{v.Schema, v.Version, v.Hash})
		}
	}
	return out, nil
}

func planID(p Plan) id.Plan { return id.Plan(p.ID) }

func entry(at time.Time, action audit.Action) audit.Entry {
	return audit.Entry{ID: id.At[string](at), At: at, Operator: ada.Operator, Actor: ada.Email, IP: ada.IP,
		Request: ada.RequestID, Action: action, Outcome: audit.Done, Target: ada.Email}
}
