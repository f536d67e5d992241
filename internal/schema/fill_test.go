package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/schema"
)

// fillsOf are the fills by table and column.
func fillsOf(s *schema.Schema) map[string]string {
	out := map[string]string{}
	for _, t := range s.Tables {
		for _, c := range t.Columns {
			if c.Fill != "" {
				out[t.Name+"."+c.Name] = c.Fill
			}
		}
	}
	return out
}

func filled(def string) string {
	return fmt.Sprintf(`{"name":"x","version":1,"tables":{"t":{"id":"integer primary key","email":"text","c":%q}}}`, def)
}

// TestFillIsNoPartOfTheSchema: it comes back from the file, and neither the hash nor
// the SQL knows of it.
func TestFillIsNoPartOfTheSchema(t *testing.T) {
	plain, with := mustParse(t, filled("text was old")), mustParse(t, filled("text fill (lower(email) || ')') was old"))
	if got := fillsOf(with)["t.c"]; got != "lower(email) || ')'" {
		t.Fatalf("the fill is %q", got)
	}
	if plain.Hash() != with.Hash() || len(schema.Diff(plain, with)) > 0 {
		t.Error("a fill makes it another schema")
	}
	if a, b := strings.Join(plain.DDL(), ";"), strings.Join(with.DDL(), ";"); a != b {
		t.Errorf("a fill changes the SQL:\n%s\n%s", a, b)
	}
	src, err := with.Source("x", 2)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(src, `"c": "text was old fill (lower(email) || ')')"`) || fillsOf(mustParse(t, src))["t.c"] != fillsOf(with)["t.c"] {
		t.Errorf("written as\n%s", src)
	}
	commented := mustParse(t, filled("text fill (email -- as it is)"))
	c, _ := commented.Tables[0].Column("c")
	if c.FillSQL() != "(email -- as it is\n)" {
		t.Errorf("a comment swallows the end: %q", c.FillSQL())
	}
}

// TestWhichTriggersFireOnUpdate reads triggers as they may be written.
func TestWhichTriggersFireOnUpdate(t *testing.T) {
	for sql, want := range map[string]bool{
		"create trigger g after update on t begin select 1; end":                            true,
		"CREATE TRIGGER IF NOT EXISTS main.g UPDATE OF a, [C] ON t BEGIN SELECT 1; END":     true,
		"create trigger g before update of a, b on t begin update t set c = 1; end":         false,
		"create trigger \"update\" after insert on t begin update t set c = 1; end":         false,
		"create trigger begin /* update */ after delete on t begin update t set c = 1; end": false,
		"create temp trigger g instead of update of \"c\" on v begin select 1; end":         true,
		"create table update_of(c)": false,
	} {
		if got := schema.FiresOnUpdate(sql, "c"); got != want {
			t.Errorf("%v: %s", got, sql)
		}
	}
}

// TestFillIsRefusedWhereItMakesNoSense tells why, at the column.
func TestFillIsRefusedWhereItMakesNoSense(t *testing.T) {
	for src, want := range map[string]string{
		filled("text not null fill (email)"): "t.c: fill gives a value to rows whose column is NULL, " +
			"and a column that is not null has a value in every row as soon as it is there. Leave not null out, and let it come in a later version",
		filled("text fill (email) not null default 'x'"): "a column that is not null has a value in every row",
		filled("text fill (email) default (lower('A'))"): "and a column with a default has it in every row as soon as it is " +
			"there. Take one of the two",
		filled("text fill (email) as (lower(email))"): "and a generated column is computed from its own expression",
		filled("text primary key fill (email)"):       "and a part of the primary key has a value from the beginning",
		filled("text fill email"):                     "after fill comes an (SQL expression)",
		filled("text fill"):                           "after fill comes an (SQL expression)",
		filled("text fill (1) fill (2)"):              "a column is filled from one expression",
		filled("text fill (1; delete from t)"):        "is no SQL expression",
		filled("text fill (1),id=(2)"):                `"1),id=(2" is no SQL expression`,
		filled("text fill (email = ?1)"):              "has a parameter, and nobody is there to give it a value",
		filled("text fill (')"):                       "this quote is never closed",
		strings.Replace(filled("text fill (email)"), `}}}`, `,"@primary key":"email, c"}}}`,
			1): "c has fill, and a part of the primary key has a value from the beginning",
	} {
		if _, err := schema.Parse([]byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v\nwant %s", src, err, want)
		}
	}
}
