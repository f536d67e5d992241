package lex_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/lex"
)

func TestTokens(t *testing.T) {
	var got []string
	for tok := range lex.Tokens(`select "a""b", [c d], 'it''s', x'0F', 1.5e-3, ?1, :n, a->>'$' /* c */ -- d`) {
		got = append(got, tok.Text)
	}
	want := []string{"select", `"a""b"`, ",", "[c d]", ",", "'it''s'", ",", "x'0F'", ",", "1.5e-3", ",", "?1", ",", ":n", ",", "a", "->>", "'$'", "/* c */", "-- d"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for tok := range lex.Tokens(`"a""b"`) {
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
	f.Fuzz(func(t *testing.T, sql string) {
		end := 0
		for tok := range lex.Tokens(sql) {
			if tok.Text == "" || sql[tok.Offset:tok.Offset+len(tok.Text)] != tok.Text || strings.Trim(sql[end:tok.Offset], " \t\r\n\f\v") != "" {
				t.Fatalf("token %q at %d of %q", tok.Text, tok.Offset, sql)
			}
			_, _ = tok.Ident(), tok.Value()
			end = tok.Offset + len(tok.Text)
		}
	})
}
