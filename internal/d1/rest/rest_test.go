package rest_test

import (
	"cmp"
	"flag"
	"math"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
)

// TestMain lets more tests run at once than there are processors, unless told how many:
// many of them wait, for a silence or a window of calls.
func TestMain(m *testing.M) {
	flag.Parse()
	if p := flag.Lookup("test.parallel").Value; p.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = p.Set("8")
	}
	goleak.VerifyTestMain(m)
}

// d1Runtime is the D1 that the tests run on which don't run on each.
var d1Runtime = flag.String("runtime", string(d1test.Older), "sqlite-3.47 or sqlite-3.54")

func newFront(t testing.TB, o front.Options) *front.Front {
	t.Helper()
	o.Runtime = cmp.Or(o.Runtime, d1test.Runtime(*d1Runtime))
	return front.New(t, o)
}

// onEach runs a test on each D1. The short run is the race detector's, which learns
// nothing of our code from a second one.
func onEach(t *testing.T, test func(t *testing.T, f *front.Front, rt d1test.Runtime)) {
	t.Helper()
	t.Parallel()
	runtimes := d1test.Runtimes
	if testing.Short() {
		runtimes = runtimes[:1]
	}
	for _, rt := range runtimes {
		t.Run(string(rt), func(t *testing.T) {
			t.Parallel()
			test(t, newFront(t, front.Options{Runtime: rt}), rt)
		})
	}
}

// client is one whose connections end with the test.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// provider returns a Provider of the account behind base.
func provider(t testing.TB, base string, change ...func(*rest.Options)) *rest.Provider {
	t.Helper()
	return front.Provider(t, base, change...)
}

// open makes a database and opens it.
func open(t testing.TB, p *rest.Provider, name string) d1.Conn {
	t.Helper()
	info, err := p.Create(t.Context(), d1.CreateInput{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func exec(t testing.TB, c d1.Conn, sql string, args ...d1.Value) *d1.Result {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Exec(sql, args...))
	if err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
	return r
}

// exact reads with named columns, so that values come back as they are stored.
func exact(sql string, columns []string, args ...d1.Value) d1.Stmt {
	return d1.Stmt{SQL: sql, Args: args, Columns: columns}
}

func TestContract(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, _ d1test.Runtime) {
		p := provider(t, f.URL)
		d1test.Exercise(t, d1test.Traits{Remote: true}, func(t *testing.T) d1.Conn {
			return open(t, p, strings.ToLower(strings.NewReplacer("/", "-", "_", "-", ".", "-").Replace(shortName(t.Name()))))
		})
	})
}

// shortName keeps a test's name within a database's.
func shortName(s string) string {
	if len(s) > d1.MaxName {
		s = s[len(s)-d1.MaxName:]
	}
	return strings.Trim(s, "/-_")
}

// The values that JSON loses: read, written again, read again.
func TestValuesMakeTheRoundTrip(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, _ d1test.Runtime) {
		roundTrip(t, open(t, provider(t, f.URL), "values"))
	})
}

func roundTrip(t *testing.T, c d1.Conn) {
	exec(t, c, "create table v(id integer primary key, i integer, t text, r real, b blob, n)")
	blob := make([]byte, 1_900_000)
	for i := range blob {
		blob[i] = byte(i * 7)
	}
	for _, v := range []d1.Value{
		{}, d1.Int(0), d1.Int(math.MinInt64), d1.Int(math.MaxInt64), d1.Int(9007199254740993), d1.Int(-1),
		d1.Float(1), d1.Float(0.1), d1.Float(-1e300), d1.Float(5e-324), d1.Float(math.MaxFloat64), d1.Float(math.Inf(1)), d1.Float(math.Inf(-1)),
		d1.Float(9007199254740992),
		d1.Str(""), d1.Str("42"), d1.Str("1.0"), d1.Str("a\x00b"), d1.Str("\x00"), d1.Str("héλ😀"), d1.Str("\xff\xfe not utf-8"),
		d1.Str("<&>\u2028"), d1.Str("\ufffd"),
		d1.Str(strings.Repeat("é", 900_000)), d1.Str("s"), d1.Str("i7"),
		d1.Bytes(nil), d1.Bytes([]byte{0, 255}), d1.Bytes(blob),
	} {
		exec(t, c, "delete from v")
		others := v
		if v.Len() > 100_000 { // a row has room for one of these
			others = d1.Value{}
		}
		exec(t, c, "insert into v(id, i, t, r, b, n) values (?1, ?3, ?3, ?3, ?3, ?2)", d1.Int(1), v, others)
		all := []string{"i", "t", "r", "b", "n", "ti", "tt", "tr", "tb", "tn"}
		const read = "select i, t, r, b, n, typeof(i), typeof(t), typeof(r), typeof(b), typeof(n) from v"
		first, err := c.Query(t.Context(), exact(read, all))
		if err != nil {
			t.Fatalf("%.60s: %v", v.Literal(), err)
		}
		row := first.Rows[0]
		if row[4] != v {
			t.Errorf("without affinity %.60s came back as %.60s", v.Literal(), row[4].Literal())
		}
		for i := range 5 {
			if row[i].Kind().String() != row[5+i].Text() {
				t.Errorf("%.60s in column %s is %s there and %s here", v.Literal(), all[i], row[5+i].Text(), row[i].Kind())
			}
		}
		if v.Kind() == d1.Integer && row[1] != d1.Str(v.Text()) {
			t.Errorf("the integer %s is %.60s in a TEXT column", v.Text(), row[1].Literal())
		}
		// Saved again as it was read, it is the same.
		exec(t, c, "update v set i=?, t=?, r=?, b=?, n=?", row[:5]...)
		again, err := c.Query(t.Context(), exact(read, all))
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(row, again.Rows[0], gocmp.Comparer(func(a, b d1.Value) bool { return a == b })); d != "" {
			t.Errorf("%.60s changed when it was saved: %.500s", v.Literal(), d)
		}
		// A whole cell in chunks, as a grid that shows a cut value fetches it.
		if v.Kind() == d1.Blob && v.Len() > 1000 {
			whole := ""
			for at := 1; at <= v.Len(); at += 500_000 {
				r, err := c.Query(t.Context(), exact("select substr(n, ?, 500000) from v", []string{"part"}, d1.Int(int64(at))))
				if err != nil {
					t.Fatal(err)
				}
				whole += r.Rows[0][0].Text()
			}
			if whole != v.Text() {
				t.Error("the chunks of a BLOB aren't the BLOB")
			}
		}
	}
}
