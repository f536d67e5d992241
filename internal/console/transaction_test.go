package console_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	leftOut = "BEGIN and COMMIT are left out: what a run writes is one transaction, all or nothing."
	keysOff = "PRAGMA foreign_keys=OFF is left out: within a transaction it has no effect, and foreign keys are enforced. " +
		"Where a row comes before the one it points at, begin with PRAGMA defer_foreign_keys = on."
)

var ended = strings.Replace(leftOut, "COMMIT", "END", 1)

// TestATransactionAroundARunIsLeftOut: what a dump has around its statements.
func TestATransactionAroundARunIsLeftOut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"begin; insert into log values ('x'); commit":                                                      {leftOut},
		"BEGIN TRANSACTION;\ninsert into log values ('x');\nEND TRANSACTION;":                              {ended},
		"begin immediate transaction; insert into log values ('x'); commit transaction;":                   {leftOut},
		"Begin exclusive; insert into log values ('x'); end":                                               {ended},
		"begin deferred transaction \"t\"; insert into log values ('x'); commit transaction t":             {leftOut},
		"-- a dump\n;;/* of today */ begin /* now */;; insert into log values ('x'); ; commit -- done\n;;": {leftOut},
		"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\ninsert into log values ('x');\nCOMMIT;\n":           {leftOut, keysOff},
		"\ufeffpragma foreign_keys(0); begin; insert into log values ('x'); commit": {leftOut, strings.Replace(keysOff,
			"PRAGMA foreign_keys=OFF", "pragma foreign_keys(0)", 1)},
		"begin; create trigger t after insert on p begin insert into log values ('y'); end; insert into log values ('x'); commit": {leftOut},
		"insert into log values ('x')": nil,
		"create trigger t after insert on p begin insert into log values ('y'); end; insert into log values ('x')": nil,
		"insert into log values ('begin'); delete from log; insert into log values ('x') -- commit":                nil,
	} {
		c := shop(t)
		s := console.Script{SQL: text}
		j, err := console.Judge(t.Context(), c, s, console.Limits{})
		if err != nil || !j.Writes {
			t.Fatalf("%s: %v %+v", text, err, j)
		}
		s.Confirm = j.Token
		if j, err = console.Judge(t.Context(), c, s, console.Limits{}); err != nil {
			t.Fatal(err)
		}
		rs, err := console.Write(t.Context(), c, s, console.Limits{}, j)
		if err != nil || rs[len(rs)-1].Err != nil {
			t.Errorf("%s: %v %+v", text, err, rs)
			continue
		}
		for _, r := range rs {
			if !strings.HasPrefix(text[r.Offset:], r.SQL) {
				t.Errorf("%s: %q isn't at %d", text, r.SQL, r.Offset)
			}
		}
		got, err := c.Query(t.Context(), d1.Query("select count(*) from log where what = 'x'"))
		if err != nil || got.Rows[0][0] != d1.Int(1) {
			t.Errorf("%s: %v %v", text, err, got)
		}
		if d := cmp.Diff(want, console.LeftOut(text)); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestAReadingRunMayBeInATransactionToo(t *testing.T) {
	t.Parallel()
	rs, err := console.Run(t.Context(), shop(t), "pragma foreign_keys=off; begin; select 1; select 2; commit", "", console.Limits{Rows: 10})
	if err != nil || len(rs) != 2 || rs[1].Err != nil || rs[1].Rows[0][0] != d1.Int(2) {
		t.Errorf("%+v %v", rs, err)
	}
	_, err = console.Run(t.Context(), shop(t), "begin; commit", "", console.Limits{Rows: 10})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "no statement between BEGIN and COMMIT") {
		t.Error(err)
	}
}

// TestAnyOtherWordOfATransactionIsRefusedBeforeAnythingRuns: in words of ours that name
// the statement.
func TestAnyOtherWordOfATransactionIsRefusedBeforeAnythingRuns(t *testing.T) {
	t.Parallel()
	const insert = "insert into log values ('x'); "
	for text, want := range map[string]string{
		insert + "commit":  "Statement 2 is COMMIT",
		"begin; " + insert: "Statement 1 is BEGIN",
		"begin; " + insert + "commit; " + insert + "commit":                 "Statement 3 is COMMIT",
		"begin; begin; " + insert + "commit":                                "Statement 2 is BEGIN",
		"pragma foreign_keys=off; begin; " + insert + "savepoint a; commit": "Statement 4 is SAVEPOINT",
		insert + "savepoint a; release a":                                   "Statement 2 is SAVEPOINT",
		"begin; " + insert + "rollback; -- due to errors":                   "Statement 1 is BEGIN",
		insert + "rollback to a":                                            "Statement 2 is ROLLBACK",
		insert + "release savepoint a":                                      "Statement 2 is RELEASE",
		insert + "end":                                                      "Statement 2 is END",
		insert + "\n.quit":                                                  "Statement 2 begins with .quit",
		".mode insert\n" + insert:                                           "Statement 1 begins with .mode",
		"begin; .\n; " + insert + "commit":                                  "Statement 2 begins with .,",
		"begin concurrent; " + insert + "commit":                            "Statement 1 is BEGIN",
	} {
		c := shop(t)
		before := count(t, c, "log")
		s := console.Script{SQL: text}
		j, err := console.Judge(t.Context(), c, s, console.Limits{})
		if err != nil || len(j.Dangers) > 0 {
			t.Errorf("%s: %v %+v", text, err, j)
		}
		wrote, err := console.Write(t.Context(), c, s, console.Limits{}, j)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		read, err := console.Run(t.Context(), c, text, "", console.Limits{Rows: 10})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		for _, rs := range [][]console.Result{wrote, read} {
			if len(rs) != 1 || !fault.Is(rs[0].Err, fault.Denied) {
				t.Errorf("%s: %+v", text, rs)
				continue
			}
			m := fault.Message(rs[0].Err)
			if !strings.HasPrefix(m, want) || !strings.Contains(m, "Nothing was run. ") || strings.Contains(m, "JavaScript") ||
				rs[0].ErrOffset != rs[0].Offset || !strings.HasPrefix(text[rs[0].Offset:], rs[0].SQL) {
				t.Errorf("%s: %q", text, m)
			}
		}
		if count(t, c, "log") != before {
			t.Errorf("%s wrote", text)
		}
	}
}

func count(t *testing.T, c d1.Conn, table string) int64 {
	t.Helper()
	r, err := c.Query(t.Context(), d1.Query("select count(*) from "+table))
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows[0][0].Int()
}

// TestATableThatCannotBeReadCostsOnlyItself: the console writes all the same, and tells
// of such a table what the database itself knows.
func TestATableThatCannotBeReadCostsOnlyItself(t *testing.T) {
	t.Parallel()
	c := shop(t)
	for _, sql := range []string{
		"create table odd (id integer primary key, p integer references p(id) on delete cascade, v generated)",
		"insert into odd (id, p) values (1, 1), (2, 1)",
	} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	for sql, want := range map[string][]string{
		"select 1":                          nil,
		"insert into log values ('more')":   nil,
		"insert into odd (id) values (3)":   nil,
		"update odd set v = 1 where id = 1": nil,
		"delete from odd":                   {"Delete every row of odd: 2 rows", "Delete 2 rows"},
		"drop table odd":                    {"Drop the table odd, with 2 rows", "Drop odd and 2 rows"},
		"alter table odd add column more":   {"Alter the table odd, which has 2 rows", "Alter odd"},
		"delete from p": {"Delete every row of p: 3 rows", "Delete 3 rows", points, "2 rows of odd point at it: ON DELETE CASCADE.",
			"By foreign keys and triggers 4 rows more change, among: odd, c."},
	} {
		if _, got := asked(t, c, sql, ""); !cmp.Equal(got, want) {
			t.Errorf("%s: %s", sql, cmp.Diff(want, got))
		}
	}
	for _, sql := range []string{"select count(*) from odd", "insert into log values ('x')", "drop table odd"} {
		s := console.Script{SQL: sql}
		j, err := console.Judge(t.Context(), c, s, console.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if rs, err := console.Write(t.Context(), c, s, console.Limits{}, j); err != nil || rs[0].Err != nil {
			t.Errorf("%s: %v %+v", sql, err, rs)
		}
	}
}
