package operation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/operation"
)

var kind = operation.Kind{Action: audit.PointRestore, Needs: auth.DatabasesRestore}

// memory is a log in memory, which may refuse.
type memory struct {
	lines []string
	es    []audit.Entry
	full  error
}

func (m *memory) Record(ctx context.Context, es ...audit.Entry) error {
	if err := errors.Join(m.full, ctx.Err()); err != nil {
		return err
	}
	for _, e := range es {
		m.es = append(m.es, e)
		m.lines = append(m.lines, fmt.Sprintf("%s %s %s %s|%s|%s", e.Outcome, e.Org, e.Database, e.Target, e.Statement, e.Detail))
	}
	return nil
}

func door(m *memory) operation.Door {
	at := time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)
	return operation.Door{Log: m, Now: func() time.Time { at = at.Add(time.Second); return at }}
}

func actor(r auth.Role) auth.Actor {
	return auth.Actor{Operator: "op1", Role: r, Scope: auth.Everything, Email: "ada@acme.test"}
}

var about = audit.Entry{Org: "acme", Database: "acme-1", Target: "p1", Statement: "delete", Detail: "why"}

// Every end of the work is in the log as what it is, under the intent that says what was begun.
func TestEveryIntentHasItsOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"done":    {nil, "done acme acme-1 p1||as told"},
		"failed":  {fault.New(fault.Unavailable, "The disk is full."), "failed acme acme-1 p1||The disk is full."},
		"unknown": {fault.New(fault.Unknown, "The answer was lost."), "unknown acme acme-1 p1||The answer was lost."},
	} {
		for _, r := range []auth.Role{auth.RoleOwner, auth.RoleAdmin, auth.RoleOperator} {
			m, ctx := &memory{}, t.Context()
			ctx, leave := context.WithCancel(ctx)
			err := door(m).Do(ctx, actor(r), kind, operation.Job{About: about, Work: func(_ context.Context, out *audit.Entry) error {
				leave() // whoever asked is gone
				out.Detail, out.Rows = "as told", 3
				return c.err
			}})
			if !errors.Is(err, c.err) {
				t.Errorf("%s: %v", name, err)
			}
			if d := cmp.Diff([]string{"intent acme acme-1 p1|delete|why", c.want}, m.lines); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			in, out := m.es[0], m.es[1]
			if out.Intent != in.ID || in.Intent != "" || out.Rows != 3 || !out.At.After(in.At) ||
				out.Actor != "ada@acme.test" || out.Action != kind.Action {
				t.Errorf("%s: %+v", name, out)
			}
		}
	}
}

func TestWhatPanicsIsUnknown(t *testing.T) {
	t.Parallel()
	m := &memory{}
	func() {
		defer func() {
			if r := recover(); r != "boom" {
				t.Errorf("the panic went on as %v", r)
			}
		}()
		_ = door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{About: about,
			Work: func(context.Context, *audit.Entry) error { panic("boom") }})
	}()
	if len(m.lines) != 2 || !strings.HasPrefix(m.lines[1], "unknown acme acme-1 p1||It was cut short") || m.es[1].Intent != m.es[0].ID {
		t.Errorf("%q", m.lines)
	}
}

// Who may not is refused before anything is looked at, noted or done.
func TestWhoMayNotDoesNothing(t *testing.T) {
	t.Parallel()
	never := func(string) func() error { return func() error { t.Error("it was asked"); return nil } }
	j := operation.Job{Check: func(context.Context) error { return never("check")() },
		Begin: func(context.Context, audit.Entry) error { return never("begin")() },
		Work:  func(context.Context, *audit.Entry) error { return never("work")() },
		End:   func(context.Context, audit.Entry, error) error { return never("end")() }}
	alone := j
	alone.Work = nil
	for _, a := range []auth.Actor{actor(auth.RoleViewer), actor(""), {}} {
		m := &memory{}
		if err := door(m).Do(t.Context(), a, kind, j); !fault.Is(err, fault.Denied) || m.lines != nil {
			t.Errorf("%+v: %v %q", a, err, m.lines)
		}
		if err := door(m).Do(t.Context(), a, kind, alone); !fault.Is(err, fault.Denied) || m.lines != nil {
			t.Errorf("%+v alone: %v %q", a, err, m.lines)
		}
		if _, err := door(m).Begin(t.Context(), a, kind, j); !fault.Is(err, fault.Denied) || m.lines != nil {
			t.Errorf("%+v begin: %v %q", a, err, m.lines)
		}
	}
	m := &memory{}
	done := operation.Job{Work: func(context.Context, *audit.Entry) error { return nil }}
	if err := door(m).Do(t.Context(), auth.SystemActor("purge"), kind, done); err != nil || len(m.lines) != 2 {
		t.Errorf("the program itself: %v %q", err, m.lines)
	}
}

func TestWhatIsRefusedIsNotNoted(t *testing.T) {
	t.Parallel()
	m, no := &memory{}, fault.New(fault.Conflict, "Not now.")
	worked := false
	work := func(context.Context, *audit.Entry) error { worked = true; return nil }
	refuse := func(context.Context) error { return no }
	err := door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{Check: refuse, Work: work})
	if !errors.Is(err, no) || worked || m.lines != nil {
		t.Errorf("%v %v %q", err, worked, m.lines)
	}
	err = door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{Check: refuse,
		End: func(context.Context, audit.Entry, error) error { worked = true; return nil }})
	if !errors.Is(err, no) || worked {
		t.Errorf("%v %v", err, worked)
	}
	// Without its intent nothing is done.
	m.full = no
	if err := door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{Work: work}); !errors.Is(err, no) || worked {
		t.Errorf("%v %v", err, worked)
	}
	err = door(&memory{}).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{Work: work,
		Begin: func(context.Context, audit.Entry) error { return no }})
	if !errors.Is(err, no) || worked {
		t.Errorf("%v %v", err, worked)
	}
}

// What was done and can't be recorded is said to have been done.
func TestWhatIsDoneAndNotRecordedSaysSo(t *testing.T) {
	t.Parallel()
	m := &memory{}
	err := door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{Work: func(context.Context, *audit.Entry) error {
		m.full = fault.New(fault.Unavailable, "The disk is full.")
		return nil
	}})
	if !fault.Is(err, fault.Unavailable) || fault.Message(err) != "It was done, but that could not be recorded: The disk is full." {
		t.Errorf("%v", err)
	}
	lost := fault.New(fault.Unknown, "The answer was lost.")
	m.full = nil
	err = door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{Work: func(context.Context, *audit.Entry) error {
		m.full = fault.New(fault.Unavailable, "The disk is full.")
		return lost
	}})
	if !errors.Is(err, lost) || !fault.Is(err, fault.Unknown) || !errors.Is(err, m.full) {
		t.Errorf("%v", err)
	}
}

// The work itself may be stopped by whoever asked for it.
func TestWorkIsStoppedByItsContext(t *testing.T) {
	t.Parallel()
	m := &memory{}
	ctx, leave := context.WithCancel(t.Context())
	err := door(m).Do(ctx, actor(auth.RoleOwner), kind, operation.Job{About: about, Work: func(ctx context.Context, _ *audit.Entry) error {
		leave()
		return ctx.Err()
	}})
	if !errors.Is(err, context.Canceled) || len(m.es) != 2 || m.es[1].Outcome != audit.Failed {
		t.Errorf("%v %q", err, m.lines)
	}
}

// A job may store its entries in the batches of its own changes, and decide what it ends with.
func TestAJobStoresItsEntriesItself(t *testing.T) {
	t.Parallel()
	m := &memory{}
	var begun, ended audit.Entry
	lost, found := fault.New(fault.Unknown, "The answer was lost."), errors.New("found elsewhere")
	j := operation.Job{About: about,
		Begin: func(_ context.Context, e audit.Entry) error { begun = e; return nil },
		Work:  func(_ context.Context, out *audit.Entry) error { out.Target = "p2"; return lost },
		End: func(ctx context.Context, e audit.Entry, err error) error {
			if ended = e; !errors.Is(err, lost) || ctx.Err() != nil {
				t.Errorf("%v %v", err, ctx.Err())
			}
			return found
		}}
	if err := door(m).Do(t.Context(), actor(auth.RoleOwner), kind, j); !errors.Is(err, found) || m.lines != nil {
		t.Errorf("%v %q", err, m.lines)
	}
	if begun.Outcome != audit.Intent || ended.Outcome != audit.Unknown || ended.Intent != begun.ID || ended.Target != "p2" {
		t.Errorf("%+v %+v", begun, ended)
	}
	// A change of the control plane alone has one entry, with all that is known of it.
	var one audit.Entry
	err := door(m).Do(t.Context(), actor(auth.RoleOwner), kind, operation.Job{About: about,
		End: func(_ context.Context, e audit.Entry, err error) error { one = e; return err }})
	if err != nil || one.Outcome != audit.Done || one.Statement != "delete" || one.Detail != "why" || one.Target != "p1" || m.lines != nil {
		t.Errorf("%v %+v", err, one)
	}
	// What a stop left open gets its outcome under the intent that stands there.
	done := operation.Job{About: about, Work: func(context.Context, *audit.Entry) error { return nil }}
	if err := door(m).Finish(t.Context(), actor(""), kind, "i1", done); err != nil || len(m.es) != 1 || m.es[0].Intent != "i1" {
		t.Errorf("%v %+v", err, m.es)
	}
}
