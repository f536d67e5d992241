package check_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// homes are the kinds of knowledge about SQL that each have one home, with how a second
// one would look, and the only files in which a line may look so: the home first, then
// who asks something else in such words. Decision 0027 has the table that people read.
var homes = []struct {
	kind, looks string
	in          []string
}{
	{"tokens", `HasPrefix\(\w+, "(--|/\*)"\)|case c == '\[':`, []string{
		"internal/sqltext/token.go",
		"internal/sqlite/load.go",   // a stream that is cut at semicolons, and SQLite says where
		"internal/d1/rest/exact.go", // JSON
	}},
	{"split", `(?i)func split\w*\(sql string\)|Is\("explain"\), t\.Is\("temp"\)`, []string{
		"internal/sqltext/split.go",
		"internal/schema/sqlparse_index.go", // an index's terms at commas
	}},
	{"quote", "ReplaceAll\\([^,]+, (`\"`|\"'\"), ", []string{"internal/sqltext/name.go"}},
	{"fold", `'a' ?- ?'A'`, []string{"internal/sqltext/fold.go"}},
	{"parameters", `Kind [!=]= (sqltext\.)?Parameter|Atoi\(t\.Text`, []string{
		"internal/sqltext/param.go",
		"internal/schema/fill.go", // there may be none
	}},
	{"one SELECT", `Is\("(materialized|recursive)"\)`, []string{"internal/sqltext/select.go"}},
	{"reserved names", `HasPrefix\(\w+, "(sqlite_|_cf_|kuratchi_)"\)`, []string{
		"internal/sqltext/name.go",
		"internal/sqlite/policy.go", // D1's own table, which no statement sees
	}},
	{"reserved names in SQL", `sqlite..?_%|_cf.?_%|'_cf_'`, []string{
		"internal/d1/own.go",
		"cmd/dashboard/standing.go", // of a file that may be no database of ours
	}},
	{"rowid words", `"_rowid_"|"oid"`, []string{"internal/sqltext/name.go"}},
	{"catalog reading", `(?i)(from|join) sqlite_(master|schema)\b`, []string{
		"internal/live/catalog.go",
		"internal/copier/content.go",  // what a copy makes again, in the order of creation
		"internal/d1/own.go",          // whether there is anything
		"internal/console/console.go", // an example for people
		"internal/console/effects.go", // of the empty copy
		"internal/sqlite/copy.go",     // so that the file is opened
		"internal/sqlite/foreign.go",  // likewise, and whether there is anything in it
		"internal/sqlite/check.go",    // tables of a file that can't be compiled as a whole
		"cmd/dashboard/standing.go",   // of a file that may be no database of ours
	}},
	{"columns", `pragma_table_x?info\(`, []string{
		"internal/d1/table_info.go",
		"internal/migrate/ledger.go", // which version of its own ledger it is
		"internal/shadow/fires.go",   // of a view in the empty copy
	}},
	{"what tells rows apart", `Same\(\w+\.Type, "integer"\)|pragma_index_x?(list|info)`, []string{
		"internal/d1/table_info.go",
		"internal/schema/schema.go", // from the text instead of from the engine
		"internal/schema/key.go",    // in a schema file
		"internal/migrate/fill.go",  // the collations of the key's index in the empty copy
	}},
	{"empty copy", `Memory: +true`, []string{
		"internal/shadow/shadow.go",
		"internal/sqlite/foreign.go", // a file that is only read
		"internal/sqlite/load.go",    // a file that is read into memory
	}},
	{"conditions", `"(=|<>)": +" IS |"instr\(lower\(|func (Eq|Gt|Contains)\(`, []string{
		"internal/orm/where.go",
		"internal/orm/condition.go",
	}},
	{"keyset", `\) ?\+ ?cmp ?\+|isNull\[`, []string{"internal/orm/keyset.go"}},
	{"cut cells", `CAST\(substr\(`, []string{"internal/orm/selection.go", "internal/orm/where.go"}},
}

// asksItself says that what a file does isn't ours: it stands in for Cloudflare, or
// writes down these rules.
var asksItself = regexp.MustCompile(`^internal/(d1/d1test|check|e2e)/`)

func TestKnowledgeHasOneHome(t *testing.T) {
	t.Parallel()
	for _, h := range homes {
		looks, used := regexp.MustCompile(h.looks), map[string]bool{}
		for _, f := range goFiles(t) {
			if f.isTest || asksItself.MatchString(f.path) || !strings.HasPrefix(f.path, "internal/") && !strings.HasPrefix(f.path, "cmd/") {
				continue
			}
			for i, line := range strings.Split(read(t, f.path), "\n") {
				if strings.HasPrefix(strings.TrimSpace(line), "//") || !looks.MatchString(line) {
					continue
				}
				used[f.path] = true
				if !slices.Contains(h.in, f.path) {
					t.Errorf("%s:%d: %s has its home in %s\n\t%s", f.path, i+1, h.kind, h.in[0], strings.TrimSpace(line))
				}
			}
		}
		for _, p := range h.in {
			if !used[p] {
				t.Errorf("%s: %s is no home of %s any more: take it out", p, p, h.kind)
			}
		}
	}
}
