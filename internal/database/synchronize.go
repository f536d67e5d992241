package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// syncTimeout ends a synchronization that nobody may be waiting for any more.
const syncTimeout = 2 * time.Minute

// clientActor stands in the ledger where nobody else is known.
const clientActor = "client"

// synchronizer lets calls at the same time share one synchronization and
// remembers what each database is at.
type synchronizer struct {
	flights singleflight.Group

	mu   sync.Mutex // guards done
	done map[string]map[string]stamp
}

// stamp is a schema as far as a database records it. The hash is over tables
// alone, so the version is a part of its own.
type stamp struct {
	hash    string
	version int
}

func newSynchronizer() *synchronizer {
	return &synchronizer{done: map[string]map[string]stamp{}}
}

func stampOf(s *schema.Schema) stamp { return stamp{hash: s.Hash(), version: s.Version} }

// knows reports whether the database is at the schema. Only the last version of
// each schema is kept, so that asking for an older one looks at the database.
func (y *synchronizer) knows(id, name string, st stamp) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	known, ok := y.done[id][name]
	return ok && known == st
}

func (y *synchronizer) remember(id, name string, st stamp) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.done[id] == nil {
		y.done[id] = map[string]stamp{}
	}
	y.done[id][name] = st
}

// forget drops what is known of a database, so the next call looks at it again.
func (y *synchronizer) forget(id string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	delete(y.done, id)
}

// ensure brings a database to a schema, once for all who ask meanwhile. It goes
// on when the one who began it is gone, for the others' sake.
func (in *Instance) ensure(ctx context.Context, id, name string, s *schema.Schema) error {
	st := stampOf(s)
	if in.sync.knows(id, s.Name, st) {
		return nil
	}
	key := strings.Join([]string{id, st.hash, fmt.Sprint(st.version), s.Name}, "\x00")
	done := in.sync.flights.DoChan(key, func() (_ any, err error) {
		defer func() {
			if r := recover(); r != nil { // on a goroutine of its own it would end the program
				err = fmt.Errorf("database: synchronizing: %v", r)
			}
		}()
		if in.sync.knows(id, s.Name, st) { // it ended between the first look and here
			return nil, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), syncTimeout)
		defer cancel()
		if _, err := in.synchronize(ctx, id, s, clientActor); err != nil {
			return nil, err
		}
		in.sync.remember(id, s.Name, st)
		return nil, nil
	})
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Limited, "The database %q is still being brought to its schema. Try again in a moment.", name)
	}
}

// synchronize brings a database to a schema over a connection of its own. When
// another process changed the database between the look and the change, it looks
// once more; mostly that one made the same change and nothing is left to do.
func (in *Instance) synchronize(ctx context.Context, id string, s *schema.Schema, actor string) (migrate.Outcome, error) {
	conn, err := in.provider.Open(ctx, id)
	if err != nil {
		return migrate.Outcome{}, err
	}
	defer func() { _ = conn.Close() }()
	out, err := migrate.Synchronize(ctx, conn, s, migrate.Attempt{ID: in.newID(), Actor: actor, At: in.now()})
	if raced(err) {
		out, err = migrate.Synchronize(ctx, conn, s, migrate.Attempt{ID: in.newID(), Actor: actor, At: in.now()})
	}
	return out, err
}

// raced reports whether a plan was refused because it was made for another
// schema than it met. Of the conflicts, rows that forbid a step are a violated
// constraint, and a newer version never came as far as a statement.
func raced(err error) bool {
	e, ok := errors.AsType[*d1.Error](err)
	return ok && fault.Is(err, fault.Conflict) && e.Class != d1.Constraint
}
