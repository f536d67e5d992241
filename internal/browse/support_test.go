package browse_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("rapid.checks").Value.String() == "100" { // many shapes, each a database: fewer of each
		_ = flag.Set("rapid.checks", "50")
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, ddl ...string) d1.Conn {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range ddl {
		exec(t, c, sql)
	}
	return c
}

var bg = context.Background()

// reporter is what a test and a rapid check have in common.
type reporter interface {
	Helper()
	Fatalf(string, ...any)
}

func exec(t reporter, c d1.Conn, sql string, args ...d1.Value) *d1.Result {
	t.Helper()
	r, err := c.Query(bg, d1.Exec(sql, args...))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return r
}

func load(t reporter, c d1.Conn) *browse.Catalog {
	t.Helper()
	cat, err := browse.Load(bg, c)
	if err != nil {
		t.Fatalf("catalog: %v", err)
	}
	return cat
}

func fetch(t reporter, c d1.Conn, req browse.Request) *browse.Page {
	t.Helper()
	p, err := browse.Fetch(bg, c, load(t, c), req)
	if err != nil {
		t.Fatalf("%+v: %v", req, err)
	}
	return p
}

// marks are the values of a page's first column, as literals.
func marks(p *browse.Page) []string {
	out := make([]string, len(p.Rows))
	for i, r := range p.Rows {
		out[i] = r.Cells[0].Value.Literal()
	}
	return out
}

func wantFault(t *testing.T, err error, k fault.Kind, words ...string) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Fatalf("got %v, want a fault of kind %s", err, k)
	}
	for _, w := range words {
		if !strings.Contains(fault.Message(err), w) {
			t.Errorf("%q does not say %q", fault.Message(err), w)
		}
	}
}

// plan returns what EXPLAIN QUERY PLAN says of a page's statement.
func plan(t testing.TB, c d1.Conn, p *browse.Page) string {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Query("explain query plan "+p.Stmt.SQL, p.Stmt.Args...))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, row := range r.Rows {
		fmt.Fprintln(&b, row[3].Text())
	}
	return b.String()
}
