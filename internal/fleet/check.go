package fleet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Check is what a look into a database saw.
type Check struct {
	Database id.Database
	At       time.Time
	Health   Health
	// Detail says in words what differs or why it didn't answer.
	Detail string
	Size   int64
	Tables int
	// From is the version that was recorded when it was looked at, and Version
	// the one that was found; they differ where somebody else migrated.
	From, Version int
	// missed is why nothing could be seen: what was seen before stands.
	missed error
}

// Check looks into a database and remembers what it saw, also when whoever asked has
// left meanwhile: when it was looked at and what was found, which may be that it could
// not be looked at. A file of up to CheckedNow bytes is read as a whole.
func (f *Fleet) Check(ctx context.Context, a auth.Actor, name string) (Database, error) {
	ctx = context.WithoutCancel(ctx)
	err := f.Do(ctx, a, name, OpCheck, func(ctx context.Context, d Database) (Job, error) {
		f.checkWhole(ctx, d)
		c := f.checkDatabase(ctx, d)
		if err := f.store.SaveChecks(ctx, []Check{c}); err != nil {
			return Job{}, err
		}
		j := operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) error {
			if c.missed != nil {
				e.Outcome, e.Detail = audit.Failed, "it could not be looked at: "+fault.Message(c.missed)
			}
			return errors.Join(c.missed, f.store.Record(ctx, e))
		}}
		j.About.Detail = strings.TrimSuffix(string(c.Health)+": "+c.Detail, ": ")
		return Job{Job: j}, nil
	})
	if err != nil {
		return Database{Name: name}, err
	}
	return f.store.Database(ctx, name)
}

// lookTimeout is how long an embedded database has to answer a check. D1's
// transport has limits of its own, and may wait for the account's calls.
const lookTimeout = 10 * time.Second

// sizedConn notes the size that D1 tells with every answer, which saves a call.
type sizedConn struct {
	d1.Conn
	size int64
}

func (s *sizedConn) Query(ctx context.Context, st d1.Stmt) (*d1.Result, error) {
	r, err := s.Conn.Query(ctx, st)
	if err == nil && r.Meta.SizeAfter > 0 {
		s.size = r.Meta.SizeAfter
	}
	return r, err
}

// Batch is Query of several statements.
func (s *sizedConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	rs, err := s.Conn.Batch(ctx, ss)
	if err == nil && len(rs) > 0 && rs[0].Meta.SizeAfter > 0 {
		s.size = rs[0].Meta.SizeAfter
	}
	return rs, err
}

// recordCheck looks into a database that was changed as a whole. That the look fails is
// no failure of the change: the next check sees it.
func (f *Fleet) recordCheck(ctx context.Context, d Database) {
	if err := f.store.SaveChecks(ctx, []Check{f.checkDatabase(ctx, d)}); err != nil {
		f.log.Warn("check", "database", d.Name, "error", err)
	}
}

// checkDatabase inspects a database. What goes wrong is part of what was seen.
func (f *Fleet) checkDatabase(ctx context.Context, d Database) Check {
	c := Check{Database: d.ID, At: f.now(), Health: HealthOK, Size: d.Size, Tables: d.Tables, From: d.Version, Version: d.Version}
	if d.Provider == Embedded {
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		ctx = limited
		if info, err := f.provider(d).Get(ctx, d.ProviderID); err == nil {
			c.Size = info.Size
		}
	}
	opened, err := f.provider(d).Visit(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) {
		err = lost(d, err)
	}
	if err != nil {
		f.noteFailure(&c, d, err)
		return c
	}
	conn := &sizedConn{Conn: opened}
	defer func() { _ = conn.Close() }()
	f.inspectDatabase(ctx, conn, d, &c)
	f.noteDamage(d, &c)
	if d.Provider != Embedded && conn.size > 0 {
		c.Size = conn.size
	}
	return c
}

func (f *Fleet) inspectDatabase(ctx context.Context, conn d1.Conn, d Database, c *Check) {
	live, state, err := f.owns.state(ctx, d.ProviderID, conn, d.Schema)
	if live == nil {
		f.noteFailure(c, d, err)
		return
	}
	c.Tables = tables(live)
	if d.Schema == "" {
		return
	}
	if err == nil {
		err = f.matchVersion(ctx, d, state.Version, live, c)
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Limited:
		f.noteFailure(c, d, err)
	default:
		if err != nil {
			c.Health, c.Detail = HealthDrifted, "It could not be compared: "+fault.Message(err)
		}
	}
}

// lost is a database that its place doesn't know any more.
func lost(d Database, err error) error {
	if d.Provider == Embedded {
		return fault.Wrap(err, fault.Unavailable, "The database %s can't be opened: its file is gone. "+
			"Restore a point of it, under Backups.", d.Name)
	}
	return fault.Wrap(err, fault.Unavailable, "The database %s is gone from where it lives. Restore a point of it, under Backups.", d.Name)
}

// noteFailure says what a failure to look means. What the engine refuses can't be looked
// at by anybody: no page of such a database opens.
func (f *Fleet) noteFailure(c *Check, d Database, err error) {
	e, ofEngine := errors.AsType[*d1.Error](err)
	switch kind := fault.KindOf(err); {
	case ofEngine && e.Class == d1.Interrupted:
		c.Health, c.Detail = HealthUnreachable, fmt.Sprintf("It did not answer within %d s.", int(lookTimeout.Seconds()))
	case kind == fault.Limited: // the account's calls, or the memory, are used up: nothing was seen
		c.Health, c.Detail, c.At, c.missed = d.Health, d.HealthDetail, d.CheckedAt, err
	case kind == fault.Invalid && !ofEngine: // its schema can't be compared
		c.Health, c.Detail = HealthDrifted, fault.Message(err)
	case kind == fault.Internal:
		f.log.Error("check", "database", d.Name, "error", err)
		c.Health, c.Detail = HealthUnreachable, "It can't be looked into, for a reason that has no words here; the log has it."
	default: // it stands where an operation that was done is told of, too
		c.Health, c.Detail = HealthUnreachable, strings.ReplaceAll(fault.Message(err), nothingChanged, "")
	}
}

// matchVersion finds the version a live schema is: the one the database records, 0 for
// none, the one recorded here, or any other; else it is drifted from the first of these, or,
// where none is recorded, from the one with the fewest differences.
func (f *Fleet) matchVersion(ctx context.Context, d Database, recorded int, live *live.Database, c *Check) error {
	first := d.Version
	if recorded > 0 {
		first = recorded
	}
	sc, err := f.store.Schema(ctx, d.Schema)
	if err != nil {
		return err
	}
	var declared *schema.Schema
	fewest := 0
	for _, v := range versionsFrom(first, sc.Latest) {
		s, err := f.versions.get(ctx, f.store, d.Schema, v)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if s.Is(live.Schema) {
			c.Version = v
			return nil
		}
		far := 0
		if first == 0 {
			far = len(differences(live, s))
		}
		if declared == nil || far < fewest {
			declared, fewest, c.Version = s, far, v
		}
	}
	if declared == nil {
		return errors.New("no version is known")
	}
	c.Health, c.Detail = HealthDrifted, drift(live, declared)
	return nil
}

// tables counts the tables of a database, also those whose text can't be read.
func tables(db *live.Database) int {
	n := len(db.Schema.Tables)
	for _, l := range db.Left {
		if l.Type == "table" {
			n++
		}
	}
	return n
}

// versionsFrom returns all versions, the first one first, then the latest ones.
func versionsFrom(first, latest int) []int {
	vs := []int{first}
	for v := latest; v >= 1; v-- {
		if v != first {
			vs = append(vs, v)
		}
	}
	return vs
}

// maxDrift is how many differences are told; the Migrations page has all.
const maxDrift = 4

func drift(live *live.Database, declared *schema.Schema) string {
	words := differences(live, declared)
	if len(words) == 0 {
		words = []string{"it differs in a way that has no words here"}
	}
	if more := len(words) - maxDrift; more > 0 {
		words = append(words[:maxDrift], fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("against %s v%d: %s", declared.Name, declared.Version, strings.Join(words, "; "))
}

// differences are in words what was done by hand to what is declared.
func differences(live *live.Database, declared *schema.Schema) []string {
	var words []string
	for _, t := range declared.Tables {
		if _, ok := live.Schema.Table(t.Name); !ok {
			words = append(words, "table "+t.Name+" "+absence(live, t.Name))
		}
	}
	for _, ch := range schema.Diff(declared, live.Schema.Only(declared)) {
		words = append(words, ch.Words())
	}
	return words
}

// absence says why a table that is declared isn't among those that were read.
func absence(live *live.Database, table string) string {
	for _, l := range live.Left {
		if l.Type == "table" && l.Of(table) {
			return "is left alone: " + l.Reason
		}
	}
	return "is missing"
}

// maxVersions is how many parsed versions are kept in memory.
const maxVersions = 64

// versions keeps parsed versions of schemas. A version never changes.
type versions struct {
	mu     sync.Mutex // guards parsed
	parsed map[string]*schema.Schema
}

// get returns a version, parsed. It is shared: nobody changes it.
func (c *versions) get(ctx context.Context, store SchemaStore, name string, version int) (*schema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprintf("%s v%d", name, version)
	if s, ok := c.parsed[key]; ok {
		return s, nil
	}
	v, err := store.Version(ctx, name, version)
	if err != nil {
		return nil, err
	}
	s, err := parseVersion(v)
	if err != nil {
		return nil, err
	}
	if c.parsed == nil || len(c.parsed) >= maxVersions {
		c.parsed = map[string]*schema.Schema{}
	}
	c.parsed[key] = s
	return s, nil
}
