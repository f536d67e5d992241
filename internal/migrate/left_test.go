package migrate_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// altered is an embedded database of these statements, in whose file other texts stand
// by pairs: see d1test.Alter.
func altered(t *testing.T, statements []string, pairs ...string) d1.Conn {
	t.Helper()
	dir := t.TempDir()
	make := func() (d1.Conn, *local.Engine, string) {
		e, err := local.Open(dir, local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		info, err := e.Find(t.Context(), "shop")
		if err != nil {
			if info, err = e.Create(t.Context(), d1.CreateInput{Name: "shop"}); err != nil {
				t.Fatal(err)
			}
		}
		c, err := e.Open(t.Context(), info.ID)
		if err != nil {
			t.Fatal(err)
		}
		return c, e, info.ID
	}
	c, e, id := make()
	for _, sql := range statements {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	_ = c.Close()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	d1test.Alter(t, filepath.Join(dir, "shop."+id+".db"), pairs...)
	c, e, _ = make()
	t.Cleanup(func() { _ = c.Close(); _ = e.Close() })
	return c
}

// foreign has a part of each kind that the engine can't make, beside what it can.
var foreign = []string{
	"create table t (id integer primary key, a text, b text)", "insert into t values (1, 'x', 'y'), (2, 'z', null)",
	"create table other (id integer primary key, t integer references t)", "insert into other values (1, 1)",
	"create view names as select a from t",
	"create virtual table mail using fts5(body)", "create view letters as select body from mail",
	"create virtual table words using fts5(w, tokenize='unicode61')",
	"create table cc (x text collate nocase, n integer)", "create index cc_x on cc (x)", "create index cc_n on cc (n)",
	"create trigger cc_t after insert on cc begin select 1; end",
	"create index t_b on t (b collate nocase)",
}

var foreignPairs = []string{"mail using fts5", "mail using fts4", "'unicode61'", "'unicode6x'", "collate nocase", "collate german"}

func names(left []live.Left) (out []string) {
	for _, l := range left {
		out = append(out, l.Type+" "+l.Name)
	}
	slices.Sort(out)
	return out
}

func plannedOf(t *testing.T, c d1.Conn, target, previous *schema.Schema) *migrate.Plan {
	t.Helper()
	db, err := migrate.Inspect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := migrate.New(db, target, previous)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWhatTheEngineLacksCostsItselfAlone plans and applies around what can't be made, and
// refuses by name what would touch it.
func TestWhatTheEngineLacksCostsItselfAlone(t *testing.T) {
	t.Parallel()
	const tee = `"t":{"id":"integer primary key","a":"text","b":"text"`
	const other = tee + `},"other":{"id":"integer primary key","t":"integer -> t.id"`
	for name, c := range map[string]struct{ file, refused string }{
		"nothing":           {other + "}", ""},
		"a column":          {other + `,"more":"text"}`, ""},
		"a table made anew": {other + `,"more":"text not null default (random())"}`, ""},
		"a column goes":     {tee + `},"other":{"id":"integer primary key"}`, ""},
		"a new table":       {other + `},"new":{"id":"integer primary key","o":"integer -> other.id"}`, ""},
		"a column of t":     {tee + `,"c":"text"}`, ""},
		"what it is on": {`"t":{"id":"integer primary key","a":"text not null default ''","b":"text"}`,
			"the index t_b (it uses the collation german"},
		"a rename": {tee + `},"other":{"id":"integer primary key","tee":"integer -> t.id was t"}`, "the collation german"},
		"what is left": {`"cc":{"x":"text","n":"integer","more":"text"}`,
			"The table cc is left alone: it uses the collation german, which neither"},
		"its name is taken": {other + `},"mail":{"id":"integer primary key"}`,
			"The table mail is left alone: it is of the module fts4, which neither"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := altered(t, foreign, foreignPairs...)
			target := parse(t, `{"name":"s","version":1,"tables":{`+c.file+"}}")
			p := plannedOf(t, conn, target, nil)
			want := []string{"index cc_n", "index cc_x", "index t_b", "table cc", "table mail", "table words", "trigger cc_t"}
			if got := names(p.Left); !slices.Equal(got, want) {
				t.Errorf("left alone: %q", got)
			}
			if c.refused != "" {
				if len(p.Refusals) == 0 || !strings.Contains(p.Refusals[0].Reason, c.refused) {
					t.Errorf("refused: %+v", p.Refusals)
				}
				return
			}
			if err := p.Ready(); err != nil {
				t.Fatal(p.Refusals)
			}
			if _, err := migrate.Apply(t.Context(), conn, p, attempt("one")); err != nil {
				t.Fatal(err)
			}
			if again := plannedOf(t, conn, target, nil); !again.Empty() {
				t.Errorf("there is more to do: %+v", again.Steps)
			}
		})
	}
}

func TestADraftGoesRoundWhatIsLeftAlone(t *testing.T) {
	t.Parallel()
	conn := altered(t, foreign, foreignPairs...)
	db, err := migrate.Inspect(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	after, err := migrate.After(t.Context(), db, "alter table other add column z; create index other_z on other (z)")
	if err != nil {
		t.Fatal(err)
	}
	left, err := migrate.Leave(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	sound := migrate.Less(after, left)
	var got []string
	for _, tab := range sound.Tables {
		for _, ix := range tab.Indexes {
			got = append(got, ix.Name)
		}
		got = append(got, tab.Name)
	}
	for _, o := range sound.Objects {
		got = append(got, o.Name)
	}
	slices.Sort(got)
	for _, name := range []string{"cc", "cc_x", "t_b", "mail", "words", "cc_t"} {
		if slices.Contains(got, name) {
			t.Errorf("%s can't be made, and is in the schema", name)
		}
	}
	for _, name := range []string{"other", "other_z", "t", "names", "letters"} {
		if !slices.Contains(got, name) {
			t.Errorf("%s isn't in the schema", name)
		}
	}
}

// unread is a reading of a database in which the texts of some tables couldn't be read,
// whatever the parser can read today.
func unread(t *testing.T, c d1.Conn, tables ...string) *live.Database {
	t.Helper()
	db, err := migrate.Inspect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	out := *db
	for _, name := range tables {
		out.Left = append(out.Left, live.Left{Type: "table", Name: name, Table: name, Reason: "its text can't be read: of another grammar"})
	}
	out.Schema = migrate.Less(db.Schema, out.Left)
	return &out
}

func TestATableThatCantBeReadCostsItselfAlone(t *testing.T) {
	t.Parallel()
	ddl := []string{"create table p (id integer primary key, v text)", "create table q (id integer primary key, v text, w text)",
		"create table odd (id integer primary key, p references p)", "create index odd_p on odd(p)", "create view w as select p from odd",
		"create table free (id integer primary key, v text)", "insert into p values (1, 'a')", "insert into odd values (1, 1)"}
	all := parse(t, `{"name":"s","version":1,"tables":{`+
		`"p":{"id":"integer primary key","v":"text"},"free":{"id":"integer primary key","v":"text"}}}`)
	const p, free = `"p":{"id":"integer primary key","v":"text"},`, `"free":{"id":"integer primary key","v":"text"},`
	const why = "its text can't be read: of another grammar"
	for name, c := range map[string]struct{ file, refused string }{
		"nothing":       {p + free + `"q":{"id":"integer primary key","v":"text","w":"text"}`, ""},
		"another":       {p + free + `"q":{"id":"integer primary key","v":"text not null default ''","x":"text was w"}`, ""},
		"another goes":  {`"p":{"id":"integer primary key","v":"text"}`, ""},
		"a column":      {`"p":{"id":"integer primary key","v":"text","more":"text"},"free":{"id":"integer primary key","v":"text"}`, ""},
		"itself":        {`"odd":{"id":"integer primary key","p":"integer"}`, "The table odd is left alone: " + why},
		"its parent":    {`"p":{"id":"integer primary key","v":"text not null default ''"}`, "the table odd (" + why + ") is left alone"},
		"a drop of it":  {`"free":{"id":"integer primary key","v":"text"}`, "the table odd (" + why + "). Dropping it could"},
		"its reference": {`"odd":{"id":"integer primary key"},"q":{"id":"integer primary key","v":"text","w":"text"}`, why},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := database(t, ddl...)
			p, err := migrate.New(unread(t, conn, "odd"), parse(t, `{"name":"s","version":2,"tables":{`+c.file+"}}"), all)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(p.Left); !slices.Equal(got, []string{"table odd"}) || slices.Contains(p.Unmanaged, "odd") {
				t.Errorf("left alone: %q, unmanaged: %q", got, p.Unmanaged)
			}
			if c.refused != "" {
				if len(p.Refusals) == 0 || !strings.Contains(p.Refusals[0].Reason, c.refused) {
					t.Errorf("refused: %+v", p.Refusals)
				}
				return
			}
			if err := p.Ready(); err != nil {
				t.Fatal(p.Refusals)
			}
			if _, err := migrate.Apply(t.Context(), conn, p, attempt("one")); err != nil {
				t.Fatal(err)
			}
			if got := one(t, conn, "select p from odd"); got != "1" {
				t.Errorf("odd has %q", got)
			}
		})
	}
}

// geography is a table as GeoPackage keeps it: triggers call functions that only a
// program that knows the format has.
var geography = []string{
	"create table feats (id integer primary key, name text, geom blob)", "create table plain (id integer primary key, a text, b text)",
	"create virtual table rtree_feats_geom using rtree(id, minx, maxx)", "insert into feats values (1, 'x', x'00')",
	"create trigger rtree_feats_geom_insert after insert on feats when new.geom not null and not ST_IsEmpty(new.geom) " +
		"begin insert or replace into rtree_feats_geom values (new.id, ST_MinX(new.geom), ST_MaxX(new.geom)); end",
	"create view extent as select ST_MinX(geom) as x from feats",
}

func TestTriggersOfFunctionsThatAreNotHereCostNothingElse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file  string
		tells bool
	}{
		"a column":          {`"plain":{"id":"integer primary key","a":"text","b":"text","c":"text"}`, false},
		"a rename":          {`"plain":{"id":"integer primary key","c":"text was a","b":"text"}`, false},
		"a column goes":     {`"plain":{"id":"integer primary key","a":"text"}`, false},
		"a table made anew": {`"plain":{"id":"integer primary key","a":"text not null default ''","b":"text"}`, false},
		"a column of it":    {`"feats":{"id":"integer primary key","name":"text","geom":"blob","c":"text"}`, true},
		"it made anew":      {`"feats":{"id":"integer primary key","name":"text not null default ''","geom":"blob"}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := database(t, geography...)
			p := plannedOf(t, conn, parse(t, `{"name":"s","version":1,"tables":{`+c.file+"}}"), nil)
			if err := p.Ready(); err != nil || len(p.Left) > 0 {
				t.Fatalf("%+v, %+v", p.Refusals, p.Left)
			}
			told := slices.ContainsFunc(p.Findings, func(f migrate.Finding) bool {
				return f.Object == "rtree_feats_geom_insert" && strings.Contains(f.What, "no such function: ST_")
			})
			if told != c.tells {
				t.Errorf("found: %+v", p.Findings)
			}
			const objects = "select group_concat(sql, ';') from (select sql from sqlite_master where type in ('trigger', 'view') order by name)"
			before := one(t, conn, objects)
			if _, err := migrate.Apply(t.Context(), conn, p, attempt("one")); err != nil {
				t.Fatal(err)
			}
			if now := one(t, conn, objects); now != before {
				t.Errorf("they are\n%s\nand were\n%s", now, before)
			}
		})
	}
}

// TestAColumnThatSuchATriggerNamesDoesNotGo refuses the plan: that the trigger can't be
// compiled before either doesn't make it any better to take away what it names.
func TestAColumnThatSuchATriggerNamesDoesNotGo(t *testing.T) {
	t.Parallel()
	conn := database(t, geography...)
	p := plannedOf(t, conn, parse(t, `{"name":"s","version":1,"tables":{"feats":{"id":"integer primary key","name":"text"}}}`), nil)
	if !slices.ContainsFunc(p.Refusals, func(r migrate.Refusal) bool { return r.Object == "rtree_feats_geom_insert" }) {
		t.Errorf("%+v, found %+v", p.Refusals, p.Findings)
	}
}

func TestAnRTreeIsDroppedByAPlan(t *testing.T) {
	t.Parallel()
	const tree = "create virtual table places using rtree(id, x0, x1)"
	conn := database(t, tree, "create table t (id integer primary key)", "insert into places values (1, 0, 1)")
	db, err := migrate.Inspect(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	p := plannedOf(t, conn, parse(t, `{"name":"s","version":2,"tables":{"t":{"id":"integer primary key"}}}`), db.Schema)
	if len(p.Losses) != 1 || len(p.Left) > 0 || p.Ready() != nil {
		t.Fatalf("%+v", p)
	}
	if _, err := migrate.Apply(t.Context(), conn, p, attempt("one")); err != nil {
		t.Fatal(err)
	}
	if got := one(t, conn, "select count(*) from sqlite_master where name like 'places%'"); got != "0" {
		t.Errorf("%s of it are left", got)
	}
}
