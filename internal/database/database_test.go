package database_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

const key = "gateway-key-for-tests-0123456789"

var now = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// provider is the embedded engine, counting what goes through it and failing
// where it is told to.
type provider struct {
	d1.Provider
	// finds, reads and writes count calls: of Find, and of a Conn's methods.
	finds, reads, writes atomic.Int32
	// failBatch and failDelete are what those calls answer, if not nil.
	failBatch, failDelete error
	// hold, if not nil, is what writes wait for.
	hold chan struct{}
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return &provider{Provider: e}
}

func (p *provider) reset() { p.finds.Store(0); p.reads.Store(0); p.writes.Store(0) }

func (p *provider) Find(ctx context.Context, name string) (d1.Info, error) {
	p.finds.Add(1)
	return p.Provider.Find(ctx, name)
}

func (p *provider) Delete(ctx context.Context, id string) error {
	if p.failDelete != nil {
		return p.failDelete
	}
	return p.Provider.Delete(ctx, id)
}

func (p *provider) Open(ctx context.Context, id string) (d1.Conn, error) {
	c, err := p.Provider.Open(ctx, id)
	return &conn{Conn: c, p: p}, err
}

type conn struct {
	d1.Conn
	p *provider
}

func (c *conn) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	c.p.reads.Add(1)
	return c.Conn.Query(ctx, s)
}

func (c *conn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	c.p.writes.Add(1)
	if c.p.hold != nil {
		<-c.p.hold
	}
	if c.p.failBatch != nil {
		return nil, c.p.failBatch
	}
	return c.Conn.Batch(ctx, ss)
}

func newInstance(t *testing.T, p d1.Provider) *database.Instance {
	t.Helper()
	in, err := database.New(p, database.Options{GatewayKey: key, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func mustCreate(t *testing.T, in *database.Instance, input database.CreateInput) database.Created {
	t.Helper()
	made, err := in.Create(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func mustParse(t testing.TB, src string) *schema.Schema {
	t.Helper()
	s, err := schema.Parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func usersV1(t testing.TB) *schema.Schema {
	return mustParse(t, `{"name":"org","version":1,"tables":{"users":{"id":"text primary key not null","email":"text not null unique"}}}`)
}

func usersV2(t testing.TB) *schema.Schema {
	return mustParse(t, `{"name":"org","version":2,"tables":{"users":{"id":"text primary key not null",`+
		`"email":"text not null unique","role":"text default member"}}}`)
}

// mustRaw opens a database with a fresh token.
func mustRaw(t *testing.T, in *database.Instance, name string) *database.Raw {
	t.Helper()
	raw, err := in.HTTPClient(t.Context(), database.HTTPClientInput{DatabaseName: name, Token: in.NewToken(name)})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// names returns a database's tables, the ledgers included and D1's own not.
func names(t *testing.T, in *database.Instance, name string) []string {
	t.Helper()
	rows, err := mustRaw(t, in, name).Raw(t.Context(),
		`select name from sqlite_master where type = 'table' and name not like '\_cf\_%' escape '\' order by name`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append(out, r[0].Text())
	}
	return out
}

// waitFor returns when cond holds, or fails the test after five seconds.
func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for range 5000 {
		if cond() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("waited in vain")
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Fatalf("got %v (%v), want %v", err, fault.KindOf(err), k)
	}
}
