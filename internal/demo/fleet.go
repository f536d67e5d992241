package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// provision makes a database, and its organization if that isn't there, and
// waits until it is ready, or has failed if it was made to fail.
func (d *demo) provision(ctx context.Context, s *spec) error {
	want := fleet.Ready
	if s.kind == failing {
		want = fleet.Failed
		if err := d.obstruct(ctx, s); err != nil {
			return err
		}
	}
	in := provision.Input{
		Name: s.database, Location: s.location, Schema: schemaName, Version: s.born,
		Request: fmt.Sprintf("demo-%03d", s.index+1),
	}
	if slug, ok := d.orgs[s.org]; ok {
		in.Org = slug
	} else {
		in.OrgName = s.org
	}
	db, err := d.fleet.Provision.Start(ctx, actor, in)
	if err != nil {
		return err
	}
	d.orgs[s.org] = db.OrgSlug
	for d.fleet.Fleet.Holds.Busy(db.ID) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
	if db, err = d.fleet.Fleet.Database(ctx, actor, s.database); err != nil {
		return err
	}
	if db.State != want {
		return fault.New(fault.Internal, "the provision ended %s: %s", db.State, db.Error)
	}
	return nil
}

// obstruct puts a database of that name in the way, as somebody could have made
// it by hand long ago: a provision touches nothing that was not made for it.
func (d *demo) obstruct(ctx context.Context, s *spec) error {
	info, err := d.provider.Create(ctx, d1.CreateInput{Name: s.database, Location: s.location})
	if err != nil {
		return err
	}
	return d.within(ctx, info.ID, func(conn d1.Conn) error {
		_, err := conn.Batch(ctx, []d1.Stmt{
			d1.Exec(`CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, login VARCHAR(40) NOT NULL UNIQUE, ` +
				`email VARCHAR(120), passwd CHAR(60), joined DATETIME DEFAULT CURRENT_TIMESTAMP)`),
			d1.Exec(`CREATE TABLE user_groups (id INTEGER PRIMARY KEY, title TEXT NOT NULL)`),
		})
		return err
	})
}

// upgrade moves a database to a version by a plan, made, approved and applied
// within some minutes.
func (d *demo) upgrade(ctx context.Context, s *spec, version int) error {
	p, err := d.propose(ctx, s.database, version)
	if err != nil {
		return err
	}
	if p, err = d.decide(ctx, p, true); err != nil {
		return err
	}
	d.later(4 * time.Minute)
	if p, err = d.fleet.Change.Plans.Apply(ctx, actor, p.ID, p.Hash); err != nil {
		return err
	}
	if p.State != fleet.PlanApplied {
		return fault.New(fault.Internal, "the plan ended %s: %s", p.State, p.Error)
	}
	return nil
}

func (d *demo) propose(ctx context.Context, database string, version int) (fleet.Plan, error) {
	return d.fleet.Change.Plans.Propose(ctx, actor, database, schemaName, version)
}

// decide approves or rejects a plan some minutes after it was made.
func (d *demo) decide(ctx context.Context, p fleet.Plan, approve bool) (fleet.Plan, error) {
	d.later(17 * time.Minute)
	return d.fleet.Change.Plans.Decide(ctx, actor, p.ID, change.Decision{Hash: p.Hash, Approve: approve})
}

func (d *demo) later(by time.Duration) { d.clock.set(d.clock.Now().Add(by)) }

// leavePlans leaves plans for databases that are behind: one that waits for a
// decision, one that is approved, one that was rejected.
func (d *demo) leavePlans(ctx context.Context, specs []spec) error {
	var behind []spec
	for _, s := range specs {
		if s.version < newest {
			behind = append(behind, s)
		}
	}
	for i, s := range behind[:min(3, len(behind))] {
		d.clock.set(d.end.Add(-time.Duration(40-13*i) * time.Hour))
		p, err := d.propose(ctx, s.database, newest)
		if err == nil && i > 0 {
			_, err = d.decide(ctx, p, i == 1)
		}
		if err != nil {
			return fmt.Errorf("demo: a plan for %s: %w", s.database, err)
		}
	}
	return nil
}

// drift changes the schema of one database by SQL, which nothing recorded.
func (d *demo) drift(ctx context.Context) error {
	for _, s := range plan(d.o) {
		if s.kind != drifted {
			continue
		}
		info, err := d.provider.Find(ctx, s.database)
		if err != nil {
			return err
		}
		return d.within(ctx, info.ID, func(conn d1.Conn) error {
			_, err := conn.Batch(ctx, []d1.Stmt{
				d1.Exec(`ALTER TABLE users ADD COLUMN legacy_id TEXT`),
				d1.Exec(`CREATE INDEX users_by_legacy_id ON users (legacy_id)`),
				d1.Exec(`UPDATE users SET legacy_id = printf('crm-%05d', rowid * 7 % 99991) WHERE rowid % 3 > 0`),
			})
			return err
		})
	}
	return nil
}

// within opens a database for as long as f works on it.
func (d *demo) within(ctx context.Context, provider string, f func(d1.Conn) error) error {
	conn, err := d.provider.Open(ctx, provider)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return f(conn)
}
