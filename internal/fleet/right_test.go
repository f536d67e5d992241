package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/id"
)

// doing is every operation of the fleet but those that it does by itself, begun by an actor.
var doing = map[*fleet.Operation]func(*world, context.Context, auth.Actor, fleet.Database) error{
	fleet.OpProvision: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		if _, err := w.Provision.Resume(ctx, a, d.Name); !fault.Is(err, fault.Denied) {
			return err
		}
		_, err := w.Provision.Start(ctx, a, provision.Input{OrgName: "Other"})
		return err
	},
	fleet.OpUndo: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Provision.Undo(ctx, a, d.Name)
	},
	fleet.OpAdopt: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Provision.Adoptions.Register(ctx, a, provision.RegisterInput{IDs: []string{"x"}})
		return err
	},
	fleet.OpCheck: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		if err := w.Health.CheckAll(ctx, a); !fault.Is(err, fault.Denied) {
			return err
		}
		_, err := w.Health.Check(ctx, a, d.Name)
		return err
	},
	fleet.OpSettle: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Fleet.SettleDatabase(ctx, a, d.Name)
	},
	fleet.OpKeep: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		_, err := w.Keep.Points.KeepPoint(ctx, a, d.Name)
		return err
	},
	fleet.OpForget: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Points.ForgetPoint(ctx, a, d.Name, "p")
	},
	fleet.OpRestore: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		if _, err := w.Keep.Points.RestoreAt(ctx, a, d.Name, time.Now()); !fault.Is(err, fault.Denied) {
			return err
		}
		_, err := w.Keep.Points.RestoreTo(ctx, a, d.Name, "p")
		return err
	},
	fleet.OpArchive: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Archive(ctx, a, d.Name)
	},
	fleet.OpUnarchive: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Unarchive(ctx, a, d.Name)
	},
	fleet.OpDelete: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Delete(ctx, a, d.Name)
	},
	fleet.OpRevive: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Revive(ctx, a, d.Name)
	},
	fleet.OpMove: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Moves.Move(ctx, a, d.Name, fleet.D1)
	},
	fleet.OpLetGo: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Moves.RemoveOrigin(ctx, a, d.Name, true)
	},
	fleet.OpReplicate: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.SetReplication(ctx, a, d.Name, "auto")
	},
	fleet.OpImport: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		_, err := w.Keep.Copies.Import(ctx, a, d.Name, "nowhere", false)
		return err
	},
	fleet.OpDownload: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		_, err := w.Keep.Copies.Download(ctx, a, d.Name, "")
		return err
	},
	fleet.OpExport: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.Copies.PrepareExport(ctx, a, d.Name)
	},
	fleet.OpApply: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Change.Plans.Apply(ctx, a, id.Plan("p"), "h")
		return err
	},
	fleet.OpFill: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		return w.Change.Fills.ResumeFilling(ctx, a, "p")
	},
	fleet.OpFillStop: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		return w.Change.Fills.StopFilling(ctx, a, "p")
	},
	fleet.OpPlan: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		if err := w.Change.Rehearsals.Rehearse(ctx, a, "p"); !fault.Is(err, fault.Denied) {
			return err
		}
		_, err := w.Change.Plans.Propose(ctx, a, d.Name, "app", 2)
		return err
	},
	fleet.OpRetry: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Change.Plans.RetryPlan(ctx, a, "p")
		return err
	},
	fleet.OpApprove: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Change.Plans.Decide(ctx, a, "p", change.Decision{Approve: true})
		return err
	},
	fleet.OpReject: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Change.Plans.Decide(ctx, a, "p", change.Decision{})
		return err
	},
	fleet.OpVersion: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Change.Schemas.SaveVersion(ctx, a, "app", "x")
		return err
	},
	fleet.OpOrg: func(w *world, ctx context.Context, a auth.Actor, _ fleet.Database) error {
		_, err := w.Fleet.Orgs.Create(ctx, a, "Other")
		return err
	},
	fleet.OpRenameOrg: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		_, err := w.Fleet.Orgs.Rename(ctx, a, d.OrgSlug, "Other")
		return err
	},
	fleet.OpDeleteOrg: func(w *world, ctx context.Context, a auth.Actor, d fleet.Database) error {
		return w.Keep.DeleteOrg(ctx, a, d.OrgSlug, true)
	},
}

// Each operation asks for its right itself, whoever let the actor come so far: a role that
// lacks it is refused and nothing is noted, one that has it is not.
func TestEveryOperationAsksForItsRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1})
	log := func() int {
		es, err := w.store.Audit(t.Context(), audit.Filter{Limit: 1000})
		must(t, err)
		return len(es)
	}
	before := log()
	for _, op := range fleet.Operations() {
		do := doing[op]
		if do == nil {
			if op != fleet.OpPurge && op != fleet.OpRehash {
				t.Errorf("%s is tried by nobody", op.Action)
			}
			continue
		}
		for _, r := range append(auth.Roles(), "") {
			a := ada
			if a.Role = r; r.Can(op.Needs) {
				continue
			}
			if err := do(w, t.Context(), a, d); !fault.Is(err, fault.Denied) {
				t.Errorf("%s by %q: %v", op.Action, r, err)
			}
		}
	}
	if n := log(); n != before {
		t.Errorf("%d entries more", n-before)
	}
	if now := w.database(d.Name); now.State != fleet.Ready || now.UpdatedAt != d.UpdatedAt {
		t.Errorf("%+v", now)
	}
	// Who has the right is refused for other reasons alone.
	for op, do := range doing {
		if op == fleet.OpDelete || op == fleet.OpDeleteOrg || op == fleet.OpArchive {
			continue // what the others need
		}
		if err := do(w, t.Context(), ada, d); fault.Is(err, fault.Denied) {
			t.Errorf("%s by an owner: %v", op.Action, err)
		}
	}
}

// Whose scope holds nobody's things is told of none.
func TestWhoReachesNothingReadsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1})
	p := w.approved(d.Name)
	ctx := t.Context()
	for name, read := range map[string]func(a auth.Actor) error{
		"Org": func(a auth.Actor) error { _, err := w.Fleet.Orgs.Get(ctx, a, "acme"); return err },
		"Orgs": func(a auth.Actor) error {
			_, _, err := w.Fleet.Orgs.List(ctx, a, "", fleet.Page{Number: 1, Size: 9})
			return err
		},
		"Databases": func(a auth.Actor) error { _, _, err := w.Fleet.Databases(ctx, a, fleet.Filter{}); return err },
		"Totals":    func(a auth.Actor) error { _, err := w.Fleet.Totals(ctx, a); return err },
		"Database":  func(a auth.Actor) error { _, err := w.Fleet.Database(ctx, a, d.Name); return err },
		"Open": func(a auth.Actor) error {
			_, conn, err := w.Fleet.Open(ctx, a, d.Name)
			if err == nil {
				err = conn.Close()
			}
			return err
		},
		"PointAt": func(a auth.Actor) error { _, err := w.Keep.Points.PointAt(ctx, a, d.Name, time.Now()); return err },
		"Plan":    func(a auth.Actor) error { _, err := w.Change.Plans.Plan(ctx, a, p.ID); return err },
		"Plans": func(a auth.Actor) error {
			_, _, err := w.Change.Plans.List(ctx, a, d.Name, fleet.Page{Number: 1, Size: 9})
			return err
		},
		"FillingPlans": func(a auth.Actor) error { _, err := w.Change.Fills.FillingPlans(ctx, a, d.Name); return err },
		"DrawDatabase": func(a auth.Actor) error { _, err := w.Change.Schemas.DrawDatabase(ctx, a, d.Name); return err },
		"LeftAlone":    func(a auth.Actor) error { _, err := w.Change.Schemas.LeftAlone(ctx, a, d.Name); return err },
		"Draw": func(a auth.Actor) error {
			_, err := w.Change.Schemas.Draw(ctx, a, d.Name, "create table x (a)")
			return err
		},
		"DrawOffer": func(a auth.Actor) error { _, _, err := w.Change.Plans.DrawOffer(ctx, a, p.ID); return err },
		"AccountDatabases": func(a auth.Actor) error {
			_, err := w.Provision.Adoptions.AccountDatabases(ctx, a, "", fleet.Page{Number: 1, Size: 9}, false)
			return err
		},
		"Examine": func(a auth.Actor) error { _, err := w.Provision.Adoptions.Examine(ctx, a, nil, ""); return err },
	} {
		nobody := ada
		nobody.Scope = ""
		if err := read(nobody); !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
		if err := read(ada); fault.Is(err, fault.Denied) {
			t.Errorf("%s, by one who reaches everything: %v", name, err)
		}
	}
}
