package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/schema"
)

// TestOneMistakeIsOneMessageWithTheWordToWrite: files written for SQL, or for older
// readers, get a message for each clause, and what it would be here.
func TestOneMistakeIsOneMessageWithTheWordToWrite(t *testing.T) {
	t.Parallel()
	for column, want := range map[string]string{
		`"text not null references p(id) on delete cascade"`: `write "-> p.id cascade" for "references p(id) on delete cascade"`,
		`"text references p (id) on delete set null on update cascade deferrable initially deferred unique"`: `write "-> p.id set null ` +
			`on update cascade deferred" for "references p (id) on delete set null on update cascade deferrable initially deferred"`,
		`"text references p"`:                  `write "-> p.column" for "references p"`,
		`"text references nowhere(id)"`:        `write "-> nowhere.id" for "references nowhere(id)"`,
		`"text -> p(id) on delete cascade"`:    `"p(id)" is no table.column; write p.id`,
		`"text -> nowhere.id cascade"`:         `there is no table "nowhere" to refer to; add it to "tables", or leave the reference out`,
		`"text -> Ps.id"`:                      `there is no table "Ps" to refer to; there is one called p`,
		`"text on delete cascade not null"`:    `unknown words "on delete cascade"; after the type come `,
		`"text null"`:                          `leave "null" out: a column may be NULL where it doesn't say not null`,
		`"integer primary key auto_increment"`: `write autoincrement for "auto_increment"`,
		`"not null"`:                           `the type comes first, for instance "text not null"`,
		`"varchar(20) not null"`:               `"varchar(20)" is no type; write text, or sql(VARCHAR(20)) for a column of just that type`,
		`"double precision null"`: `"double precision" is no type; write real, or sql(DOUBLE PRECISION) for ` +
			`a column of just that type`,
		`""`:                   `the column has no type; write one, for instance "text"`,
		`"text default 'open"`: `this quote is never closed`,
	} {
		_, err := schema.Parse([]byte(`{"name":"x","version":1,"tables":{"p":{"id":"text primary key"},"t":{"@check":["c is not 1"],"c":` +
			column + `}},"indexes":{"t":{"i":{"columns":["c"]}}}}`))
		problems, _ := err.(schema.Problems)
		if column == `"double precision null"` && len(problems) == 2 { // and the null
			problems = problems[:1]
		}
		if len(problems) != 1 || !strings.HasPrefix(problems[0].Msg, want) {
			t.Errorf("%s: %v, want %s", column, err, want)
		}
	}
	_, err := schema.Parse([]byte(`{"name":"x","version":1.1,"tables":{"t":{"c":"text"}}}`))
	want := `line 1, column 23: "version" must be a whole number from 1: write "version": 1 in the first one, and one more in each after it`
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}
