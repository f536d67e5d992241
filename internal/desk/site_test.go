package desk_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// site is a desk over a control plane and a database, both in files.
type site struct {
	*desk.Desk
	t       *testing.T
	control d1.Conn
	engine  *local.Engine
	db      fleet.Database
	conn    d1.Conn
	clock   *controltest.Clock
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, clock: controltest.NewClock(time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC))}
	f := controltest.New(t, s.clock.Now, nil)
	s.control, s.engine = f.Control, f.Engine
	s.Desk = desk.New(desk.Options{Log: f.Store.AuditTable, Switch: f.Store.SwitchTable, Rows: 100,
		Timeout: 30 * time.Second, Now: s.clock.Now, ReadToken: func() bool { return false }})
	s.db, s.conn = s.database("acme")
	return s
}

// database makes a database with two rows.
func (s *site) database(name string) (fleet.Database, d1.Conn) {
	s.t.Helper()
	info, err := s.engine.Create(s.t.Context(), d1.CreateInput{Name: name})
	must(s.t, err)
	conn, err := s.engine.Open(s.t.Context(), info.ID)
	must(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	fill(s.t, conn)
	return fleet.Database{ID: id.New[id.Database](), Name: name, OrgSlug: "acme-inc", Provider: fleet.Embedded, ProviderID: info.ID}, conn
}

func fill(t *testing.T, conn d1.Conn) {
	t.Helper()
	for _, sql := range []string{"create table items (id integer primary key, name text)", "insert into items values (1, 'a'), (2, 'b')"} {
		_, err := conn.Query(t.Context(), d1.Exec(sql))
		must(t, err)
	}
}

// operator is somebody new with a session.
func operator(role auth.Role) auth.Actor {
	o := id.New[id.Operator]()
	return auth.Actor{Operator: o, Role: role, Scope: auth.Everything, Email: string(o) + "@example.com", IP: "192.0.2.7",
		RequestID: "r-" + string(o),
		Session:   "s-" + string(o)}
}

// run runs a script and closes its answer.
func (s *site) run(a auth.Actor, sql, confirm string) *desk.Answer {
	s.t.Helper()
	answer, err := s.Run(s.t.Context(), a, s.db, s.conn, desk.Script{SQL: sql, Confirm: confirm})
	must(s.t, err)
	answer.Close()
	return answer
}

func (s *site) allow(a auth.Actor, on bool) time.Time {
	s.t.Helper()
	until, err := s.Allow(s.t.Context(), a, s.db, on)
	must(s.t, err)
	return until
}

// entries are what the log says of an actor, the oldest first: action, outcome, rows.
func (s *site) entries(a auth.Actor) (lines []string, es []audit.Entry) {
	s.t.Helper()
	es, err := s.Log.Audit(s.t.Context(), audit.Filter{Actor: a.Email})
	must(s.t, err)
	for i := len(es) - 1; i >= 0; i-- {
		lines = append(lines, fmt.Sprintf("%s %s %d", es[i].Action, es[i].Outcome, es[i].Rows))
	}
	return lines, es
}

func (s *site) items() int64 { return items(s.t, s.conn) }

func items(t *testing.T, conn d1.Conn) int64 {
	t.Helper()
	r, err := conn.Query(t.Context(), d1.Query("select count(*) from items"))
	must(t, err)
	return r.Rows[0][0].Int()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience is how long something that has to happen is waited for.
const patience = 4 * time.Minute

func (s *site) eventually(what string, so func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("it isn't so that %s", what)
		}
	}
}
