package schema_test

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// grammarText is the engine's grammar as far as it makes schemas.
//
//go:embed testdata/grammar.txt
var grammarText string

// rule is a rule of the grammar: what its left side may be.
type rule struct {
	text, left string
	right      []string
}

// rules are the grammar, fallbacks the words that are names where they mean nothing else.
var (
	grammarVersion, rules, fallbacks = readGrammar(grammarText)
	alternatives                     = everyAlternative()
)

func readGrammar(text string) (version string, rules map[string][]*rule, fallback []string) {
	rules = map[string][]*rule{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0 || f[0] == "#":
		case f[0] == "version":
			version = f[1]
		case f[0] == "fallback":
			for _, token := range f[1:] {
				fallback = append(fallback, spellings(token)...)
			}
		default:
			r := &rule{text: strings.Join(f, " "), left: f[0], right: f[2:]}
			rules[r.left] = append(rules[r.left], r)
		}
	}
	return version, rules, fallback
}

// everyAlternative lists the rules, and of one with tokens to choose from each choice.
func everyAlternative() map[string]bool {
	all := map[string]bool{}
	for _, of := range rules {
		for _, r := range of {
			all[r.text] = true
			for _, symbol := range r.right {
				for choice := range strings.SplitSeq(symbol, "|") {
					if choice != symbol {
						all[r.text+": "+choice] = true
					}
				}
			}
		}
	}
	return all
}

// spelled are the tokens that are not their own name.
var spelled = map[string]string{
	"LP": "(", "RP": ")", "COMMA": ",", "DOT": ".", "PLUS": "+", "MINUS": "-", "STAR": "*", "SLASH": "/", "REM": "%", "EQ": "= ==",
	"NE": "<> !=", "LT": "<", "GT": ">", "LE": "<=", "GE": ">=", "BITAND": "&", "BITOR": "|", "BITNOT": "~", "LSHIFT": "<<",
	"RSHIFT": ">>", "CONCAT": "||", "PTR": "-> ->>", "AUTOINCR": "autoincrement", "LIKE_KW": "like glob regexp",
	"COLUMNKW": "column", "TEMP": "temp temporary", "CTIME_KW": "current_date current_time current_timestamp",
	"JOIN_KW": "left cross natural inner outer full right", "FLOAT": "1.5 .5 5. 1e3 2E-2 9223372036854775808.0",
	"INTEGER": "0 1 2 07 0x1F 9223372036854775807 9223372036854775808", "QNUMBER": "1_000 1_0.5 0x1_F", "BLOB": "x'0aFF' X''",
	"select":           "values(1,'x'); select 1 as a, 2 as \"b c\"; select * from p; with q as (select 1, 2) select * from q",
	"trigger_cmd_list": "select 1;; update p set k = 'x)' where id = 1;; delete from p where k = 'end'; select 'on';",
}

// spellings are the ways to write a token.
func spellings(token string) []string {
	s, ok := spelled[token]
	switch {
	case !ok:
		return []string{sqltext.Fold(token)}
	case token == "trigger_cmd_list":
		return strings.Split(strings.ReplaceAll(s, ";;", ";\x00"), "\x00")
	case token == "select":
		return strings.Split(s, "; ")
	}
	return strings.Fields(s)
}

// never are the alternatives that SQLite reads and takes for no schema, with its reason.
var never = map[string]string{
	"temp ::= TEMP":                         "D1 has no temporary tables",
	"cmd ::= create_vtab":                   "no module of D1 does without arguments",
	"collate ::= COLLATE ID|STRING":         "syntax error after column name",
	"collate ::= COLLATE ID|STRING: ID":     "syntax error after column name",
	"collate ::= COLLATE ID|STRING: STRING": "syntax error after column name",
}

func isRule(r *rule, texts ...string) bool { return slices.Contains(texts, r.text) }
