package browse_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestANumberStaysANumber(t *testing.T) {
	t.Parallel()
	for _, ddl := range []string{"create table t (id integer primary key, x)",
		"create table t (id integer primary key, x any) strict", "create table t (id integer primary key, x blob)"} {
		c := open(t, ddl, "insert into t values (1, 42)")
		for _, tc := range []struct {
			as   browse.As
			text string
			want d1.Value
		}{
			{browse.AsValue, "43", d1.Int(43)},
			{browse.AsValue, "4.5", d1.Float(4.5)},
			{browse.AsText, "4.5", d1.Str("4.5")},
			{browse.AsValue, "007", d1.Str("007")},
			{browse.AsNumber, "7", d1.Int(7)},
			{browse.AsValue, "seven", d1.Str("seven")},
		} {
			old := exec(t, c, "select x from t").Rows[0][0]
			if _, err := save(t, c, "t", edit(intKey(1), "x", old, tc.as, tc.text)); err != nil {
				t.Fatal(err)
			}
			if got := exec(t, c, "select x from t").Rows[0][0]; got != tc.want {
				t.Errorf("%s: %s as %s %q became %s", ddl, old.Literal(), tc.as, tc.text, got.Literal())
			}
		}
		rec, err := load(t, c).Record(bg, c, "t", intKey(1))
		if err != nil {
			t.Fatal(err)
		}
		if in, ok := rec.Columns[1].InputOf(d1.Int(42)); !ok || in != (browse.Input{As: browse.AsValue, Text: "42"}) {
			t.Errorf("42 can't be typed: %+v", in)
		}
		_, err = save(t, c, "t", edit(intKey(1), "x", d1.Str("seven"), browse.AsNumber, "x1"))
		wantFault(t, err, fault.Invalid, "is not a number")
	}
}

func TestNumbersAreExactOrRefused(t *testing.T) {
	t.Parallel()
	c := open(t, "create table t (id integer primary key, i integer, need integer not null, r real, n decimal, s text)",
		"insert into t values (1, 5, 5, 5, 5, 'x')")
	was := func(column string) d1.Value { return exec(t, c, `select "`+column+`" from t`).Rows[0][0] }
	for column, texts := range map[string]map[string]string{
		"i":    {"12345678901234567890": "beyond the integers", "-9223372036854775809": "beyond the integers", "007": "would be stored as 7"},
		"n":    {"12345678901234567890": "beyond the integers"},
		"need": {"": "can't be NULL", "  ": "can't be NULL"},
	} {
		for text, words := range texts {
			_, err := save(t, c, "t", edit(intKey(1), column, was(column), browse.AsValue, text))
			wantFault(t, err, fault.Invalid, words, column+": ")
			if fault.FieldOf(err) != column {
				t.Errorf("the error is at %q", fault.FieldOf(err))
			}
		}
	}
	for _, column := range []string{"i", "r", "n"} {
		if _, err := save(t, c, "t", edit(intKey(1), column, was(column), browse.AsValue, "")); err != nil {
			t.Fatal(err)
		}
		if !was(column).IsNull() {
			t.Errorf("%s cleared became %s", column, was(column).Literal())
		}
	}
	if _, err := save(t, c, "t", edit(intKey(1), "s", d1.Str("x"), browse.AsValue, "")); err != nil || was("s") != d1.Str("") {
		t.Errorf("a text cleared became %s, %v", was("s").Literal(), err)
	}
}
