package desk

import (
	"context"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Log is what was done, and by whom.
type Log interface {
	// Record writes entries that belong to no change of the control plane.
	Record(ctx context.Context, es ...audit.Entry) error
	// Audit returns the entries that match, the newest first.
	Audit(ctx context.Context, f audit.Filter) ([]audit.Entry, error)
}

// Switch says in which databases a session may write.
type Switch interface {
	// AllowWrites lets a session write to a database until then; a time that is past
	// takes that back.
	AllowWrites(ctx context.Context, session string, d id.Database, until time.Time, es ...audit.Entry) error
	// WritesUntil returns the zero time if it may not.
	WritesUntil(ctx context.Context, session string, d id.Database) (time.Time, error)
}

// Options are what a desk is made of.
type Options struct {
	Log    Log
	Switch Switch
	// Rows is the most rows that a statement shows.
	Rows int
	// Timeout is the longest a statement runs that reads, and the longest all statements
	// of a writing run take together.
	Timeout time.Duration
	// ReadToken says whether what reads on D1 goes with a token that may only read.
	ReadToken func() bool
	Now       func() time.Time
}

// Desk is where operators work in databases. It is safe for concurrent use.
type Desk struct {
	Options
	// places holds one for each run that goes on.
	places chan struct{}
	runs   sync.Map // from runKey to *context.CancelCauseFunc
}

// New returns a desk.
func New(o Options) *Desk { return &Desk{Options: o, places: make(chan struct{}, MaxRuns)} }

// Limits are those of a run in a database.
func (d *Desk) Limits(db fleet.Database) console.Limits {
	l := console.Limits{Rows: d.Rows, Timeout: d.Timeout}
	switch {
	case db.Provider != fleet.D1:
	case d.ReadToken():
		l.Guard = console.ByToken
	default:
		l.Guard = console.ByCompiler
	}
	return l
}

// Allow lets the actor's session write to a database for ten minutes and returns until
// when, or takes that back and returns the zero time.
func (d *Desk) Allow(ctx context.Context, a auth.Actor, db fleet.Database, on bool) (until time.Time, err error) {
	w := what{target: a.Email, detail: "back to read-only"}
	err = d.door().Do(ctx, a, OpAllow, operation.Job{About: w.about(db), End: func(ctx context.Context, e audit.Entry, _ error) error {
		if on {
			until = e.At.Add(auth.WritesFor)
			e.Detail = "until " + until.UTC().Format("15:04:05 UTC")
		}
		return d.Switch.AllowWrites(ctx, a.Session, db.ID, until, e)
	}})
	return until, err
}

// WritesUntil returns until when the actor's session may write to a database, the zero
// time if it may not. The right to write is asked too: it may be gone since.
func (d *Desk) WritesUntil(ctx context.Context, a auth.Actor, db fleet.Database) (time.Time, error) {
	if !a.Role.Can(auth.DatabasesWrite) {
		return time.Time{}, nil
	}
	return d.Switch.WritesUntil(ctx, a.Session, db.ID)
}
