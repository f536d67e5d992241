package browse_test

import (
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// TestADefaultIsWhatAnInsertGives sets cells to their default where the text of the table
// can be read and where it can't (v generated): it is what a new row gets.
func TestADefaultIsWhatAnInsertGives(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{"id", `"id"`, "[id]", "`id`", "gone", "(1 -- one\n)", "(1 /* one */)", "'?1'", `"it's ? :x"`, "-1", "true",
		"null", "x'00'", "(-- two\n2)"} {
		for _, odd := range []string{"v", "v generated"} {
			c := open(t, "create table t (id integer primary key, "+odd+", a text default "+expr+")",
				"insert into t (id) values (7)", "insert into t (id, a) values (8, 'old')")
			w, err := load(t, c).Update(bg, c, "t", []browse.RowEdit{{
				Key:   browse.EncodeKey([]d1.Value{d1.Int(8)}),
				Cells: []browse.CellEdit{{Column: "a", Old: browse.See(d1.Str("old")), New: browse.Input{As: browse.AsDefault}}},
			}}, time.Now())
			if err != nil {
				t.Fatalf("%s, %s: %v", odd, expr, err)
			}
			if _, err := w.Run(bg, c); err != nil {
				t.Errorf("%s, %s: %v\n%s", odd, expr, err, w.SQL())
			}
			rows := exec(t, c, "select a from t order by id").Rows
			if got, want := rows[1][0], rows[0][0]; got != want {
				t.Errorf("%s, %s: the cell became %s, a new row has %s", odd, expr, got.Literal(), want.Literal())
			}
		}
	}
}
