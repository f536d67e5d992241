package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet/house"
)

// Options say how much is made.
type Options struct {
	Organizations, Databases int
	// Users is how many the first database has.
	Users int
	// Rows is about how many users the largest of the other databases has; the
	// other tables go by it too.
	Rows int
}

// Full is what the program's --demo makes.
func Full() Options {
	return Options{Organizations: 40, Databases: 60, Users: 300_000, Rows: 1_500}
}

// check returns fault.Invalid for options that nothing can be made from.
func (o Options) check() error {
	if o.Organizations < 1 || o.Organizations > len(orgNames) || o.Databases < minDatabases ||
		o.Databases < o.Organizations || o.Databases > 2*o.Organizations || o.Users < 1 || o.Users > maxUsers() || o.Rows < 1 {
		return fault.New(fault.Invalid, "There is no demo of %d organizations, %d databases, %d users and %d rows.",
			o.Organizations, o.Databases, o.Users, o.Rows)
	}
	return nil
}

// actor is who the audit log names.
var actor = auth.SystemActor("demo")

// fillers is how many databases get their rows at the same time.
const fillers = 2

// demo is one run of Fill.
type demo struct {
	fleet    *house.House
	provider Provider
	clock    *Clock
	o        Options
	// end is when it was started: nothing that happened is later.
	end time.Time
	// people are the indexes of all people, shuffled.
	people []int32
	orgs   map[string]string // slugs by name, of those that are there
	jobs   chan spec

	mu       sync.Mutex // guards what follows, and calls of progress
	progress func(string)
	done     int
}

// Provider is what the demo uses of the account its databases live in.
type Provider interface {
	d1.Registry
	d1.Dialer
}

// Target is what the demo is made in.
type Target struct {
	*house.House
	Provider Provider
	// Clock is the fleet's.
	Clock *Clock
}

// Fill makes the demo. It reports with one line at a time, such as "10 of 60
// databases".
func Fill(ctx context.Context, to Target, o Options, progress func(string)) error {
	if err := o.check(); err != nil {
		return err
	}
	d := &demo{
		fleet: to.House, provider: to.Provider, clock: to.Clock, o: o, end: to.Clock.Now(), people: shuffledPeople(),
		orgs: map[string]string{}, jobs: make(chan spec, o.Databases), progress: progress,
	}
	g, within := errgroup.WithContext(ctx)
	for range fillers {
		g.Go(func() error { return d.fillAll(within) })
	}
	g.Go(func() error {
		defer close(d.jobs)
		return d.tell(within)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return d.drift(ctx)
}

// tell makes the fleet's history, though not in its order: the first database
// has the most to be filled with, so it comes first.
func (d *demo) tell(ctx context.Context) error {
	sources, err := versions()
	if err != nil {
		return err
	}
	for i, source := range sources {
		d.clock.set(d.saved(i + 1))
		if _, err := d.fleet.Change.Schemas.SaveVersion(ctx, actor, "", source); err != nil {
			return fmt.Errorf("demo: version %d: %w", i+1, err)
		}
	}
	specs := plan(d.o)
	d.date(specs)
	for _, s := range specs {
		if err := d.grow(ctx, &s); err != nil {
			return fmt.Errorf("demo: %s: %w", s.database, err)
		}
		if s.kind == failing || s.kind == empty {
			d.finished()
			continue
		}
		d.jobs <- s // has room for all
	}
	return d.leavePlans(ctx, specs)
}

// grow provisions a database and moves it to its version.
func (d *demo) grow(ctx context.Context, s *spec) error {
	d.clock.set(s.since)
	if err := d.provision(ctx, s); err != nil {
		return err
	}
	for v := s.born + 1; v <= s.version; v++ {
		s.since = d.saved(v).Add(time.Duration(9+7*s.index) * time.Hour)
		d.clock.set(s.since)
		if err := d.upgrade(ctx, s, v); err != nil {
			return err
		}
	}
	return nil
}

// saved is when a version was saved; the one after the newest is yet to come.
func (d *demo) saved(version int) time.Time {
	return d.end.AddDate(0, 0, -[...]int{430, 260, 120, 3}[version-1])
}

// date spreads the provisions over the time that their version was the newest;
// the one that failed and the one nobody has used yet are of these days.
func (d *demo) date(specs []spec) {
	for v := 1; v <= newest; v++ {
		var of []*spec
		for i := range specs {
			if specs[i].born == v {
				of = append(of, &specs[i])
			}
		}
		from, to := d.saved(v).Add(30*time.Hour), d.saved(v+1)
		for k, s := range of {
			s.since = from.Add(to.Sub(from) * time.Duration(k) / time.Duration(len(of)))
			switch s.kind {
			case failing:
				s.since = d.end.Add(-26 * time.Hour)
			case empty:
				s.since = d.end.Add(-5 * time.Hour)
			}
		}
	}
}

// fillAll fills databases until there are no more.
func (d *demo) fillAll(ctx context.Context) error {
	for s := range d.jobs {
		if err := d.fill(ctx, s); err != nil {
			return fmt.Errorf("demo: rows of %s: %w", s.database, err)
		}
		d.finished()
	}
	return nil
}

// reportEvery is how many databases a line of progress is about.
const reportEvery = 6

func (d *demo) finished() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done++; d.done%reportEvery == 0 || d.done == d.o.Databases {
		d.progress(fmt.Sprintf("%d of %d databases", d.done, d.o.Databases))
	}
}

func (d *demo) report(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.progress(fmt.Sprintf(format, args...))
}
