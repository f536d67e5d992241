package console_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

func database(t *testing.T) d1.Conn {
	t.Helper()
	e, err := local.Open(t.TempDir(), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, _ := e.Create(t.Context(), d1.CreateInput{Name: "x"})
	c, _ := e.Open(t.Context(), info.ID)
	for _, sql := range []string{"create table t(a integer primary key, b text)", "insert into t values (1,'x'),(2,null)"} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestRun(t *testing.T) {
	c := database(t)
	rs, err := console.Run(t.Context(), c, "select a, b, a from t where a >= ?1; -- more\nselect :x as x, ?2;\n"+
		"select count(*) from t", "1\nada", console.Limits{Rows: 10})
	if err != nil || len(rs) != 3 {
		t.Fatalf("%v %v", rs, err)
	}
	if d := cmp.Diff([]string{"a", "b", "a"}, rs[0].Columns); d != "" {
		t.Error(d)
	}
	if len(rs[0].Rows) != 2 || rs[0].Rows[1][1] != (d1.Value{}) || rs[1].Rows[0][1] != d1.Str("ada") || rs[2].Offset != 65 {
		t.Errorf("%+v", rs)
	}
}

func TestACapCutsAndSaysSo(t *testing.T) {
	c := database(t)
	endless := "with recursive c(n) as (select 1 union all select n+1 from c) select n, zeroblob(1000) from c"
	rs, err := console.Run(t.Context(), c, endless, "", console.Limits{Rows: 5})
	if err != nil || len(rs[0].Rows) != 5 || rs[0].Cut != "after 5 rows" {
		t.Errorf("%v %v", rs[0].Cut, err)
	}
	if rs, _ = console.Run(t.Context(), c, endless, "",
		console.Limits{Rows: 1e9, Bytes: 1 << 20}); !strings.HasPrefix(rs[0].Cut, "at what one run shows") || len(rs[0].Rows) > 1100 {
		t.Errorf("%q after %d rows", rs[0].Cut, len(rs[0].Rows))
	}
	exact, _ := console.Run(t.Context(), c, "select * from t", "", console.Limits{Rows: 2})
	if exact[0].Cut != "" {
		t.Error("a result of exactly the cap was called cut")
	}
}

func TestTheBytesAreTheWholeRuns(t *testing.T) {
	c := database(t)
	wide := "with recursive c(x) as (select 1 union all select x+1 from c) select printf('%.*c', 7000, 'x') from c;"
	rs, err := console.Run(t.Context(), c, strings.Repeat(wide, 20), "", console.Limits{Rows: 1000})
	size := 0
	for _, r := range rs {
		for _, row := range r.Rows {
			size += row[0].Len()
		}
	}
	if err != nil || len(rs) != 20 || size > 4<<20 || rs[19].Cut == "" {
		t.Errorf("%d results of %d bytes, %v", len(rs), size, err)
	}
	rs, err = console.Run(t.Context(), c, "select printf('%.*c', 1900000, 'x'), printf('%.*c', 1900000, 'x'), printf('%.*c', "+
		"1900000, 'x')", "", console.Limits{Rows: 10})
	if err != nil || !fault.Is(rs[0].Err, fault.Invalid) || !strings.Contains(fault.Message(rs[0].Err), "substr") {
		t.Errorf("a row of 5.7 MB: %v %v", rs[0].Err, err)
	}
}

func TestTheFirstRefusalEndsTheRunAndHasItsPlace(t *testing.T) {
	c := database(t)
	for text, want := range map[string]struct {
		kind         fault.Kind
		n            int
		line, column int
	}{
		"select 1;\nselect nope from t; select 2": {fault.Invalid, 2, 2, 8},
		"selec 1": {fault.Invalid, 1, 1, 1},
		"select 1; with x as (select 1) delete from t; select 2": {fault.Denied, 2, 0, 0},
		"pragma user_version": {fault.Denied, 1, 0, 0},
		"begin":               {fault.Denied, 1, 0, 0},
		"select ?3":           {fault.Invalid, 1, 0, 0},
		"select 'ä', nope":    {fault.Invalid, 1, 1, 13},
	} {
		rs, err := console.Run(t.Context(), c, text, "", console.Limits{Rows: 10})
		if err != nil || len(rs) != want.n {
			t.Fatalf("%s: %d results, %v", text, len(rs), err)
		}
		last := rs[len(rs)-1]
		if !fault.Is(last.Err, want.kind) {
			t.Errorf("%s: %v", text, last.Err)
		}
		if want.line == 0 {
			continue
		}
		if line, column := console.Place(text, last.ErrOffset); line != want.line || column != want.column {
			t.Errorf("%s: at %d:%d, want %d:%d", text, line, column, want.line, want.column)
		}
	}
	r, _ := c.Query(t.Context(), d1.Query("select count(*) from t"))
	if r.Rows[0][0].Int() != 2 {
		t.Error("rows are gone")
	}
}

func TestWhatIsNoRun(t *testing.T) {
	c := database(t)
	for text, params := range map[string]string{
		"":                              "",
		" -- only\n":                    "",
		strings.Repeat("select 1;", 51): "",
		"select ?":                      strings.Repeat("1\n", 101),
		"select ? ":                     "99999999999999999999",
		"select ?  ":                    "x'0'",
	} {
		if len(params) > 19 && len(params) < 22 {
			continue // beyond 19 digits it is text
		}
		if _, err := console.Run(t.Context(), c, text, params, console.Limits{Rows: 1}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q %.20q: %v", text, params, err)
		}
	}
}

func TestLeavingStopsTheStatement(t *testing.T) {
	c := database(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	began := time.Now()
	rs, err := console.Run(ctx, c, "with recursive c(n) as (select 1 union all select n+1 from c) select count(*) "+
		"from c; select 1", "", console.Limits{Rows: 1})
	if err != nil || len(rs) != 1 || !fault.Is(rs[0].Err, fault.Limited) || time.Since(began) > 2*time.Second {
		t.Errorf("%v %v after %v", rs, err, time.Since(began))
	}
}

func TestAWholeRunHasATimeToo(t *testing.T) {
	c := database(t)
	slow := "with recursive c(n) as (select 1 union all select n+1 from c) select count(*) from c"
	began := time.Now()
	rs, err := console.Run(t.Context(), c, strings.Repeat(slow+";", 20), "",
		console.Limits{Rows: 1, Timeout: 20 * time.Second, Total: 50 * time.Millisecond})
	if err != nil || len(rs) != 1 || !fault.Is(rs[0].Err, fault.Limited) || time.Since(began) > 5*time.Second {
		t.Errorf("%v %v after %v", rs, err, time.Since(began))
	}
}

func TestParams(t *testing.T) {
	got, err := console.Params("null\n42\r\n-9223372036854775808\n1.5\n1e3\n'it''s'\n'42'\nx'00fF'\n two words \nO'Brien\n" +
		"12345678901234567890\n\n")
	want := []d1.Value{{}, d1.Int(42), d1.Int(-9223372036854775808), d1.Float(1.5), d1.Float(1000), d1.Str("it's"),
		d1.Str("42"), d1.Bytes([]byte{0, 255}), d1.Str(" two words "), d1.Str("O'Brien"), d1.Str("12345678901234567890")}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: %s, want %s", i, got[i].Literal(), want[i].Literal())
		}
	}
}
