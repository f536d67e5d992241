package rest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// embedded returns an empty database of the embedded engine.
func embedded(t *testing.T) d1.Conn {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "agree"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var values = rapid.OneOf(
	rapid.Just(d1.Value{}),
	rapid.Map(rapid.Int64(), d1.Int), rapid.Map(rapid.Int64Range(-50, 50), d1.Int),
	rapid.SampledFrom([]d1.Value{
		d1.Int(math.MinInt64), d1.Int(math.MaxInt64), d1.Int(9007199254740993), d1.Int(42), d1.Float(42), d1.Str("42"), d1.Str("42.0"),
		d1.Bytes([]byte("42")),
		d1.Str(""), d1.Bytes(nil), d1.Str("a\x00b"), d1.Str("\xff"), d1.Str("caf\xe9\x00"), d1.Float(math.Inf(1)), d1.Float(math.Inf(-1)),
		d1.Str("1e3"), d1.Str(" 7"), d1.Str("\ufffd"),
	}),
	// Sixteenths: the older SQLite writes other reals with other last digits. The sign
	// of a zero doesn't travel, and none is drawn.
	rapid.Map(rapid.Int64Range(-1<<30, 1<<30), func(n int64) d1.Value { return d1.Float(float64(n) / 16) }),
	rapid.Map(rapid.String(), d1.Str),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), d1.Bytes),
)

// expressions have as many placeholders as the number says.
var expressions = []struct {
	sql string
	n   int
}{
	{"?", 1}, {"t", 0}, {"i", 0}, {"r", 0}, {"b", 0}, {"n", 0}, {"t=?", 1}, {"i=?", 1}, {"r=?", 1}, {"b=?", 1}, {"n=?", 1}, {"n is not ?", 1},
	{"t<?", 1}, {"i>=?", 1}, {"n<?", 1}, {"b>?", 1}, {"?<?", 2}, {"?=?", 2}, {"typeof(?)", 1}, {"? is ?", 2},
	{"t in (?, ?)", 2}, {"n in (?, ?)", 2}, {"i in (?, 1)", 1}, {"n between ? and ?", 2}, {"coalesce(?, n, ?)", 2}, {"iif(n, ?, ?)", 2},
	{"hex(?)", 1}, {"length(?)", 1}, {"quote(?)", 1}, {"typeof(n)||typeof(?)", 1}, {"case n when ? then 1 else ? end", 2}, {"max(?, n)", 1},
	{"nullif(t, ?)", 1},
	{"(t, n) = (?, ?)", 2}, {"cast(? as text)", 1}, {"cast(? as blob)", 1}, {"instr(t, ?)", 1}, {"? collate nocase = t", 1}, {"not ?", 1},
}

// statement draws a select with its arguments and the names of its columns.
func statement(rt *rapid.T, values *rapid.Generator[d1.Value]) d1.Stmt {
	s := d1.Stmt{}
	var cells []string
	add := func(e struct {
		sql string
		n   int
	}) string {
		for range e.n {
			s.Args = append(s.Args, values.Draw(rt, "value"))
		}
		return e.sql
	}
	for i := range rapid.IntRange(1, 5).Draw(rt, "columns") {
		cells = append(cells, add(rapid.SampledFrom(expressions).Draw(rt, "cell")))
		s.Columns = append(s.Columns, fmt.Sprintf("x%d", i))
	}
	s.SQL = "select " + strings.Join(cells, ", ") + " from a"
	if rapid.Bool().Draw(rt, "where") {
		s.SQL += " where " + add(rapid.SampledFrom(expressions).Draw(rt, "where"))
	}
	s.SQL += " order by id"
	if rapid.Bool().Draw(rt, "desc") {
		s.SQL += " desc"
	}
	if rapid.Bool().Draw(rt, "limit") {
		s.SQL += " limit ?"
		s.Args = append(s.Args, d1.Int(int64(rapid.IntRange(0, 9).Draw(rt, "n"))))
	}
	return s
}

// numbered writes the placeholders of a statement by number or by name.
func numbered(s d1.Stmt, form int) d1.Stmt {
	n := 0
	var b strings.Builder
	for _, c := range s.SQL {
		if c != '?' {
			b.WriteRune(c)
			continue
		}
		n++
		switch form {
		case 1:
			fmt.Fprintf(&b, "?%d", n)
		case 2:
			fmt.Fprintf(&b, ":p%d", n)
		default:
			b.WriteByte('?')
		}
	}
	s.SQL = b.String()
	return s
}

// TestStatementsAgreeWithTheEmbeddedEngine: the same statements with the same
// arguments give the same values, storage classes included, or the same class of
// refusal.
func TestStatementsAgreeWithTheEmbeddedEngine(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, rt d1test.Runtime) { agree(t, f, rt) })
}

func agree(t *testing.T, f *front.Front, of d1test.Runtime) {
	values := values.Filter(func(v d1.Value) bool { return of == d1test.Newest || !numberThenNUL(v) })
	if of == d1test.Newest { // the same SQLite, so every real
		values = rapid.OneOf(values, rapid.Map(rapid.Float64().Filter(func(f float64) bool { return f == f && f != 0 }), d1.Float))
	}
	far, near := open(t, provider(t, f.URL), "agree"), embedded(t)
	for _, c := range []d1.Conn{far, near} {
		exec(t, c, "create table a(id integer primary key, t text, i integer, r real, b blob, n)")
	}
	statements := 0
	rapid.Check(t, func(rt *rapid.T) {
		both := func(s d1.Stmt) (*d1.Result, *d1.Result) {
			statements++
			l, lerr := near.Query(context.Background(), s)
			r, rerr := far.Query(context.Background(), s)
			if (lerr == nil) != (rerr == nil) {
				rt.Fatalf("%s\n%s\nhere %v\nthere %v", s.SQL, show(s.Args), lerr, rerr)
			}
			if lerr != nil {
				le, _ := errors.AsType[*d1.Error](lerr)
				re, _ := errors.AsType[*d1.Error](rerr)
				if le == nil || re == nil || le.Class != re.Class || le.Offset != re.Offset {
					rt.Fatalf("%s\n%s\nhere %v\nthere %v", s.SQL, show(s.Args), lerr, rerr)
				}
				return nil, nil
			}
			return l, r
		}
		both(d1.Exec("delete from a"))
		for i := range rapid.IntRange(1, 4).Draw(rt, "rows") {
			args := []d1.Value{d1.Int(int64(i))}
			for range 5 {
				args = append(args, values.Draw(rt, "stored"))
			}
			both(d1.Exec("insert into a values (?, ?, ?, ?, ?, ?)", args...))
		}
		for range rapid.IntRange(1, 4).Draw(rt, "statements") {
			s := numbered(statement(rt, values), rapid.IntRange(0, 2).Draw(rt, "form"))
			l, r := both(s)
			if l == nil {
				continue
			}
			if len(l.Rows) != len(r.Rows) {
				rt.Fatalf("%s\n%s\n%d rows here, %d there", s.SQL, show(s.Args), len(l.Rows), len(r.Rows))
			}
			for i := range l.Rows {
				for j := range l.Rows[i] {
					if l.Rows[i][j] != r.Rows[i][j] && (of == d1test.Newest || !same(l.Rows[i][j], r.Rows[i][j])) {
						rt.Fatalf("%s\n%s\nrow %d column %d: %s here, %s there", s.SQL, show(s.Args), i, j, l.Rows[i][j].Literal(), r.Rows[i][j].Literal())
					}
				}
			}
		}
	})
	t.Logf("%d statements on both", statements)
}

// numberThenNUL reports a text that a column of numbers takes as the number before
// the NUL since SQLite 3.54, dropping the rest; 3.47 keeps the text.
func numberThenNUL(v d1.Value) bool {
	before, _, found := strings.Cut(v.Text(), "\x00")
	if v.Kind() != d1.Text || !found {
		return false
	}
	_, err := strconv.ParseFloat(strings.TrimSpace(before), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}

// same is equal, but for the two SQLites' different last digits of a real as text.
func same(a, b d1.Value) bool {
	if a == b {
		return true
	}
	return a.Kind() == d1.Text && b.Kind() == d1.Text && a.Float() != 0 && math.Abs(a.Float()-b.Float()) <= 1e-14*math.Abs(a.Float())
}

func show(vs []d1.Value) string {
	var out []string
	for _, v := range vs {
		out = append(out, v.Kind().String()+" "+v.Literal())
	}
	return strings.Join(out, ", ")
}
