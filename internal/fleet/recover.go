package fleet

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Unsettled is work on a database that was cut short, and of which it isn't known yet
// what became of it: the place that knows hasn't answered.
type Unsettled struct {
	Database string
	// What says in words what was cut short.
	What  string
	Since time.Time
	// Error is why the last look settled nothing, "" before the first has ended.
	Error string
	// Held says that the database can be read and not changed meanwhile, Closed that it is out
	// of use.
	Held, Closed bool
}

// OpenWork is one of them with what settles it. That can be done again.
type OpenWork struct {
	Unsettled
	key      string // tells one from another of the same database
	database id.Database
	place    string // where the answer is
	settle   func(context.Context) error
}

// The keys of what isn't settled; that of a plan is its id.
const (
	ClearsDelete = "delete"
	ClearsMove   = "move"
)

// How long Run waits between two looks at what isn't settled: at first, and at most.
const (
	settleFirst = time.Second
	settleMost  = 2 * time.Minute
)

// Reopen notes work whose end isn't known, and wakes Run. A database is held but for a
// move away from the data folder: whatever became of that, it is still there.
func (s *Settler) Reopen(d Database, place, key string, op *Operation, settle func(context.Context) error) {
	held := key != ClearsMove || d.Provider == D1
	w := &OpenWork{Unsettled: Unsettled{Database: d.Name, What: op.Was, Since: s.now(), Held: held,
		Closed: key == ClearsDelete}, key: key, database: d.ID,
		place: place, settle: settle}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.ContainsFunc(s.open, func(o *OpenWork) bool { return o.database == d.ID && o.key == key }) {
		s.open = append(s.open, w)
	}
	select {
	case s.reopened[place] <- struct{}{}:
	default:
	}
}

// Unsettled returns what isn't settled yet, nothing to an actor who reaches nothing.
func (s *Settler) Unsettled(a auth.Actor) []Unsettled {
	if a.Reaches() != nil {
		return nil
	}
	return s.AllUnsettled()
}

// AllUnsettled returns what isn't settled yet, for the fleet's own use.
func (s *Settler) AllUnsettled() []Unsettled {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Unsettled, len(s.open))
	for i, w := range s.open {
		out[i] = w.Unsettled
	}
	return out
}

// ErrUnsettled is in the chain of what is refused until work is settled.
var ErrUnsettled = errors.New("what became of interrupted work isn't known yet")

// CheckSettled returns nil for a database of which nothing is open that holds it, else
// fault.Conflict with what is.
func (s *Settler) CheckSettled(d Database) error {
	return s.CheckOpenWork(d, func(w *OpenWork) bool { return w.Held })
}

// CheckOpenWork is CheckSettled with what counts.
func (s *Settler) CheckOpenWork(d Database, counts func(*OpenWork) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.open {
		if w.database != d.ID || !counts(w) {
			continue
		}
		last := ""
		if w.Error != "" {
			last = " The last look said: " + w.Error
		}
		return fault.Wrap(ErrUnsettled, fault.Conflict,
			"Work on %s was cut short: %s. What became of that is still being looked into. "+
				"Until it is known, its rows can be read, and nothing of it can be changed, copied or put back.%s", d.Name, w.What, last)
	}
	return nil
}

// Settled forgets what was open of a database, since something else ended it.
func (s *Settler) Settled(d Database, key string) {
	s.mu.Lock()
	s.open = slices.DeleteFunc(s.open, func(w *OpenWork) bool { return w.database == d.ID && w.key == key })
	s.mu.Unlock()
	s.holds.forgetFailure(d.ID, key)
}

// Settle looks once at everything that isn't settled.
func (s *Settler) Settle(ctx context.Context) {
	s.settlePlace(ctx, Embedded)
	s.settlePlace(ctx, D1)
}

// SettleDatabase looks once, at once, at what isn't settled of a database. What is still not
// known is fault.Unknown, with why; where nothing is open it is fault.Conflict.
func (f *Fleet) SettleDatabase(ctx context.Context, a auth.Actor, name string) error {
	ctx = context.WithoutCancel(ctx)
	return f.Do(ctx, a, name, OpSettle, func(ctx context.Context, d Database) (Job, error) {
		all := f.Settler.openOf(d.ID)
		if len(all) == 0 {
			return Job{}, fault.New(fault.Conflict, "Nothing of %s is unsettled any more. Load the page again.", d.Name)
		}
		var what []string
		var left error
		for _, w := range all {
			what = append(what, w.What)
			left = errors.Join(left, f.Settler.settleOne(ctx, w))
		}
		j := operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) error {
			if left != nil {
				e.Outcome = audit.Unknown
				e.Detail += " Not known yet: " + fault.Message(left)
			}
			return errors.Join(left, f.store.Record(ctx, e))
		}}
		j.About.Detail = "Read again what became of it: " + strings.Join(what, ", ") + "."
		return Job{Job: j}, nil
	})
}

// openOf are what isn't settled of a database.
func (s *Settler) openOf(d id.Database) []*OpenWork {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.open), func(w *OpenWork) bool { return w.database != d })
}

// UnsettledOf returns what isn't settled of a database.
func (s *Settler) UnsettledOf(d id.Database) []Unsettled {
	all := s.openOf(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Unsettled, len(all))
	for i, w := range all {
		out[i] = w.Unsettled
	}
	return out
}

// settleOne looks once at one of them, and forgets it where it is settled.
func (s *Settler) settleOne(ctx context.Context, w *OpenWork) error {
	if err := w.settle(ctx); err != nil {
		s.noteUnsettled(ctx, w, err)
		return err
	}
	s.mu.Lock()
	s.open = slices.DeleteFunc(s.open, func(o *OpenWork) bool { return o == w })
	s.mu.Unlock()
	s.holds.forgetFailure(w.database, w.key)
	s.log.Info("settled", "database", w.Database, "what", w.What)
	return nil
}

// settlePlace looks at what one place can settle, and returns how much is left.
func (s *Settler) settlePlace(ctx context.Context, place string) (left int) {
	s.mu.Lock()
	all := slices.DeleteFunc(slices.Clone(s.open), func(w *OpenWork) bool { return w.place != place })
	s.mu.Unlock()
	for _, w := range all {
		if ctx.Err() != nil {
			return len(all)
		}
		if s.settleOne(ctx, w) != nil {
			left++
		}
	}
	return left
}

// noteUnsettled notes why a look settled nothing; a reason is logged once.
func (s *Settler) noteUnsettled(ctx context.Context, w *OpenWork, cause error) {
	if ctx.Err() != nil || errors.Is(cause, errWorkedOn) { // that says nothing of the place
		return
	}
	s.mu.Lock()
	was := w.Error
	w.Error = fault.Message(cause)
	s.mu.Unlock()
	if was != w.Error {
		s.log.Warn("not settled yet", "database", w.Database, "what", w.What, "error", cause)
	}
}

// settleLoop settles what one place can say, again and again, until ctx ends.
func (s *Settler) settleLoop(ctx context.Context, place string) {
	for wait := settleFirst; ctx.Err() == nil; wait = min(2*wait, settleMost) {
		var again <-chan time.Time
		if s.settlePlace(ctx, place) > 0 {
			again = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-s.reopened[place]:
			wait = settleFirst
		case <-again:
		}
	}
}
