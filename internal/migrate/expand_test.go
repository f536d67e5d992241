package migrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// TestExpandNeedsNoRebuild takes targets that would make a large table anew: the
// schema in between doesn't, it applies, and its notes are the ones to write.
func TestExpandNeedsNoRebuild(t *testing.T) {
	for name, c := range map[string]struct {
		// users are its columns and options besides id and email.
		users string
		// lines and words are what the notes have to hold; the file holds lines too.
		lines, words []string
	}{
		"an expression default": {`"id":"integer primary key","email":"text","name":"text default (lower('A'))"`,
			[]string{`"name": "text fill (lower('A'))"`},
			[]string{"The default can't come on D1 without a rebuild: let the code write (lower('A')) in every new row."}},
		"not null and an expression": {`"id":"integer primary key","email":"text","at":"text not null default now"`,
			[]string{`"at": "text fill (CURRENT_TIMESTAMP)"`}, []string{"NOT NULL and the default can't come on D1 without a rebuild"}},
		"not null without a default": {`"id":"integer primary key","email":"text","name":"text not null"`,
			[]string{`"name": "text"`}, []string{"Say what the rows that are there get: fill (an SQL expression of the row)",
				"NOT NULL can't come on D1"}},
		"unique": {`"id":"integer primary key","email":"text","code":"text not null unique default (hex(randomblob(8)))"`,
			[]string{`"code": "text fill (hex(randomblob(8)))"`, `"idx_users_code_2": { "columns": ["code"], "unique": true }`},
			[]string{"The unique index idx_users_code_2 stands in for UNIQUE (code)"}},
		"a unique constant": {`"id":"integer primary key","email":"text","code":"text unique default 'x'"`,
			[]string{`"code": "text"`}, []string{"It begins as NULL."}},
		"a check, an enum and a reference": {`"id":"integer primary key","email":"text","kind":"enum(a,b) not null default ` +
			`(iif(1, 'a', 'b')) check (length(kind) < 3)","team":"integer not null default 1 -> teams.id set default"`,
			[]string{`"kind": "text check (length(kind) < 3) check (\"kind\" IN ('a', 'b')) fill (iif(1, 'a', 'b'))"`,
				`"team": "integer -> teams.id set default fill (1)"`},
			[]string{"Its CHECK (length(kind) < 3) comes now, as NULL passes it.", "Its reference to teams comes now.",
				"NOT NULL and the default can't come on D1"}},
		"a check that NULL breaks": {`"id":"integer primary key","email":"text","kind":"text default (lower('A')) check (kind is not null)"`,
			[]string{`"kind": "text fill (lower('A'))"`},
			[]string{"Add the CHECK (kind is not null) to users: not in this version, as only a rebuild can do it."}},
		"a stored column": {`"id":"integer primary key","email":"text","low":"text as (lower(email)) stored"`,
			[]string{`"low": "text as (lower(email))"`}, []string{"It comes as virtual"}},
		"what there is changes": {`"id":"integer primary key","email":"text not null collate nocase ` +
			`unique","age":"text","@check":["length(email) > age"],"note":"text default (lower('A')) -> teams.name"`,
			[]string{`"note": "text -> teams.name fill (lower('A'))"`, `"email": "text check (email <> '')"`, `"gone": "text"`,
				`"idx_users_email": {`},
			[]string{"Make users.email NOT NULL: not in this version", "Change the type of users.age",
				"Add the CHECK (length ( email ) > age) to users: not", "The column stays.", "stands in for UNIQUE (email)"}},
		"a rename, a rename": {`"@was":"members","id":"integer primary key","mail":"text was email","name":"text default (lower('A'))"`,
			[]string{`"mail": "text check (\"mail\" <> '') was email"`, `"@was": "members"`}, []string{"let the code write (lower('A'))"}},
		"a key of its own": {`"id":"integer","name":"text not null primary key"`,
			[]string{`"id": "integer primary key"`, `"name": "text"`},
			[]string{"Change the primary key of users from (id) to (name)", "It is no part of the primary key until a rebuild."}},
	} {
		t.Run(name, func(t *testing.T) {
			table := "users"
			if strings.Contains(c.users, "@was") {
				table = "members"
				c.users = strings.Replace(c.users, `"@was":"members",`, "", 1) + `,"age":"integer","gone":"text","@was":"members"`
			}
			db := database(t, "create table teams(id integer primary key, name text unique)", "insert into teams values (1, 'a')",
				"create table "+table+"(id integer primary key, email text constraint named check (email <> ''), age integer, gone text)",
				"create index idx_users_code on "+table+"(age)",
				"insert into "+table+" values (1, 'Ada', 7, 'x'), (2, 'Bob', 8, null)")
			target := parse(t, `{"name":"x","version":2,"tables":{"teams":{"id":"integer primary key","name":"text unique"},`+
				`"users":{`+c.users+`}},"indexes":{"teams":{"idx_users_code":{"columns":["name"]}}}}`)
			live, err := migrate.Inspect(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			sized := func(p *migrate.Plan) bool {
				return slices.ContainsFunc(p.Checks, func(c migrate.LiveCheck) bool { return c.Severity == migrate.Size && c.Object == "users" })
			}
			if p, err := migrate.New(live, target, nil); err != nil || !sized(p) {
				t.Fatalf("%v: the target itself makes nothing anew", err)
			}
			before := target.Hash()
			between, notes, err := migrate.Expand(live, target, nil, []string{"users"})
			if err != nil {
				t.Fatal(err)
			}
			if target.Hash() != before {
				t.Error("the target was changed")
			}
			src, err := between.Source("x", 3)
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			for _, n := range notes {
				said.WriteString(n.Object + " " + n.Line + " " + n.Words + "\n")
			}
			for _, line := range c.lines {
				if !strings.Contains(src, line) {
					t.Errorf("no %s in\n%s", line, src)
				}
			}
			for _, words := range c.words {
				if !strings.Contains(said.String(), words) {
					t.Errorf("no %q in\n%s", words, said.String())
				}
			}
			p, err := migrate.New(live, parse(t, src), nil)
			if err != nil {
				t.Fatal(err)
			}
			if sized(p) || p.Ready() != nil {
				t.Errorf("it still makes the table anew: %v\n%s", p.Ready(), printed(p))
			}
			f := filling{db, p}
			if _, err := migrate.Apply(t.Context(), db, p, migrate.Attempt{ID: "p1", Actor: "test", At: now}); err != nil {
				t.Fatal(err)
			}
			f.finish(t, nil)
			for _, fill := range p.Fills {
				if left, err := fill.Left(t.Context(), db); err != nil || left != 0 {
					t.Errorf("%v: %d rows without %s", err, left, fill.Object())
				}
			}
			after, err := migrate.Inspect(t.Context(), db)
			if err != nil || len(schema.Diff(after.Schema, between)) > 0 {
				t.Errorf("%v: not at the schema in between", err)
			}
			if got := one(t, db, "select count(*) || ' ' || sum(id) from users"); got != "2 3" {
				t.Errorf("rows: %s", got)
			}
		})
	}
}

// TestExpandOfWhatItCant leaves a verbatim table as it is, and refuses what isn't
// there.
func TestExpandOfWhatItCant(t *testing.T) {
	db := database(t, "create table t(a text unique on conflict ignore)")
	live, err := migrate.Inspect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	target := parse(t, `{"name":"x","version":2,"tables":{"t":{"a":"text unique","b":"text default (lower('A'))"}}}`)
	between, notes, err := migrate.Expand(live, target, nil, []string{"t"})
	if err != nil || len(notes) != 1 || between.Hash() != live.Schema.Hash() {
		t.Errorf("%v %+v", err, notes)
	}
	if _, _, err := migrate.Expand(live, target, nil, []string{"u"}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// TestTooLarge names tables by their answers.
func TestTooLarge(t *testing.T) {
	size := func(table string, n int64) migrate.Answer {
		return migrate.Answer{LiveCheck: migrate.LiveCheck{Severity: migrate.Size, Object: table, PerRow: 3}, N: n}
	}
	got := migrate.TooLarge([]migrate.Answer{size("a", 10), size("b", 2_000_000), size("c", 1_033_334), size("e", 1_033_333),
		{LiveCheck: migrate.LiveCheck{Severity: migrate.Block, Object: "d"}, N: 5_000_000}})
	if !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("%v", got)
	}
}
