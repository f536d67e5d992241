package browse_test

import (
	"slices"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// walked pages forward one row at a time and returns the marks.
func walked(t *testing.T, c d1.Conn, req browse.Request) (out []string, keyless string) {
	req.Limit = 1
	for range 50 {
		p := fetch(t, c, req)
		out = append(out, marks(p)...)
		if p.Keyless != "" || !p.HasNext || p.Next == "" {
			return out, p.Keyless
		}
		req.After = p.Next
	}
	return out, "no end"
}

func TestTheFormOfAKeyIsNotGuessedFromTheText(t *testing.T) {
	for name, tc := range map[string]struct {
		ddl  string
		rows []string
		want []string
	}{
		"a comment that says desc": {"create table t (mark, id integer primary key /* not: " +
			"primary key desc */, rowid, oid, _rowid_)", []string{"(0, 1, 0, 0, 0)", "(1, 2, 0, 0, 0)"}, []string{"0", "1"}},
		"a default that says desc": {"create table t (mark, id integer primary key, d default 'primary key desc', " +
			"rowid, oid, _rowid_)", []string{"(0, 1, 0, 0, 0, 0)", "(1, 2, 0, 0, 0, 0)"}, []string{"0", "1"}},
		"a comment before key": {"create table t (mark, id integer primary /**/ key desc)",
			[]string{"(0, null)", "(1, null)", "(2, 1)"}, []string{"0", "1", "2"}},
		"a comment that says collate": {"create table t (mark, id text not null primary key /* primary key (a " +
			"collate nocase) */, rowid, oid, _rowid_)", []string{"(0, 'a', 0, 0, 0)", "(1, 'b', 0, 0, 0)"}, []string{"0", "1"}},
		"a column called collate": {"create table t (mark, \"collate\" text not null, rowid, oid, _rowid_, " +
			"primary key (\"collate\"))", []string{"(0, 'a', 0, 0, 0)", "(1, 'b', 0, 0, 0)"}, []string{"0", "1"}},
		"a parenthesis in a name": {"create table t (mark, \"x)\" text collate nocase, " +
			"primary key (\"x)\" collate binary)) without rowid", []string{"(0, 'A')", "(1, 'a')"}, []string{"0", "1"}},
		"a comment before the key's parenthesis": {"create table t (mark, x text collate nocase, primary key /**/ (x collate " +
			"binary)) without rowid", []string{"(0, 'A')", "(1, 'a')"}, []string{"0", "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, tc.ddl)
			for _, row := range tc.rows {
				exec(t, c, "insert into t values "+row)
			}
			if got, keyless := walked(t, c, browse.Request{Table: "t"}); !slices.Equal(got, tc.want) || keyless != "" {
				t.Errorf("got %v, want %v, keyless: %q", got, tc.want, keyless)
			}
		})
	}
}

func TestAnAffinityIsReadByASCII(t *testing.T) {
	c := open(t, `create table t (mark, x "text ınt")`, "insert into t values (0, '042'), (1, '42')")
	p := fetch(t, c, browse.Request{Table: "t", Filters: []browse.Filter{{"x", browse.Eq, "042"}}})
	if got := marks(p); !slices.Equal(got, []string{"0"}) {
		t.Errorf("x is 042: %v", got)
	}
}

func TestStartsComparesBeyondANUL(t *testing.T) {
	c := open(t, "create table t (mark, x text)", "insert into t values (0, cast(x'610062' as text)), (1, 'a')")
	p := fetch(t, c, browse.Request{Table: "t", Filters: []browse.Filter{{"x", browse.Starts, "a\x00b"}}})
	if got := marks(p); !slices.Equal(got, []string{"0"}) {
		t.Errorf("x starts a NUL b: %v", got)
	}
}
