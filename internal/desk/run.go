package desk

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Script is what is to be run.
type Script struct {
	SQL, Params string
	// Confirm is the token of a judgement that was agreed to, if any, and Reason why the
	// findings that need one don't stand against it.
	Confirm, Reason string
	// Name is what the run can be cancelled by, "" for not.
	Name string
}

// Answer is what came of a script.
type Answer struct {
	// WritesUntil is until when the session may write there, zero for not.
	WritesUntil time.Time
	// Judgement is what the script would do, where writes are allowed. Ask says that its
	// dangers have to be confirmed: nothing has run.
	Judgement console.Judgement
	Ask       bool
	// Results are those of the statements that ran, the last one maybe with its error, and
	// Ran says that the script got as far.
	Results []console.Result
	Ran     bool
	// Err is why there is no result: the script is none, or what became of a write isn't known.
	Err   error
	Total time.Duration

	close func()
}

// Close gives the run's place back: once the results aren't needed any more.
func (a *Answer) Close() {
	if a != nil && a.close != nil {
		a.close()
		a.close = nil
	}
}

// Run runs a script in an open database: reading only, unless the session may write; what
// is dangerous is asked about first. What the script itself is refused with is in its
// answer, which has to be closed. The error is why nothing can be said of it: no place is
// free (fault.Limited), or the control plane doesn't answer.
func (d *Desk) Run(ctx context.Context, a auth.Actor, db fleet.Database, conn d1.Conn, s Script) (answer *Answer, err error) {
	if err := a.May(OpQuery.Needs); err != nil {
		return nil, err
	}
	running, ended := d.begin(ctx, a, s.Name)
	leave, err := d.enter(running)
	if err != nil {
		ended()
		return nil, err
	}
	t := &turn{desk: d, actor: a, db: db, conn: conn, limits: d.Limits(db), Answer: Answer{close: func() { leave(); ended() }},
		script: console.Script{Database: string(db.ID), SQL: s.SQL, Params: s.Params, Confirm: s.Confirm, Reason: s.Reason}}
	defer func() {
		if answer == nil { // also when it panics: a place that isn't given back is gone for good
			t.Close()
		}
	}()
	if t.WritesUntil, err = d.WritesUntil(ctx, a, db); err != nil {
		return nil, err
	}
	if err = t.take(running); err != nil {
		return nil, err
	}
	return &t.Answer, nil
}

// turn is one script on its way to its answer.
type turn struct {
	desk   *Desk
	actor  auth.Actor
	db     fleet.Database
	conn   d1.Conn
	script console.Script
	limits console.Limits
	Answer
}

// take reads, asks or writes.
func (t *turn) take(ctx context.Context) error {
	if t.WritesUntil.IsZero() {
		return t.read(ctx)
	}
	t.Judgement, t.Err = console.Judge(ctx, t.conn, t.script, t.limits)
	switch {
	case t.Err != nil:
		return t.note(ctx)
	case !t.Judgement.Writes:
		return t.read(ctx)
	case len(t.Judgement.Dangers) > 0:
		t.Ask = true
		return nil
	}
	t.write(ctx)
	return nil
}

// read runs the script reading only.
func (t *turn) read(ctx context.Context) error {
	began := time.Now()
	t.Results, t.Err = console.Run(ctx, t.conn, t.script.SQL, t.script.Params, t.limits)
	t.Total, t.Ran = time.Since(began), t.Err == nil
	return t.note(ctx)
}

// note leaves the entry of a run that changed nothing.
func (t *turn) note(ctx context.Context) error {
	return t.desk.door().Do(context.WithoutCancel(ctx), t.actor, OpQuery, operation.Job{
		About: what{statement: t.script.SQL}.about(t.db),
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			err := t.Err
			for _, r := range t.Results {
				e.Rows += int64(len(r.Rows))
				if r.Err != nil {
					err = r.Err
				}
			}
			if err != nil {
				e.Outcome, e.Detail = audit.Failed, fault.Message(err)
			}
			return t.desk.Log.Record(ctx, e)
		},
	})
}

// write runs the script in one transaction. Until it commits, the end of ctx undoes all
// of it, and the outcome says so.
func (t *turn) write(ctx context.Context) {
	began := time.Now()
	w := what{statement: t.script.SQL, detail: t.Judgement.Overridden}
	err := t.desk.bracket(ctx, t.actor, t.db, OpWrite, w, func(context.Context) (rows int64, err error) {
		t.Results, err = console.Write(ctx, t.conn, t.script, t.limits, t.Judgement)
		for _, r := range t.Results {
			rows += r.Changes
			if r.Err != nil {
				err = r.Err
			}
		}
		return rows, err
	})
	t.Total, t.Ran = time.Since(began), true
	if len(t.Results) == 0 {
		t.Err = err
	}
}
