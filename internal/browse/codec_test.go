package browse_test

import (
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"users": "users", "order_items-2": "order_items-2", "": "~", "..": "~Li4", "a/b": "~YS9i", "~": "~fg", "é": "~w6k", "a b": "~YSBi",
		"%2F": "~JTJG",
	} {
		if got := browse.EncodeName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for _, s := range []string{"", "a b", "é", "~!", "~YQ==", "~YQ\n", "a~", "~/w"} {
		_, err := browse.DecodeName(s)
		wantFault(t, err, fault.NotFound)
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"users", "", "~", "~YQ", "a/b", "\xff\x00", "😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		enc := browse.EncodeName(s)
		if got, err := browse.DecodeName(enc); err != nil || got != s {
			t.Fatalf("%q became %q, %v", s, got, err)
		}
		if url.PathEscape(enc) != enc {
			t.Fatalf("%q needs escaping", enc)
		}
		if name, err := browse.DecodeName(s); err == nil {
			if again, err := browse.DecodeName(browse.EncodeName(name)); err != nil || again != name {
				t.Fatalf("%q is read as %q and that as %q", s, name, again)
			}
		}
	})
}

func TestKeys(t *testing.T) {
	t.Parallel()
	values := append(pool(), d1.Float(math.Copysign(0, -1)), d1.Float(math.SmallestNonzeroFloat64), d1.Int(-1), d1.Str("~/+"))
	for _, v := range values {
		for _, key := range [][]d1.Value{{v}, {v, d1.Int(7)}, {{}, v}} {
			enc := browse.EncodeKey(key)
			if v.Len() > browse.MaxKey {
				continue
			}
			if got, err := browse.DecodeKey(enc); err != nil || !slices.Equal(got, key) {
				t.Errorf("%v became %v, %v", key, got, err)
			}
			if url.PathEscape(enc) != enc {
				t.Errorf("%q needs escaping", enc)
			}
		}
	}
	if got := browse.EncodeKey([]d1.Value{d1.Int(7)}); len(got) > 3 {
		t.Errorf("the key 7 is %q", got)
	}
	if browse.EncodeKey(nil) != "" || browse.EncodeKey([]d1.Value{d1.Str(strings.Repeat("x", browse.MaxKey))}) != "" {
		t.Error("no key and a long key have a link")
	}
	for _, s := range []string{"", "!", "\r", "AQI\n", "AQ", "Ag", "BQ", "AwX_", strings.Repeat("A", 3000), "AYAA", "An_4AAAAAAAB"} {
		_, err := browse.DecodeKey(s)
		wantFault(t, err, fault.NotFound)
	}
}

func FuzzKey(f *testing.F) {
	for _, v := range pool() {
		f.Add(browse.EncodeKey([]d1.Value{v, d1.Int(1)}))
	}
	f.Add("AYAA")
	f.Fuzz(func(t *testing.T, s string) {
		key, err := browse.DecodeKey(s)
		if err != nil {
			if !fault.Is(err, fault.NotFound) {
				t.Fatal(err)
			}
			return
		}
		if enc := browse.EncodeKey(key); enc != s {
			t.Fatalf("%q is read, and written as %q", s, enc)
		}
	})
}

// FuzzCursor hands anything in as a cursor. It is refused or a page, and never
// an error of the database.
func FuzzCursor(f *testing.F) {
	c := open(f, "create table u(id text primary key, s, n)", "create index u_s on u(s)")
	for i := range 9 {
		exec(f, c, "insert into u values (?1, ?2, ?3)", d1.Str(strings.Repeat("k", i)), d1.Str(long[:i*100]), d1.Int(int64(i/3)))
	}
	cat := load(f, c)
	for _, sort := range []string{"", "s", "-s", "-n"} {
		p, err := browse.Fetch(bg, c, cat, browse.Request{Table: "u", Sort: sort, Limit: 7})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sort, p.Next, false)
		f.Add(sort, p.Next, true)
		f.Add(sort, p.Next[:len(p.Next)-3], true)
	}
	f.Fuzz(func(t *testing.T, sort, token string, back bool) {
		req := browse.Request{Table: "u", Sort: sort, After: token, Limit: 3}
		if back {
			req.After, req.Before = "", token
		}
		if _, err := browse.Fetch(bg, c, cat, req); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

func TestRequestsRoundTrip(t *testing.T) {
	t.Parallel()
	for _, r := range []browse.Request{
		{Table: "t"},
		{
			Table: "t", Sort: browse.SortBy("-a b", true), After: "x", Limit: 7, Columns: []string{"a,b", "c", ""},
			Filters: []browse.Filter{{"a:b", browse.Eq, "x:y:z"}, {"é", browse.IsNull, ""}, {"n", browse.In, "1,2"}, {"n", browse.Eq, ""}},
		},
		{Table: "t", Sort: "-n", Before: "y"},
	} {
		got, err := browse.ParseRequest("t", r.Query())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r, got); d != "" {
			t.Error(d)
		}
		if again := got.Query().Encode(); again != r.Query().Encode() {
			t.Errorf("%s became %s", r.Query().Encode(), again)
		}
	}
	for column, want := range map[string]string{"n": "-n", "-n": "-~LW4", "é": "-~w6k", "~": "-~fg"} {
		if got := browse.SortBy(column, true); got != want {
			t.Errorf("%q sorts by %q, want %q", column, got, want)
		}
		if name, desc, err := (browse.Request{Sort: want}).SortColumn(); name != column || !desc || err != nil {
			t.Errorf("%q is %q, %v, %v", want, name, desc, err)
		}
	}
	if q := (browse.Request{Limit: 100, Sort: "-"}).Query(); len(q) != 0 {
		t.Errorf("defaults are written: %v", q)
	}
	for query, word := range map[string]string{
		"f=a": "no operator", "f=a:like:x": "like", "f=%C3%A9:eq:1": "names no column", "limit=x": "between 1 and 500", "limit=501": "501",
		"limit=0": "0", "cols=a,": "to show", "sort=-~!": "sort",
		"f=a:eq:1" + strings.Repeat("&f=a:eq:1", 20): "21 filters",
	} {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = browse.ParseRequest("t", v)
		wantFault(t, err, fault.Invalid, word)
		if fault.FieldOf(err) == "" {
			t.Errorf("%s: the fault is at no field", query)
		}
	}
}
