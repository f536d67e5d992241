package builds_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/builds"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

const keptFile = "kept.json"

// makeArchive makes the next folder of testdata, with this very build.
func makeArchive(ctx context.Context, name string) error {
	dir, err := os.MkdirTemp("", "kuratchi-build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := makeFolder(ctx, dir); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join("testdata", name+".tar.gz"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(builds.Pack(dir, f), f.Close())
}

// makeFolder fills a new data folder and writes down what is in it.
func makeFolder(ctx context.Context, dir string) error {
	w, err := open(ctx, dir, now)
	if err != nil {
		return err
	}
	m := &maker{world: w, ctx: ctx}
	m.all()
	k, err := w.tell(ctx, now().Add(time.Millisecond))
	if err = errors.Join(m.err, err, w.close()); err != nil {
		return err
	}
	b, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, keptFile), b, 0o600)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// maker makes a folder; after the first error it does nothing more.
type maker struct {
	*world
	ctx context.Context
	err error
}

func (m *maker) do(what string, f func() error) {
	if m.err == nil {
		if err := f(); err != nil {
			m.err = fmt.Errorf("%s: %w", what, err)
		}
	}
}

func (m *maker) all() {
	m.owner()
	for _, sources := range [][]string{app, wide, verbatim, downward} {
		for _, source := range sources {
			m.save(source)
		}
	}
	m.ordinary()
	m.foreign()
	m.adoption()
	m.past()
	m.do("an organization", func() error { _, err := m.Fleet.Orgs.Create(m.ctx, ada, "Vandelay"); return err })
}

func (m *maker) owner() {
	m.do("owner", func() error {
		hasher, err := auth.NewHasher(auth.Params{Memory: 64, Time: 1, Threads: 1, Salt: 16, Key: 32})
		if err != nil {
			return err
		}
		hash, err := hasher.Hash(m.ctx, builds.OwnerPassword)
		if err != nil {
			return err
		}
		token, stored := auth.NewToken("kds_")
		if err := m.store.SetupToken(m.ctx, stored, now().Add(time.Minute)); err != nil {
			return err
		}
		o := auth.Operator{ID: ada.Operator, Email: ada.Email, Role: auth.RoleOwner, CreatedAt: now()}
		return m.store.Claim(m.ctx, auth.HashToken(token), o, hash, entry(now(), audit.SetupClaim))
	})
}

func (m *maker) save(source string) {
	m.do("a version", func() error { _, err := m.Change.Schemas.SaveVersion(m.ctx, ada, "", source); return err })
}

// provision makes a database of a new organization, or of one that is there.
func (m *maker) provision(org, name, schema string, version int, statements ...string) {
	m.do(name, func() error {
		in := provision.Input{Name: name, Schema: schema, Version: version}
		if _, err := m.Fleet.Orgs.Get(m.ctx, ada, fleet.Slug(org)); err == nil {
			in.Org = fleet.Slug(org)
		} else {
			in.OrgName = org
		}
		d, err := m.Provision.Start(m.ctx, ada, in)
		if err != nil {
			return err
		}
		for m.Fleet.Holds.Busy(d.ID) {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	m.run(name, statements...)
}

// run changes a database behind the dashboard's back.
func (m *maker) run(name string, statements ...string) {
	m.do(name, func() error {
		if len(statements) == 0 {
			return nil
		}
		_, conn, err := m.Fleet.Open(m.ctx, ada, name)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		batch := make([]d1.Stmt, len(statements))
		for i, sql := range statements {
			batch[i] = d1.Exec(sql)
		}
		_, err = conn.Batch(m.ctx, batch)
		return err
	})
}

// plan makes a plan and takes it as far as is said.
func (m *maker) plan(database, name string, version int, to fleet.PlanState) {
	m.do("a plan for "+database, func() error {
		p, err := m.Change.Plans.Propose(m.ctx, ada, database, name, version)
		if err != nil || to == fleet.PlanProposed {
			return err
		}
		if p, err = m.Change.Plans.Decide(m.ctx, bob, p.ID, change.Decision{Hash: p.Hash, Approve: to != fleet.PlanRejected}); err != nil ||
			to != fleet.PlanApplied {
			return err
		}
		if p, err = m.Change.Plans.Apply(m.ctx, ada, p.ID, p.Hash); err != nil {
			return err
		}
		for end := time.Now().Add(20 * time.Second); p.Filling.State == fleet.FillRunning &&
			time.Now().Before(end); time.Sleep(time.Millisecond) {
			if p, err = m.Change.Plans.Plan(m.ctx, ada, p.ID); err != nil {
				return err
			}
		}
		if p.State != fleet.PlanApplied || p.Filling.State == fleet.FillRunning {
			return fmt.Errorf("it ended %s: %s", p.State, p.Error)
		}
		return nil
	})
}

const users = `INSERT INTO users (email) VALUES ('Ada@acme.test'), ('bob@acme.test'), ('cy@acme.test')`

// ordinary databases: in sync after two plans, behind, drifted, of every kind of column.
func (m *maker) ordinary() {
	m.provision("Acme", "acme-app", "app", 1, users, `INSERT INTO orders (user_id, total) VALUES (1, 9.5), (2, 0), (2, 3)`)
	m.do("a point", func() error { _, err := m.Keep.Points.KeepPoint(m.ctx, ada, "acme-app"); return err })
	m.plan("acme-app", "app", 2, fleet.PlanApplied)
	m.plan("acme-app", "app", 3, fleet.PlanApplied)
	m.provision("Acme", "acme-behind", "app", 1, users)
	m.plan("acme-behind", "app", 2, fleet.PlanRejected)
	m.plan("acme-behind", "app", 2, fleet.PlanProposed)
	m.provision("Globex", "globex-behind", "app", 2, users)
	m.plan("globex-behind", "app", 3, fleet.PlanApproved)
	m.provision("Globex", "globex-drifted", "app", 3, users, `ALTER TABLE users ADD COLUMN legacy TEXT`, `DROP INDEX orders_user`)
	m.provision("Globex", "globex-wide", "wide", 1,
		`INSERT INTO kinds (t, i, b, c) VALUES ('one', 1, x'00ff', 'Ä'), (NULL, 2, NULL, 'b')`, `INSERT INTO pair VALUES ('a', 1, 'c', 2)`,
		`INSERT INTO strict VALUES ('s', 1)`, `INSERT INTO child (b, a, k) VALUES (1, 'a', 's')`, `INSERT INTO words VALUES ('found')`)
}

// foreign is what other tools leave in a database, which no schema declares.
func (m *maker) foreign() {
	m.provision("Initech", "initech-tools", "app", 3, users,
		`CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, `+
			`applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
		`INSERT INTO d1_migrations (name) VALUES ('0001_first.sql'), ('0002_second.sql')`,
		`CREATE TABLE leftovers (a, b TEXT COLLATE NOCASE, UNIQUE (b DESC), UNIQUE (a COLLATE NOCASE))`,
		`INSERT INTO leftovers VALUES (1, 'x'), ('Y', 'y')`,
		`CREATE VIEW seen AS SELECT email FROM users`,
		`CREATE TRIGGER left_behind AFTER INSERT ON users BEGIN INSERT INTO leftovers VALUES (new.id, new.email); END`)
}

// adoption is of databases whose keys have collations and directions of their own.
func (m *maker) adoption() {
	for _, org := range []string{"Acme", "Globex", "Initech"} {
		m.provision(org, fleet.Slug(org)+"-people", "", 0, append(append([]string{}, adopted...), adoptedRows...)...)
	}
	source := ""
	m.do("adopt", func() error {
		s, err := m.Change.Schemas.DrawDatabase(m.ctx, ada, "acme-people")
		source = s
		return err
	})
	const name = "acme-people"
	second := withColumn(source, "notes", 2)
	for _, s := range []string{source, second, withColumn(second, "people", 3)} {
		m.save(s)
	}
	for _, database := range []string{"acme-people", "globex-people", "initech-people"} {
		m.plan(database, name, 1, fleet.PlanApplied)
	}
	m.plan("acme-people", name, 2, fleet.PlanApplied)
	m.plan("globex-people", name, 2, fleet.PlanProposed)
	m.plan("initech-people", name, 3, fleet.PlanApproved)
	m.provision("Initech", "initech-verbatim", "verbatim", 1, `INSERT INTO members (email) VALUES ('Ada@acme.test')`)
	m.plan("initech-verbatim", "verbatim", 2, fleet.PlanApproved)
	m.provision("Globex", "globex-verbatim", "verbatim", 2)
	m.provision("Globex", "globex-downward", "downward", 1, `INSERT INTO down VALUES (2, 'b'), (1, 'a'), (NULL, 'c')`)
}

// past is what is out of use, was deleted, or never came to be.
func (m *maker) past() {
	m.provision("Acme", "acme-archive", "app", 1, users)
	m.do("archive", func() error { return m.Keep.Archive(m.ctx, ada, "acme-archive") })
	m.provision("Acme", "acme-gone", "app", 3, users)
	m.do("delete", func() error { return m.Keep.Delete(m.ctx, ada, "acme-gone") })
	m.do("obstruct", func() error {
		info, err := m.engine.Create(m.ctx, d1.CreateInput{Name: "initech-failed"})
		if err != nil {
			return err
		}
		conn, err := m.engine.Open(m.ctx, info.ID)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		_, err = conn.Query(m.ctx, d1.Exec("CREATE TABLE "+sqltext.Quote("of somebody else")+" (a)"))
		return err
	})
	m.provision("Initech", "initech-failed", "app", 3)
	m.provision("Acme", "acme-empty", "", 0)
}
