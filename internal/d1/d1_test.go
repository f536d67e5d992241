package d1_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestValuesInWordsSQLAndJSON(t *testing.T) {
	for _, c := range []struct {
		v                   d1.Value
		text, literal, json string
	}{
		{d1.Value{}, "", "NULL", "null"},
		{d1.Int(-7), "-7", "-7", "-7"},
		{d1.Int(math.MaxInt64), "9223372036854775807", "9223372036854775807", `"9223372036854775807"`},
		{d1.Int(math.MinInt64), "-9223372036854775808", "(-9223372036854775807-1)", `"-9223372036854775808"`},
		{d1.Float(1), "1.0", "1.0", "1"},
		{d1.Float(0.1), "0.1", "0.1", "0.1"},
		{d1.Float(1e300), "1e+300", "1e+300", "1e+300"},
		{d1.Float(math.Inf(-1)), "-Inf", "-9e999", "null"},
		{d1.Float(math.NaN()), "", "NULL", "null"},
		{d1.Str("it's"), "it's", "'it''s'", `"it's"`},
		{d1.Str("a\x00b"), "a\x00b", "CAST(x'610062' AS TEXT)", `"a\u0000b"`},
		{d1.Bytes([]byte{0, 255}), "\x00\xff", "x'00ff'", `{"blob":"00ff"}`},
		{d1.Bool(true), "1", "1", "1"},
		{d1.OptStr(""), "", "NULL", "null"},
	} {
		b, err := json.Marshal(c.v)
		if c.v.Text() != c.text || c.v.Literal() != c.literal || string(b) != c.json || err != nil {
			t.Errorf("%s: text %q, literal %s, json %s %v", c.literal, c.v.Text(), c.v.Literal(), b, err)
		}
	}
}

func TestErrorsAreSortedByTheirWords(t *testing.T) {
	for text, want := range map[string]struct {
		class  d1.Class
		kind   fault.Kind
		offset int
	}{
		`near "selec": syntax error at offset 0: SQLITE_ERROR`:                                       {d1.Syntax, fault.Invalid, 0},
		"no such column: nope at offset 7: SQLITE_ERROR":                                             {d1.Syntax, fault.Invalid, 7},
		"UNIQUE constraint failed: u.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)": {d1.Constraint, fault.Conflict, -1},
		"FOREIGN KEY constraint failed: SQLITE_CONSTRAINT_TRIGGER":                                   {d1.Constraint, fault.Conflict, -1},
		"not authorized: SQLITE_AUTH":                                                                {d1.Auth, fault.Denied, -1},
		d1.ReadOnlyText:                                                                              {d1.ReadOnly, fault.Denied, -1},
		d1.InterruptedText:                                                                           {d1.Interrupted, fault.Limited, -1},
		"statement too long: SQLITE_TOOBIG":                                                          {d1.TooBig, fault.Invalid, -1},
		"too many SQL variables at offset 223: SQLITE_ERROR":                                         {d1.TooBig, fault.Invalid, 223},
		"database is locked: SQLITE_BUSY":                                                            {d1.Busy, fault.Unavailable, -1},
		"attempt to write a readonly database: SQLITE_READONLY":                                      {d1.Storage, fault.Unavailable, -1},
		"database or disk is full: SQLITE_FULL":                                                      {d1.Storage, fault.Unavailable, -1},
		"triggers nested too deep: SQLITE_ERROR":                                                     {d1.TooBig, fault.Invalid, -1},
		"out of memory: SQLITE_NOMEM":                                                                {d1.Memory, fault.Invalid, -1},
		"it needs more temporary disk space than there is: SQLITE_FULL":                              {d1.Memory, fault.Invalid, -1},
		"a table has used up its ids, the last one is 9: SQLITE_FULL":                                {d1.Constraint, fault.Conflict, -1},
		"D1 DB is overloaded. Requests queued for too long.":                                         {d1.Busy, fault.Unavailable, -1},
		"no such table: a at offset 9 b: SQLITE_ERROR":                                               {d1.Syntax, fault.Invalid, -1},
	} {
		e := d1.NewError(text)
		err := d1.Fail(e)
		if e.Class != want.class || fault.KindOf(err) != want.kind || e.Offset != want.offset {
			t.Errorf("%s: class %d, kind %s, offset %d", text, e.Class, fault.KindOf(err), e.Offset)
		}
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"acme-org-001": true, "A_b-1": true, "1": true, strings.Repeat("a", d1.MaxName): true,
		"": false, "a.b": false, "-a": false, "a b": false, "a/b": false, "ä": false, strings.Repeat("a", d1.MaxName+1): false, "a\n": false,
	} {
		err := d1.CheckName(name)
		if (err == nil) != ok || err != nil && (fault.FieldOf(err) != "name" || !fault.Is(err, fault.Invalid)) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := d1.CheckName("a.b"); !strings.Contains(fault.Message(err), "token") {
		t.Errorf("a dot is refused without its reason: %v", err)
	}
}

// TestEqualValuesAreTheSame: values of another storage class or content differ.
func TestEqualValuesAreTheSame(t *testing.T) {
	if d1.Int(1) == d1.Float(1) || d1.Str("1") == d1.Int(1) || d1.Str("") == (d1.Value{}) || d1.Str("a") == d1.Bytes([]byte("a")) {
		t.Error("storage classes are mixed up")
	}
	rapid.Check(t, func(rt *rapid.T) {
		i, s := rapid.Int64().Draw(rt, "int"), rapid.String().Draw(rt, "text")
		if d1.Int(i).Int() != i || d1.Str(s).Text() != s || d1.BlobOf(s) != d1.Bytes([]byte(s)) {
			rt.Fatal("a value changed")
		}
	})
}
