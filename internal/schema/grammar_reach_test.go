package schema_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// drawn is a random database: the texts that SQLite took, in their order.
type drawn struct {
	table             string
	selected          bool // the table is made of a SELECT
	create            []string
	accepted, refused int
	objects           int // how many there are
	// taken are the alternatives and the words as names of the texts that were taken,
	// written those of all.
	taken, written map[string]bool
}

// GoString is what a failure prints.
func (d drawn) GoString() string { return strings.Join(d.create[min(2, len(d.create)):], ";\n") }

// beside are what the random texts refer to.
var beside = []string{"create table p(id integer primary key, k text unique, pair, unique (id, k))", "create view v as select * from p"}

// drawDatabase draws a table, and indexes, views, triggers and virtual tables beside it.
func drawDatabase(t *rapid.T) drawn {
	g := newGrammar(t)
	g.table, g.strict = "t", g.maybe(12)
	if g.maybe(25) {
		g.table = g.anyName(20)
	}
	g.columns()
	made, err := makeAll(beside)
	if err != nil {
		t.Fatal(err)
	}
	defer made.close()
	d := drawn{table: g.table, create: beside, objects: len(beside), taken: map[string]bool{}, written: map[string]bool{}}
	if !d.try(made, g, "cmd ::= create_table create_table_args") {
		return d
	}
	for _, kind := range []struct {
		percent int
		rule    string
	}{
		{60, "cmd ::= createkw uniqueflag INDEX ifnotexists nm dbnm ON nm LP sortlist RP where_opt"},
		{50, "cmd ::= createkw uniqueflag INDEX ifnotexists nm dbnm ON nm LP sortlist RP where_opt"},
		{20, "cmd ::= createkw temp VIEW ifnotexists nm dbnm eidlist_opt AS select"},
		{40, "cmd ::= createkw trigger_decl BEGIN trigger_cmd_list END"},
		{8, "cmd ::= create_vtab LP vtabarglist RP"}, {1, "cmd ::= create_vtab"},
	} {
		if g.maybe(kind.percent) {
			d.try(made, g, kind.rule)
		}
	}
	return d
}

// try writes a text and keeps it where SQLite takes it. One that it refuses leaves nothing.
func (d *drawn) try(made *made, g *grammar, rule string) bool {
	g.used, g.bare, g.target = map[string]bool{}, map[string]bool{}, g.table
	g.free = []string{fmt.Sprint("free", len(d.create)), g.anyName(10)}
	sql := g.statement(rule)
	maps.Copy(d.written, g.used)
	if err := made.c.Exec(sql); err != nil {
		d.refused++
		return false
	}
	objects := len(made.objects(g.t))
	if objects == d.objects {
		return false // IF NOT EXISTS, and it does
	}
	d.accepted, d.objects = d.accepted+1, objects
	d.create = append(slices.Clone(d.create), sql)
	if g.used["create_table_args ::= AS select"] {
		d.selected, d.create = true, append(d.create, "delete from "+sqltext.Quote(d.table))
	}
	maps.Copy(d.taken, g.used)
	for word := range g.bare {
		d.taken[word] = true
	}
	return true
}

// TestEveryAlternativeOfTheGrammarIsReached counts, over the same texts every time, which
// alternatives stand in a text that SQLite takes, and which words that mean something
// elsewhere stand for names.
func TestEveryAlternativeOfTheGrammarIsReached(t *testing.T) {
	t.Parallel()
	if v := fmt.Sprintf("%d", sqlite.Version); v != fmt.Sprintf("3%03d%03d", minor(grammarVersion, 1), minor(grammarVersion, 2)) {
		t.Errorf("the grammar is of %s and the engine is %s", grammarVersion, v)
	}
	taken, written := map[string]bool{}, map[string]bool{}
	databases := rapid.Custom(drawDatabase)
	for seed := range 2000 {
		d := databases.Example(seed)
		maps.Copy(taken, d.taken)
		maps.Copy(written, d.written)
	}
	for _, alternative := range slices.Sorted(maps.Keys(alternatives)) {
		reason, isNever := never[alternative]
		switch {
		case !written[alternative]:
			t.Errorf("never written: %s", alternative)
		case !taken[alternative] && !isNever:
			t.Errorf("never in a text that SQLite takes: %s", alternative)
		case taken[alternative] && isNever:
			t.Errorf("SQLite takes %s, though %s", alternative, reason)
		}
	}
	for _, word := range fallbacks {
		if !taken[word] {
			t.Errorf("the word %s never stands for a name", word)
		}
	}
	t.Logf("%d alternatives, %d words as names", len(alternatives), len(fallbacks))
}

func minor(version string, part int) (n int) {
	_, _ = fmt.Sscan(strings.Split(version, ".")[part], &n)
	return n
}
