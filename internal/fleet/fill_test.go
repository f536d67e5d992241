package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// between calls a function around the chunks of fills.
type between struct {
	d1.Provider
	mu sync.Mutex
	n  int
	// before has the number of the chunk, from 1, and may refuse to send it; after
	// may lose its answer.
	before, after func(n int) error
}

func (b *between) Open(ctx context.Context, id string) (d1.Conn, error) {
	c, err := b.Provider.Open(ctx, id)
	return &chunkConn{c, b}, err
}

type chunkConn struct {
	d1.Conn
	b *between
}

func (c *chunkConn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if len(ss) < 2 || !strings.HasPrefix(ss[1].SQL, "INSERT INTO kuratchi_fill_keys") {
		return c.Conn.Batch(ctx, ss)
	}
	c.b.mu.Lock()
	c.b.n++
	n, before, after := c.b.n, c.b.before, c.b.after
	c.b.mu.Unlock()
	if before != nil {
		if err := before(n); err != nil {
			return nil, err
		}
	}
	rs, err := c.Conn.Batch(ctx, ss)
	if err == nil && after != nil {
		err = after(n)
	}
	return rs, err
}

var lost = fault.Wrap(errors.New("reset"), fault.Unknown, "The answer was lost.")

const users = 25_000

// filling makes a database with many users and applies a plan that fills a column of
// them.
func (w *world) filling(fill string) fleet.Plan {
	w.t.Helper()
	d := w.provision(provision.Input{OrgName: "Acme", Schema: "app", Version: 1, Request: "f"})
	w.exec(d.Name, fmt.Sprintf("insert into users(id, email) with recursive c(x) as (select 1 union all select x + 1 "+
		"from c where x < %d) select x, 'User' || x from c", users))
	if _, err := w.Change.Schemas.SaveVersion(w.t.Context(), ada, "app",
		`{"name":"app","version":3,"tables":{"users":{"id":"integer primary key","email":"text not null","mail":"text `+fill+`"}}}`); err != nil {
		w.t.Fatal(err)
	}
	p, err := w.Change.Plans.Propose(w.t.Context(), ada, d.Name, "app", 3)
	if err != nil {
		w.t.Fatal(err)
	}
	if p, err = w.Change.Plans.Decide(w.t.Context(), ada, p.ID, change.Decision{Hash: p.Hash, Approve: true}); err != nil {
		w.t.Fatal(err)
	}
	if p, err = w.Change.Plans.Apply(w.t.Context(), ada, p.ID, p.Hash); err != nil || p.State != fleet.PlanApplied {
		w.t.Fatalf("%v %+v", err, p)
	}
	return p
}

// until waits for a state of a plan's fills.
func (w *world) until(p fleet.Plan, state fleet.FillState) fleet.Plan {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		got, err := w.Change.Plans.Plan(w.t.Context(), ada, p.ID)
		if err != nil {
			w.t.Fatal(err)
		}
		if got.Filling.State == state {
			return got
		}
	}
	w.t.Fatalf("the fills are never %s", state)
	return p
}

// fills are what the audit log says of fills, oldest first, with the rows.
func (w *world) fills() []string {
	w.t.Helper()
	es, err := w.store.Audit(w.t.Context(), audit.Filter{Actions: []audit.Action{audit.PlanFill, audit.PlanFillStop}})
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for i := len(es) - 1; i >= 0; i-- {
		line := fmt.Sprintf("%s %s %d by %s", es[i].Action, es[i].Outcome, es[i].Rows, es[i].Actor)
		if es[i].Open {
			line += ", open"
		}
		out = append(out, line)
	}
	return out
}

const notFilled = "select count(*) from users where mail is not lower(email) and mail is not 'mine'"

// TestAnAppliedPlanIsFilledInTheBackground: the application reads and writes
// meanwhile, and what it writes is kept.
func TestAnAppliedPlanIsFilledInTheBackground(t *testing.T) {
	var b *between
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &between{Provider: p}; return b })
	b.before = func(n int) error {
		if n > 1 {
			w.exec("acme-org-001", fmt.Sprintf("update users set mail = 'mine' where id in (%d, %d)", n*10_000-10_001, n*10_000-9_000))
			w.exec("acme-org-001", fmt.Sprintf("insert into users(id, email) values (%d, 'behind it')", -n))
		}
		return nil
	}
	p := w.filling("fill (lower(email))")
	if p.Filling.State != fleet.FillRunning || p.Filling.By != ada.Email {
		t.Errorf("as it was applied: %+v", p.Filling)
	}
	p = w.until(p, fleet.FillDone)
	if got := w.value("acme-org-001", notFilled); got != "2" || !strings.HasPrefix(p.Filling.Error, "Rows without users.mail: 2.") {
		t.Errorf("%s rows are not filled, and it says %q", got, p.Filling.Error)
	}
	if got := w.value("acme-org-001", "select group_concat(id) from users where mail = 'mine'"); got != "9999,11000,19999,21000" {
		t.Errorf("the application's own: %s", got)
	}
	at, err := w.Change.Fills.FillProgress(t.Context(), p)
	if err != nil || len(at) != 1 || at[0].Filled != users-2 || at[0].Passed != users || at[0].Total != users || at[0].Finished.IsZero() {
		t.Errorf("%v %+v", err, at)
	}
	want := []string{"plan.fill intent 0 by ada@acme.test", "plan.fill done 24998 by ada@acme.test"}
	if d := cmp.Diff(want, w.fills()); d != "" {
		t.Error(d)
	}
	if err := w.Change.Fills.ResumeFilling(t.Context(), ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("going on with what is done: %v", err)
	}
	if err := w.Change.Fills.StopFilling(t.Context(), ada, p.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("stopping what is done: %v", err)
	}
}

// TestAnOperatorStopsAFillAndLetsItGoOn: nothing runs in between.
func TestAnOperatorStopsAFillAndLetsItGoOn(t *testing.T) {
	var b *between
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &between{Provider: p}; return b })
	second, stopped := make(chan struct{}), make(chan struct{})
	b.before = func(n int) error {
		if n == 2 {
			close(second)
			<-stopped
		}
		return nil
	}
	p := w.filling("fill (lower(email))")
	<-second
	if err := w.Change.Fills.StopFilling(t.Context(), ada, p.ID); err != nil {
		t.Fatal(err)
	}
	close(stopped) // the chunk under way is done
	for end := time.Now().Add(patience); time.Now().Before(end) && w.value("acme-org-001", "select chunks from kuratchi_fills") != "2"; {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond) // time enough for another
	p, _ = w.Change.Plans.Plan(t.Context(), ada, p.ID)
	at, err := w.Change.Fills.FillProgress(t.Context(), p)
	if err != nil || at[0].Chunks != 2 || p.Filling.State != fleet.FillStopped {
		t.Errorf("%v: after the stop %+v, %+v", err, at, p.Filling)
	}
	w.recover()
	if p, _ = w.Change.Plans.Plan(t.Context(), ada, p.ID); p.Filling.State != fleet.FillStopped {
		t.Error("a start lets go on what an operator stopped")
	}
	if err := w.Change.Fills.ResumeFilling(t.Context(), ada, p.ID); err != nil {
		t.Fatal(err)
	}
	w.until(p, fleet.FillDone)
	if got := w.value("acme-org-001", notFilled); got != "0" {
		t.Errorf("%s rows are not filled", got)
	}
	want := []string{
		"plan.fill intent 0 by ada@acme.test", "plan.fill_stop done 10000 by ada@acme.test",
		"plan.fill intent 0 by ada@acme.test", "plan.fill done 25000 by ada@acme.test",
	}
	if d := cmp.Diff(want, w.fills()); d != "" {
		t.Error(d)
	}
}

// TestAFillThatTheRowsForbidFailsAndGoesOn in the engine's words, with the rows.
func TestAFillThatTheRowsForbidFailsAndGoesOn(t *testing.T) {
	w := newWorld(t, nil)
	p := w.until(w.filling("fill (lower(email)) check (mail <> 'user15000')"), fleet.FillFailed)
	for _, want := range []string{"CHECK constraint failed", "rows of users with (id) after 10000 up to 20000",
		"Nothing of this chunk was written."} {
		if !strings.Contains(p.Filling.Error, want) {
			t.Errorf("no %q in %s", want, p.Filling.Error)
		}
	}
	w.exec("acme-org-001", "update users set mail = 'mine' where id = 15000")
	if err := w.Change.Fills.ResumeFilling(t.Context(), ada, p.ID); err != nil {
		t.Fatal(err)
	}
	w.until(p, fleet.FillDone)
	if got := w.value("acme-org-001", notFilled); got != "0" {
		t.Errorf("%s rows are not filled", got)
	}
	want := []string{
		"plan.fill intent 0 by ada@acme.test", "plan.fill failed 10000 by ada@acme.test",
		"plan.fill intent 0 by ada@acme.test", "plan.fill done 24999 by ada@acme.test",
	}
	if d := cmp.Diff(want, w.fills()); d != "" {
		t.Error(d)
	}
}

// TestLostAndRefusedChunks are tried again, and none is done twice.
func TestLostAndRefusedChunks(t *testing.T) {
	var b *between
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &between{Provider: p}; return b })
	b.before = func(n int) error {
		if n == 1 {
			return lost // it never came there
		}
		return nil
	}
	b.after = func(n int) error {
		if n == 3 {
			return lost // it was done
		}
		return nil
	}
	p := w.until(w.filling("fill (lower(email))"), fleet.FillDone)
	at, err := w.Change.Fills.FillProgress(t.Context(), p)
	if err != nil || at[0].Chunks != 3 || at[0].Filled != users || w.value("acme-org-001", notFilled) != "0" {
		t.Errorf("%v %+v", err, at)
	}
}

// TestAChunkThatTakesTooLongIsHalved until it doesn't.
func TestAChunkThatTakesTooLongIsHalved(t *testing.T) {
	var b *between
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &between{Provider: p}; return b })
	b.before = func(n int) error {
		if n == 2 || n == 3 {
			return fault.New(fault.Limited, "It took too long.")
		}
		return nil
	}
	p := w.until(w.filling("fill (lower(email))"), fleet.FillDone)
	at, err := w.Change.Fills.FillProgress(t.Context(), p)
	// 10,000, six of 2,500, one that is empty
	if err != nil || at[0].Chunks != 8 || at[0].Filled != users || w.value("acme-org-001", notFilled) != "0" {
		t.Errorf("%v %+v", err, at)
	}
}

// closing reports whether a fleet has been told to stop, and waits for what it does.
func closing() bool {
	stacks := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, "sync.(*WaitGroup).Wait(") && strings.Contains(stack, "change.(*worker).Close(") {
			return true
		}
	}
	return false
}

// TestAStopOfTheProgramEndsAtAChunkAndTheNextStartGoesOn, in two programs at once.
func TestAStopOfTheProgramEndsAtAChunkAndTheNextStartGoesOn(t *testing.T) {
	var b *between
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &between{Provider: p}; return b })
	closed := make(chan struct{})
	b.before = func(n int) error {
		if n == 1 {
			go func() { w.Close(); close(closed) }()
			for !closing() { // the chunk is under way when it is told to stop
				time.Sleep(time.Millisecond)
			}
		}
		return nil
	}
	p := w.filling("fill (lower(email))")
	<-closed
	if p, _ = w.Change.Plans.Plan(t.Context(), ada, p.ID); p.Filling.State != fleet.FillRunning {
		t.Fatalf("%+v", p.Filling)
	}
	if got := w.value("acme-org-001", "select count(mail) from users"); got != "10000" {
		t.Errorf("%s rows were filled", got)
	}
	for range 2 {
		f := house.New(w.store, fleet.EmbeddedOnly{Engine: w.engine}, slog.New(slog.DiscardHandler), now)
		defer f.Close()
		if err := f.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p = w.until(p, fleet.FillDone)
	at, err := w.Change.Fills.FillProgress(t.Context(), p)
	if err != nil || at[0].Chunks != 3 || at[0].Filled != users || w.value("acme-org-001", notFilled) != "0" {
		t.Errorf("%v %+v", err, at)
	}
	want := []string{"plan.fill intent 0 by ada@acme.test", "plan.fill done 25000 by system:recover"}
	if d := cmp.Diff(want, w.fills()); d != "" {
		t.Error(d)
	}
}

// TestAFillOfADatabaseThatWasPutBack has nothing to go on with.
func TestAFillOfADatabaseThatWasPutBack(t *testing.T) {
	var b *between
	w := newWorld(t, func(p d1.Provider) d1.Provider { b = &between{Provider: p}; return b })
	first, goOn, restored := make(chan struct{}), make(chan struct{}), make(chan error)
	b.before = func(n int) error {
		if n == 1 {
			close(first)
			<-goOn
		}
		return nil
	}
	p := w.filling("fill (lower(email))")
	<-first
	go func() {
		_, err := w.Keep.Points.RestoreTo(t.Context(), ada, p.Database, p.Point)
		restored <- err
	}()
	d := w.database(p.Database)
	for !w.Fleet.Holds.Work(d.ID).Running() {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-restored:
		t.Fatalf("the restore did not wait for the chunk: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(goOn)
	if err := <-restored; err != nil {
		t.Fatal(err)
	}
	p = w.until(p, fleet.FillFailed)
	if !strings.Contains(p.Filling.Error, "put back to a point before it") {
		t.Error(p.Filling.Error)
	}
}
