package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

const (
	endless       = "with recursive r(i) as (select 1 union all select i + 1 from r) select count(*) from r"
	endlessInsert = "insert into items (name) with recursive r(i) as (select 1 union all select i + 1 from r) select 'c' from r"
	insert        = "insert into items values (3, 'c')"
)

func TestARunReadsAsksOrWrites(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	if a := s.run(ada, "select * from items; select 1", ""); !a.Ran || len(a.Results) != 2 || a.Err != nil || !a.WritesUntil.IsZero() {
		t.Errorf("reading: %+v", a)
	}
	if a := s.run(ada, insert, ""); !a.Ran || !fault.Is(a.Results[0].Err, fault.Denied) {
		t.Errorf("writing without leave: %+v", a)
	}
	if a := s.run(ada, " ; ", ""); a.Ran || !fault.Is(a.Err, fault.Invalid) {
		t.Errorf("no script: %+v", a)
	}
	s.allow(ada, true)
	if a := s.run(ada, insert, ""); !a.Ran || a.Results[0].Changes != 1 || !a.WritesUntil.Equal(s.clock.Now().Add(10*time.Minute)) {
		t.Errorf("writing: %+v", a)
	}
	asked := s.run(ada, "delete from items", "")
	if !asked.Ask || asked.Ran || len(asked.Judgement.Dangers) != 1 || s.items() != 3 {
		t.Errorf("a danger: %+v", asked)
	}
	if a := s.run(ada, "delete from items", asked.Judgement.Token); a.Ask || a.Results[0].Changes != 3 || s.items() != 0 {
		t.Errorf("what was agreed to: %+v", a)
	}
	if a := s.run(ada, "insert into items values (1, 'a'); insert into items values (1, 'b')", ""); a.Err != nil ||
		!fault.Is(a.Results[0].Err, fault.Conflict) || s.items() != 0 {
		t.Errorf("a write that is refused: %+v", a)
	}
	if a := s.run(ada, "select 1", ""); !a.Ran || a.Judgement.Writes || a.Err != nil {
		t.Errorf("reading while writes are allowed: %+v", a)
	}
	lines, es := s.entries(ada)
	if d := cmp.Diff([]string{
		"database.query done 3", "database.query failed 0", "database.query failed 0", "database.allow_writes done 0",
		"database.write intent 0", "database.write done 1", "database.write intent 0", "database.write done 3",
		"database.write intent 0", "database.write failed 0", "database.query done 1",
	}, lines); d != "" {
		t.Error(d)
	}
	for _, e := range es {
		who := audit.Entry{Operator: e.Operator, Actor: e.Actor, IP: e.IP, Request: e.Request, Org: e.Org, Database: e.Database}
		if d := cmp.Diff(audit.Entry{Operator: ada.Operator, Actor: ada.Email, IP: ada.IP, Request: ada.RequestID,
			Org: "acme-inc", Database: "acme"}, who); d != "" {
			t.Error(d)
		}
	}
}

func TestTheSwitchIsOneSessionsAndEnds(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	until := s.allow(ada, true)
	elsewhere, demoted := ada, ada
	elsewhere.Session, demoted.Role = "another", auth.RoleViewer
	other, otherConn := s.database("beta")
	refused := func(what string, a auth.Actor, db fleet.Database, conn d1.Conn) {
		t.Helper()
		answer, err := s.Run(t.Context(), a, db, conn, desk.Script{SQL: insert})
		must(t, err)
		defer answer.Close()
		if !answer.WritesUntil.IsZero() || len(answer.Results) != 1 || !fault.Is(answer.Results[0].Err, fault.Denied) {
			t.Errorf("%s: %+v", what, answer)
		}
	}
	refused("another session", elsewhere, s.db, s.conn)
	refused("another database", ada, other, otherConn)
	refused("a role that may not write any more", demoted, s.db, s.conn)
	s.clock.Pass(10*time.Minute - time.Second)
	if got, err := s.WritesUntil(t.Context(), ada, s.db); err != nil || !got.Equal(until) {
		t.Errorf("%v %v", got, err)
	}
	s.run(ada, insert, "")
	s.clock.Pass(time.Second)
	refused("ended", ada, s.db, s.conn)
	s.allow(ada, true)
	if until := s.allow(ada, false); !until.IsZero() {
		t.Errorf("taken back until %v", until)
	}
	refused("taken back", ada, s.db, s.conn)
	if s.items() != 3 {
		t.Errorf("%d items", s.items())
	}
}

// going starts a script and returns where its answer comes.
func (s *site) going(ctx context.Context, a auth.Actor, script desk.Script) <-chan *desk.Answer {
	out := make(chan *desk.Answer, 1)
	go func() {
		answer, err := s.Run(ctx, a, s.db, s.conn, script)
		if err != nil {
			answer = &desk.Answer{Err: err}
		}
		answer.Close()
		out <- answer
	}()
	return out
}

func TestOneOfTwoRunsIsCancelledByItsSession(t *testing.T) {
	t.Parallel()
	s, ada, bob := newSite(t), operator(auth.RoleOperator), operator(auth.RoleOwner)
	first := s.going(t.Context(), ada, desk.Script{SQL: endless, Name: "r1"})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	second := s.going(ctx, ada, desk.Script{SQL: endless, Name: "r2"})
	for _, wrong := range []func() error{
		func() error { return s.Cancel(bob, "r1") }, func() error { return s.Cancel(ada, "r3") }, func() error { return s.Cancel(ada, "") },
	} {
		if err := wrong(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%v", err)
		}
	}
	s.eventually("the first is there to be cancelled", func() bool { return s.Cancel(ada, "r1") == nil })
	a := <-first
	message := fault.Message(a.Err) // before it began
	if len(a.Results) == 1 {
		message = fault.Message(a.Results[0].Err)
	}
	if !strings.Contains(strings.ToLower(message), "cancelled") {
		t.Errorf("%q, %+v", message, a)
	}
	select {
	case a := <-second:
		t.Errorf("the other one ended too: %+v", a)
	default:
	}
	if err := s.Cancel(ada, "r1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("it ended: %v", err)
	}
	leave()
	<-second
}

func TestAWriteThatIsStoppedIsUndoneAndSaysSo(t *testing.T) {
	t.Parallel()
	for words, stop := range map[string]func(s *site, a auth.Actor, leave func()){
		"Cancelled after ":                      func(s *site, a auth.Actor, _ func()) { must(s.t, s.Cancel(a, "w")) },
		"The connection to the browser ended, ": func(_ *site, _ auth.Actor, leave func()) { leave() },
	} {
		s, ada := newSite(t), operator(auth.RoleOperator)
		s.allow(ada, true)
		ctx, leave := context.WithCancel(t.Context())
		answer := s.going(ctx, ada, desk.Script{SQL: endlessInsert, Name: "w"})
		s.eventually("it writes", func() bool { lines, _ := s.entries(ada); return len(lines) == 2 })
		stop(s, ada, leave)
		a := <-answer
		leave()
		if len(a.Results) != 1 || !strings.HasPrefix(fault.Message(a.Results[0].Err), words) {
			t.Errorf("%s: %+v", words, a)
		}
		lines, es := s.entries(ada)
		if d := cmp.Diff([]string{"database.allow_writes done 0", "database.write intent 0", "database.write failed 0"}, lines); d != "" {
			t.Errorf("%s: %s", words, d)
		}
		if out, intent := es[0], es[1]; out.Intent != intent.ID || !strings.HasPrefix(out.Detail, words) ||
			!strings.HasSuffix(out.Detail, "Everything was rolled back; nothing was changed.") || intent.Statement != endlessInsert {
			t.Errorf("%s: %+v", words, out)
		}
		if s.items() != 2 {
			t.Errorf("%s: %d items", words, s.items())
		}
	}
}

// A place is held until the answer is closed, by whoever it is.
func TestMoreRunsThanPlacesWait(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	var open []*desk.Answer
	for range desk.MaxRuns {
		a, err := s.Run(t.Context(), operator(auth.RoleViewer), s.db, s.conn, desk.Script{SQL: "select 1"})
		must(t, err)
		open = append(open, a)
	}
	if _, err := s.Run(t.Context(), ada, s.db, s.conn, desk.Script{SQL: "select 1"}); !fault.Is(err, fault.Limited) ||
		!strings.Contains(fault.Message(err), "6 runs of the console are going on already") {
		t.Errorf("one more: %v", err)
	}
	waiting := s.going(t.Context(), ada, desk.Script{SQL: "select 1", Name: "w"})
	s.eventually("who waits can be cancelled", func() bool { return s.Cancel(ada, "w") == nil })
	if a := <-waiting; !fault.Is(a.Err, fault.Limited) || !strings.Contains(fault.Message(a.Err), "cancelled before it began") {
		t.Errorf("%+v", a)
	}
	waiting = s.going(t.Context(), ada, desk.Script{SQL: "select 1"})
	open[0].Close()
	open[0].Close() // gives back one place, not two
	if a := <-waiting; !a.Ran {
		t.Errorf("a place was free: %+v", a)
	}
	again, err := s.Run(t.Context(), ada, s.db, s.conn, desk.Script{SQL: "select 1"})
	must(t, err)
	if _, err := s.Run(t.Context(), ada, s.db, s.conn, desk.Script{SQL: "select 1"}); !fault.Is(err, fault.Limited) {
		t.Errorf("closing twice made a place: %v", err)
	}
	for _, a := range append(open, again) {
		a.Close()
	}
	if lines, _ := s.entries(ada); len(lines) != 2 {
		t.Errorf("what never ran is noted: %v", lines)
	}
}

// remote is a database on real D1, behind a network that fails on demand.
func (s *site) remote() (fleet.Database, d1.Conn, *front.Faults) {
	s.t.Helper()
	x := front.NewFaults(s.t, front.New(s.t, front.Options{}))
	p := front.Provider(s.t, x.URL, func(o *rest.Options) {
		o.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	})
	info, err := p.Create(s.t.Context(), d1.CreateInput{Name: "remote"})
	must(s.t, err)
	conn, err := p.Open(s.t.Context(), info.ID)
	must(s.t, err)
	fill(s.t, conn)
	return fleet.Database{ID: id.New[id.Database](), Name: "remote", OrgSlug: "acme-inc", Provider: fleet.D1, ProviderID: info.ID}, conn, x
}

// The answer of a write is lost: its outcome is that it isn't known, and it was sent once.
func TestALostAnswerIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	db, conn, x := s.remote()
	if l := s.Limits(db); l.Guard != console.ByCompiler {
		t.Errorf("%+v", l)
	}
	_, err := s.Allow(t.Context(), ada, db, true)
	must(t, err)
	x.Next("", front.ResetAfter) // the schema is read, and what only adds rows isn't tried
	a, err := s.Run(t.Context(), ada, db, conn, desk.Script{SQL: insert})
	must(t, err)
	a.Close()
	if !a.Ran || len(a.Results) != 0 || !fault.Is(a.Err, fault.Unknown) {
		t.Errorf("%+v", a)
	}
	cat, err := browse.Load(t.Context(), conn)
	must(t, err)
	row := func(number, name string) *browse.Write {
		w, err := cat.Insert(t.Context(), conn, "items", map[string]browse.Input{
			"id": {As: browse.AsValue, Text: number}, "name": {As: browse.AsValue, Text: name}}, s.clock.Now())
		must(t, err)
		return w
	}
	lost, refused := row("4", "d"), row("1", "taken")
	x.Next(front.ResetAfter)
	if _, err := s.Save(t.Context(), ada, db, conn, "items", lost); !fault.Is(err, fault.Unknown) {
		t.Errorf("a save: %v", err)
	}
	if _, err := s.Save(t.Context(), ada, db, conn, "items", refused); !fault.Is(err, fault.Conflict) {
		t.Errorf("a save that is refused: %v", err)
	}
	lines, es := s.entries(ada)
	if d := cmp.Diff([]string{"database.allow_writes done 0", "database.write intent 0", "database.write unknown 0",
		"database.rows intent 0", "database.rows unknown 0", "database.rows intent 0", "database.rows failed 0"}, lines); d != "" {
		t.Error(d)
	}
	if e := es[3]; e.Target != "items" || !strings.Contains(e.Statement, "INSERT") || es[2].Intent != e.ID || es[2].Statement != "" {
		t.Errorf("%+v, %+v", e, es[2])
	}
	if n := items(t, conn); n != 4 {
		t.Errorf("%d items: each was sent once, and done", n)
	}
}

// Who leaves doesn't stop a save, and neither does it leave an intent open.
func TestASaveIsDoneThoughWhoAskedHasLeft(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	cat, err := browse.Load(t.Context(), s.conn)
	must(t, err)
	w, err := cat.Insert(t.Context(), s.conn, "items", map[string]browse.Input{"name": {As: browse.AsValue, Text: "c"}}, s.clock.Now())
	must(t, err)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	done, err := s.Save(ctx, ada, s.db, s.conn, "items", w)
	if err != nil || done.Changes != 1 || s.items() != 3 {
		t.Errorf("%+v %v", done, err)
	}
	if lines, _ := s.entries(ada); !cmp.Equal(lines, []string{"database.rows intent 0", "database.rows done 1"}) {
		t.Error(lines)
	}
}

// Nothing is written that the log can't tell of.
func TestWithoutAnIntentNothingIsWritten(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	s.allow(ada, true)
	_, err := s.control.Query(t.Context(), d1.Exec("create trigger full before insert on audit begin select raise(abort, 'full'); end"))
	must(t, err)
	if a := s.run(ada, insert, ""); a.Err == nil || len(a.Results) != 0 || s.items() != 2 {
		t.Errorf("%+v, %d items", a, s.items())
	}
	if _, err := s.Run(t.Context(), ada, s.db, s.conn, desk.Script{SQL: "select 1"}); err == nil {
		t.Error("a run that reads isn't noted, and answered all the same")
	}
}

func TestTheHistoryHasEachTextOnceWithItsOutcome(t *testing.T) {
	t.Parallel()
	s, ada, bob := newSite(t), operator(auth.RoleOperator), operator(auth.RoleOwner)
	s.allow(ada, true)
	for _, sql := range []string{"select 1", insert, "select 2", "select 1", insert, "selec 3"} {
		s.run(ada, sql, "")
		s.clock.Pass(time.Second)
	}
	s.run(bob, "select 'somebody else'", "")
	es, err := s.History(t.Context(), ada, s.db)
	must(t, err)
	var got []string
	for _, e := range es {
		got = append(got, e.Statement+" "+string(e.Outcome))
	}
	if d := cmp.Diff([]string{"selec 3 failed", insert + " failed", "select 1 done", "select 2 done"}, got); d != "" {
		t.Error(d)
	}
	long := "select '" + strings.Repeat("é", 15_000) + "'"
	s.run(ada, long, "")
	if es, err = s.History(t.Context(), ada, s.db); err != nil || len(es[0].Statement) > 20_002 ||
		!strings.HasPrefix(es[0].Statement, "select 'é") {
		t.Errorf("%d bytes are kept, %v", len(es[0].Statement), err)
	}
}
