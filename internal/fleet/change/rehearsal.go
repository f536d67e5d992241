package change

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// RehearsalRun is a rehearsal of a plan that is under way or has ended.
type RehearsalRun struct {
	By    string
	Since time.Time
	// Ended is zero while it goes on; Error says why it could not be held, "" when
	// it could: then Rehearsal tells what the plan did.
	Ended     time.Time
	Error     string
	Rehearsal migrate.Rehearsal
}

// Running reports whether it goes on.
func (r RehearsalRun) Running() bool { return !r.Since.IsZero() && r.Ended.IsZero() }

// maxRehearsals is how many rehearsals are remembered, the newest; they are lost
// with the program.
const maxRehearsals = 50

// LastRehearsal returns the last rehearsal of a plan; its Since is zero for none.
func (re *Rehearsals) LastRehearsal(plan id.Plan) RehearsalRun {
	re.mu.Lock()
	defer re.mu.Unlock()
	return re.rehearsed[plan]
}

// Rehearse applies a plan to a copy of its database and remembers what became of
// it, see LastRehearsal. The database itself is only read. One that goes on already is
// fault.Conflict; Close ends it.
func (re *Rehearsals) Rehearse(ctx context.Context, a auth.Actor, plan id.Plan) error {
	if err := a.May(fleet.OpPlan.Needs); err != nil {
		return err
	}
	p, err := re.plans.readPlan(ctx, plan)
	if err != nil {
		return err
	}
	if err := p.Body.Ready(); err != nil {
		return err
	}
	r := RehearsalRun{By: a.Email, Since: re.now()}
	if !re.noteRehearsal(plan, r, true) {
		return fault.New(fault.Conflict, "This plan is being rehearsed already. Look again in a moment.")
	}
	defer re.work.Done()
	r.Error = "It was cut short."
	defer func() { // also when it panics
		r.Ended = re.now()
		re.noteRehearsal(plan, r, false)
	}()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(re.background, cancel)()
	if r.Rehearsal, err = re.rehearse(ctx, p); err != nil {
		r.Error = fault.Message(err)
		return err
	}
	r.Error = ""
	return nil
}

func (re *Rehearsals) rehearse(ctx context.Context, p fleet.Plan) (r migrate.Rehearsal, err error) {
	d, err := re.store.Database(ctx, p.Database)
	if err != nil {
		return r, err
	}
	_, target, err := re.schemas.Version(ctx, p.Body.Schema, p.Body.Version)
	if err != nil {
		return r, err
	}
	src, err := re.fleet.Places.Of(d).Copy(ctx, d.ProviderID, "")
	if err != nil {
		return r, err
	}
	defer func() { _ = src.Close() }()
	return migrate.Rehearse(ctx, src, &p.Body, target)
}

// noteRehearsal remembers how a rehearsal stands. One that begins is refused while
// another goes on or the program stops; else Close waits for it.
func (re *Rehearsals) noteRehearsal(plan id.Plan, r RehearsalRun, begins bool) bool {
	re.mu.Lock()
	defer re.mu.Unlock()
	if begins {
		if re.rehearsed[plan].Running() || re.background.Err() != nil {
			return false
		}
		re.work.Add(1)
	}
	re.rehearsed[plan] = r
	for len(re.rehearsed) > maxRehearsals {
		var oldest id.Plan
		for p, r := range re.rehearsed {
			if !r.Running() && (oldest == "" || r.Since.Before(re.rehearsed[oldest].Since)) {
				oldest = p
			}
		}
		if oldest == "" {
			break // all of them go on
		}
		delete(re.rehearsed, oldest)
	}
	return true
}
