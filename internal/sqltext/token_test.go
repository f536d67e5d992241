package sqltext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

func TestTokens(t *testing.T) {
	var got []string
	for tok := range sqltext.Tokens(`select "a""b", [c d], 'it''s', x'0F', 1.5e-3, ?1, :n, a->>'$' /* c */ -- d`) {
		got = append(got, tok.Text)
	}
	want := []string{"select", `"a""b"`, ",", "[c d]", ",", "'it''s'", ",", "x'0F'", ",", "1.5e-3", ",", "?1", ",", ":n", ",",
		"a", "->>", "'$'", "/* c */", "-- d"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for tok := range sqltext.Tokens(`"a""b"`) {
		if tok.Ident() != `a"b` {
			t.Errorf("name %q", tok.Ident())
		}
	}
}

// FuzzTokens: no byte but blanks is lost, and each token is where it says.
func FuzzTokens(f *testing.F) {
	f.Add("select 'a' -- b")
	f.Add("/*")
	f.Add("1e+ x' [ \" $")
	f.Add("\ufeffselect a\ufeff, \ufeff b")
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for tok := range sqltext.Tokens(sql) {
			if tok.Text == "" || sql[tok.Offset:tok.Offset+len(tok.Text)] != tok.Text ||
				strings.Trim(sql[end:tok.Offset], " \t\r\n\f\v\ufeff") != "" {
				t.Fatalf("token %q at %d of %q", tok.Text, tok.Offset, sql)
			}
			_, _ = tok.Ident(), tok.Value()
			end = tok.Offset + len(tok.Text)
		}
	})
}
