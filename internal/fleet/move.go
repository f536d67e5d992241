package fleet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Elsewhere is a database of the same name at another place: one that is being
// filled, or the old one after a move.
type Elsewhere struct {
	Place string
	// ID is its id there, "" before it was made.
	ID string
	At time.Time
}

// MaxKeysCompared is up to how many rows of a table a move compares every key; above
// that the counts alone.
const MaxKeysCompared = 100_000

// Move takes a database to another place: its content is copied, compared, and only
// then the fleet goes there. The old one stays where it is until LetGo. While it goes
// on nobody reads or writes the database through the dashboard. Whatever fails leaves
// the database where it was, and nothing in the new place.
func (f *Fleet) Move(ctx context.Context, a auth.Actor, name, place string) error {
	return f.claimed(ctx, name, []State{Ready}, func(ctx context.Context, d Database) error {
		if d.Provider == place {
			return fault.New(fault.Invalid, "The database %s lives there already.", d.Name)
		}
		if d.Left.ID != "" {
			return fault.New(fault.Conflict, "The database %s was moved before, and the old one is still kept. Let that go first.", d.Name)
		}
		if d.Moving.Place != "" {
			return fault.New(fault.Conflict, "What an earlier move of %s made in its new place is not removed yet. The next start tries again; then move it.", d.Name)
		}
		if place != Embedded && place != D1 {
			return fault.New(fault.Invalid, "There is no place %q for databases.", place)
		}
		if _, err := f.providers.Provider(place); err != nil {
			return err
		}
		return f.during(a, d, Work{Kind: WorkMove}, func() error {
			return f.move(f.told(ctx, d), a, d, place)
		})
	})
}

func (f *Fleet) move(ctx context.Context, a auth.Actor, d Database, place string) error {
	intent := about(f.entry(a, audit.DatabaseMove, audit.Intent), d)
	intent.Target, intent.Detail = place, "from "+d.Provider
	d.Moving = Elsewhere{Place: place, At: f.now()}
	if err := f.store.UpdateDatabase(ctx, d, Ready, intent); err != nil {
		return err
	}
	failpoint.Hit("move:intent")
	done := about(f.entry(a, audit.DatabaseMove, audit.Done), d)
	done.Intent, done.Target = intent.ID, place
	next, compared, err := f.carry(ctx, &d, place)
	if err != nil {
		done.Outcome, done.Detail = audit.Failed, fault.Message(err)
		return errors.Join(err, f.unmove(context.WithoutCancel(ctx), d, done))
	}
	next.Left = Elsewhere{Place: d.Provider, ID: d.ProviderID, At: f.now()}
	next.Moving, next.UpdatedAt = Elsewhere{}, f.now()
	done.Detail = compared + "; the old one is kept at " + d.Provider
	if err := f.store.UpdateDatabase(ctx, next, Ready, done); err != nil {
		return err
	}
	return f.store.SaveChecks(ctx, []Check{f.look(ctx, next)})
}

// carry copies the content to the new place and compares both. What it made is noted
// in d.Moving.
func (f *Fleet) carry(ctx context.Context, d *Database, place string) (next Database, compared string, err error) {
	next = *d
	next.Provider, next.ProviderID = place, ""
	from, to := f.at(*d), f.at(next)
	source, err := from.Open(ctx, d.ProviderID)
	if err != nil {
		return next, "", err
	}
	defer func() { _ = source.Close() }()
	before, err := f.moment(ctx, *d)
	if err != nil {
		return next, "", err
	}
	path, drop, err := f.copied(ctx, from, d.ProviderID)
	if err != nil {
		return next, "", err
	}
	defer drop()
	d1.Report(ctx, "making the database in its new place", 0, 0)
	info, err := to.Create(ctx, d1.CreateInput{Name: d.Name, Location: d.Location, Jurisdiction: d.Jurisdiction, Replication: d.Replication})
	if err != nil {
		return next, "", err
	}
	d.Moving.ID, next.ProviderID = info.ID, info.ID
	if err := f.store.UpdateDatabase(ctx, *d, Ready); err != nil {
		return next, "", err
	}
	failpoint.Hit("move:made")
	if err := to.Fill(ctx, info.ID, path); err != nil {
		return next, "", err
	}
	target, err := to.Open(ctx, info.ID)
	if err != nil {
		return next, "", err
	}
	defer func() { _ = target.Close() }()
	if compared, err = same(ctx, source, target); err != nil {
		return next, "", err
	}
	after, err := f.moment(ctx, *d)
	if err == nil && d.Provider == Embedded { // a handle opened before the move may have written
		again, dropAgain, cerr := f.copied(ctx, from, d.ProviderID)
		if cerr != nil {
			return next, "", cerr
		}
		defer dropAgain()
		var equal bool
		if equal, err = sameBytes(path, again); !equal {
			after = "changed"
		}
	}
	if err == nil && before != after {
		err = fault.New(fault.Conflict, "Somebody wrote to %s while it was copied, so the copy is not all of it. Nothing was changed; move it when nobody writes.", d.Name)
	}
	return next, compared, err
}

// moment tells on D1 whether anything was written since: its bookmark. The embedded
// engine is written through the dashboard alone, which waits meanwhile.
func (f *Fleet) moment(ctx context.Context, d Database) (string, error) {
	if d.Provider != D1 {
		return "", nil
	}
	p, err := f.at(d).Keep(ctx, d.ProviderID)
	return p.ID, err
}

// copied writes a database's copy to a file of its own.
func (f *Fleet) copied(ctx context.Context, from d1.Provider, id string) (path string, drop func(), err error) {
	d1.Report(ctx, "copying the database", 0, 0)
	src, err := from.Copy(ctx, id, "")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = src.Close() }()
	dir, err := os.MkdirTemp("", "move-")
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable, "There is no room for a copy. Nothing was changed.")
	}
	drop = func() { _ = os.RemoveAll(dir) }
	path = filepath.Join(dir, "copy.db")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = io.Copy(out, src)
		err = errors.Join(err, out.Close())
	}
	if err != nil {
		drop()
		return "", nil, fault.Wrap(err, fault.Unavailable, "There is no room for a copy. Nothing was changed.")
	}
	return path, drop, nil
}

// sameBytes compares two copies of one database: a write between them shows.
func sameBytes(one, two string) (bool, error) {
	a, err := sum(one)
	if err != nil {
		return false, err
	}
	b, err := sum(two)
	return a == b, err
}

func sum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return string(h.Sum(nil)), err
}

// unmove removes what a move that failed made, and notes that.
func (f *Fleet) unmove(ctx context.Context, d Database, e audit.Entry) error {
	there := d
	there.Provider, there.ProviderID = d.Moving.Place, d.Moving.ID
	var err error
	if d.Moving.ID != "" {
		if err = f.at(there).Delete(ctx, d.Moving.ID); fault.Is(err, fault.NotFound) {
			err = nil
		}
	} else {
		err = f.unmake(ctx, there, d.Moving.At) // its id may be what was lost
	}
	if err != nil {
		return fault.Wrap(err, fault.KindOf(err), "What was made in the new place could not be removed: %s The next start tries again.", fault.Message(err))
	}
	d.Moving = Elsewhere{}
	return f.store.UpdateDatabase(ctx, d, Ready, e)
}

// recoverMoves ends the moves that a stop cut short: the database is where the
// control plane says, and what was made in the new place is removed.
func (f *Fleet) recoverMoves(ctx context.Context, a auth.Actor) error {
	moving, err := f.store.Moving(ctx)
	if err != nil {
		return err
	}
	for _, d := range moving {
		intent, err := f.store.OpenIntent(ctx, audit.DatabaseMove, d.Name)
		if err != nil {
			return err
		}
		e := about(f.entry(a, audit.DatabaseMove, audit.Failed), d)
		e.Intent, e.Target, e.Detail = intent, d.Moving.Place, "The program was stopped while it moved; the database is where it was."
		if err := f.unmove(ctx, d, e); err != nil {
			f.log.Error("recover", "database", d.Name, "error", err)
		}
	}
	return nil
}

// LetGo removes the old database after a move, with the restore points it had there.
func (f *Fleet) LetGo(ctx context.Context, a auth.Actor, name string) error {
	return f.claimed(ctx, name, []State{Ready, Archived}, func(ctx context.Context, d Database) error {
		if d.Left.ID == "" {
			return fault.New(fault.Conflict, "Nothing of %s is kept elsewhere.", d.Name)
		}
		intent := about(f.entry(a, audit.DatabaseLetGo, audit.Intent), d)
		intent.Target = d.Left.Place + " " + d.Left.ID
		if err := f.store.Record(ctx, intent); err != nil {
			return err
		}
		done := about(f.entry(a, audit.DatabaseLetGo, audit.Done), d)
		done.Intent, done.Target = intent.ID, intent.Target
		err := f.letGo(ctx, d)
		if err != nil {
			done.Outcome, done.Detail = audit.Failed, fault.Message(err)
			return errors.Join(err, f.store.Record(ctx, done))
		}
		from := d.State
		d.Left = Elsewhere{}
		return f.store.UpdateDatabase(ctx, d, from, done)
	})
}

func (f *Fleet) letGo(ctx context.Context, d Database) error {
	old := d
	old.Provider, old.ProviderID = d.Left.Place, d.Left.ID
	ps, err := f.store.Points(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if p.place() != old.Provider {
			continue
		}
		if err := f.at(old).Forget(ctx, p.there()); err != nil {
			return err
		}
		if err := f.store.DeletePoint(ctx, p); err != nil {
			return err
		}
	}
	if err := f.at(old).Delete(ctx, old.ProviderID); !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

// same compares two databases: their schemas, the rows of each table counted, and
// their keys. It returns in words what was compared.
func same(ctx context.Context, a, b d1.Conn) (string, error) {
	differ := func(format string, args ...any) error {
		return fault.New(fault.Conflict, "The copy is not what the database is: "+format+". Nothing was changed.", args...)
	}
	one, err := migrate.Inspect(ctx, a)
	if err != nil {
		return "", err
	}
	two, err := migrate.Inspect(ctx, b)
	if err != nil {
		return "", err
	}
	if one.Schema.Hash() != two.Schema.Hash() || len(one.Rows) != len(two.Rows) {
		return "", differ("the schemas differ")
	}
	var rows, keys int64
	for i, t := range one.Schema.Tables {
		d1.Report(ctx, "comparing", int64(i), int64(len(one.Schema.Tables)))
		n, err := countRows(ctx, a, t.Name)
		if err != nil {
			return "", err
		}
		m, err := countRows(ctx, b, t.Name)
		if err != nil {
			return "", err
		}
		if n != m {
			return "", differ("%s has %d rows, and the copy %d", t.Name, n, m)
		}
		rows += n
		if n > MaxKeysCompared || len(t.PrimaryKey) == 0 {
			continue
		}
		if err := sameKeys(ctx, a, b, t); err != nil {
			return "", differ("the keys of %s differ (%s)", t.Name, fault.Message(err))
		}
		keys += n
	}
	return fmt.Sprintf("%d tables with %d rows compared, %d of them by their keys", len(one.Schema.Tables), rows, keys), nil
}

func countRows(ctx context.Context, c d1.Conn, table string) (int64, error) {
	r, err := c.Query(ctx, d1.Query("SELECT count(*) FROM "+schema.Quote(table)))
	if err != nil {
		return 0, err
	}
	return r.Rows[0][0].Int(), nil
}

// sameKeys reads the keys of a table from both, in one order.
func sameKeys(ctx context.Context, a, b d1.Conn, t schema.Table) error {
	quoted := make([]string, len(t.PrimaryKey))
	for i, c := range t.PrimaryKey {
		quoted[i] = schema.Quote(c)
	}
	list := strings.Join(quoted, ", ")
	s := d1.Query("SELECT " + list + " FROM " + schema.Quote(t.Name) + " ORDER BY " + list)
	s.Columns = t.PrimaryKey
	one, err := a.Stream(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = one.Close() }()
	two, err := b.Stream(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = two.Close() }()
	for n := 1; ; n++ {
		more, also := one.Next(), two.Next()
		if err := errors.Join(one.Err(), two.Err()); err != nil {
			return err
		}
		if !more && !also {
			return nil
		}
		if more != also {
			return fault.New(fault.Conflict, "one of them ends at row %d", n)
		}
		for i, v := range one.Row() {
			if two.Row()[i] != v {
				return fault.New(fault.Conflict, "row %d", n)
			}
		}
	}
}
