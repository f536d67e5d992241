package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/schema"
)

// Check looks into a database and remembers what it saw, also when whoever asked has
// left meanwhile: when it was looked at and what was found, which may be that it could
// not be looked at. A file of up to CheckedNow bytes is read as a whole.
func (w *Watcher) Check(ctx context.Context, a auth.Actor, name string) (fleet.Database, error) {
	ctx = context.WithoutCancel(ctx)
	err := w.fleet.Do(ctx, a, name, fleet.OpCheck, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		w.checkWhole(ctx, d)
		c := w.checkDatabase(ctx, d)
		if err := w.store.SaveChecks(ctx, []fleet.Check{c}); err != nil {
			return fleet.Job{}, err
		}
		j := operation.Job{End: func(ctx context.Context, e audit.Entry, _ error) error {
			if c.Missed != nil {
				e.Outcome, e.Detail = audit.Failed, "it could not be looked at: "+fault.Message(c.Missed)
			}
			return errors.Join(c.Missed, w.store.Record(ctx, e))
		}}
		j.About.Detail = strings.TrimSuffix(string(c.Health)+": "+c.Detail, ": ")
		return fleet.Job{Job: j}, nil
	})
	if err != nil {
		return fleet.Database{Name: name}, err
	}
	return w.store.Database(ctx, name)
}

// lookTimeout is how long an embedded database has to answer a check. D1's
// transport has limits of its own, and may wait for the account's calls.
const lookTimeout = 10 * time.Second

// SizedConn notes the size that D1 tells with every answer, which saves a call.
type SizedConn struct {
	d1.Conn
	Size int64
}

// Query runs one statement.
func (s *SizedConn) Query(ctx context.Context, st d1.Stmt) (*d1.Result, error) {
	r, err := s.Conn.Query(ctx, st)
	if err == nil && r.Meta.SizeAfter > 0 {
		s.Size = r.Meta.SizeAfter
	}
	return r, err
}

// Batch is Query of several statements.
func (s *SizedConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	rs, err := s.Conn.Batch(ctx, ss)
	if err == nil && len(rs) > 0 && rs[0].Meta.SizeAfter > 0 {
		s.Size = rs[0].Meta.SizeAfter
	}
	return rs, err
}

// RecordCheck looks into a database that was changed as a whole. That the look fails is
// no failure of the change: the next check sees it.
func (w *Watcher) RecordCheck(ctx context.Context, d fleet.Database) {
	if err := w.store.SaveChecks(ctx, []fleet.Check{w.checkDatabase(ctx, d)}); err != nil {
		w.log.Warn("check", "database", d.Name, "error", err)
	}
}

// checkDatabase inspects a database. What goes wrong is part of what was seen.
func (w *Watcher) checkDatabase(ctx context.Context, d fleet.Database) fleet.Check {
	c := fleet.Check{Database: d.ID, At: w.now(), Health: fleet.HealthOK, Size: d.Size, Tables: d.Tables, From: d.Version, Version: d.Version}
	if d.Provider == fleet.Embedded {
		limited, cancel := context.WithTimeout(ctx, lookTimeout)
		defer cancel()
		ctx = limited
		if info, err := w.fleet.Places.Of(d).Get(ctx, d.ProviderID); err == nil {
			c.Size = info.Size
		}
	}
	opened, err := w.fleet.Places.Of(d).Visit(ctx, d.ProviderID)
	if fault.Is(err, fault.NotFound) {
		err = fleet.Lost(d, err)
	}
	if err != nil {
		w.noteFailure(&c, d, err)
		return c
	}
	conn := &SizedConn{Conn: opened}
	defer func() { _ = conn.Close() }()
	w.inspectDatabase(ctx, conn, d, &c)
	w.noteDamage(d, &c)
	if d.Provider != fleet.Embedded && conn.Size > 0 {
		c.Size = conn.Size
	}
	return c
}

func (w *Watcher) inspectDatabase(ctx context.Context, conn d1.Conn, d fleet.Database, c *fleet.Check) {
	live, state, err := w.fleet.Owns.State(ctx, d.ProviderID, conn, d.Schema)
	if live == nil {
		w.noteFailure(c, d, err)
		return
	}
	c.Tables = Tables(live)
	if d.Schema == "" {
		return
	}
	if err == nil {
		err = w.MatchVersion(ctx, d, state.Version, live, c)
	}
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Limited:
		w.noteFailure(c, d, err)
	default:
		if err != nil {
			c.Health, c.Detail = fleet.HealthDrifted, "It could not be compared: "+fault.Message(err)
		}
	}
}

// noteFailure says what a failure to look means. What the engine refuses can't be looked
// at by anybody: no page of such a database opens.
func (w *Watcher) noteFailure(c *fleet.Check, d fleet.Database, err error) {
	e, ofEngine := errors.AsType[*d1.Error](err)
	switch kind := fault.KindOf(err); {
	case ofEngine && e.Class == d1.Interrupted:
		c.Health, c.Detail = fleet.HealthUnreachable, fmt.Sprintf("It did not answer within %d s.", int(lookTimeout.Seconds()))
	case kind == fault.Limited: // the account's calls, or the memory, are used up: nothing was seen
		c.Health, c.Detail, c.At, c.Missed = d.Health, d.HealthDetail, d.CheckedAt, err
	case kind == fault.Invalid && !ofEngine: // its schema can't be compared
		c.Health, c.Detail = fleet.HealthDrifted, fault.Message(err)
	case kind == fault.Internal:
		w.log.Error("check", "database", d.Name, "error", err)
		c.Health, c.Detail = fleet.HealthUnreachable, "It can't be looked into, for a reason that has no words here; the log has it."
	default: // it stands where an operation that was done is told of, too
		c.Health, c.Detail = fleet.HealthUnreachable, strings.ReplaceAll(fault.Message(err), fleet.NothingChanged, "")
	}
}

// MatchVersion finds the version a live schema is: the one the database records, 0 for
// none, the one recorded here, or any other; else it is drifted from the first of these, or,
// where none is recorded, from the one with the fewest differences.
func (w *Watcher) MatchVersion(ctx context.Context, d fleet.Database, recorded int, live *live.Database, c *fleet.Check) error {
	first := d.Version
	if recorded > 0 {
		first = recorded
	}
	sc, err := w.store.Schema(ctx, d.Schema)
	if err != nil {
		return err
	}
	var declared *schema.Schema
	fewest := 0
	for _, v := range versionsFrom(first, sc.Latest) {
		s, err := w.fleet.Versions.Get(ctx, w.store, d.Schema, v)
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
	c.Health, c.Detail = fleet.HealthDrifted, drift(live, declared)
	return nil
}

// Tables counts the tables of a database, also those whose text can't be read.
func Tables(db *live.Database) int {
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
