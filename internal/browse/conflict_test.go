package browse_test

import (
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// TestANumberOfAnotherClassIsAConflict: where a column has no type, 2 and 2.0 are two
// values, though SQLite says that they are equal.
func TestANumberOfAnotherClassIsAConflict(t *testing.T) {
	t.Parallel()
	const ddl = "create table t (id integer primary key, x)"
	onD1, _ := openD1(t, ddl)
	for engine, c := range map[string]d1.Conn{"embedded": open(t, ddl), "D1": onD1} {
		exec(t, c, "insert into t values (1, 2.0)")
		edit := func(seen d1.Value) error {
			w, err := load(t, c).Update(bg, c, "t", []browse.RowEdit{{
				Key:   browse.EncodeKey([]d1.Value{d1.Int(1)}),
				Cells: []browse.CellEdit{{Column: "x", Old: browse.See(seen), New: browse.Input{As: browse.AsText, Text: "new"}}},
			}}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Run(bg, c)
			return err
		}
		if err := edit(d1.Int(2)); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: 2.0 was taken for 2: %v", engine, err)
		}
		if err := edit(d1.Float(2)); err != nil {
			t.Errorf("%s: %v", engine, err)
		}
	}
}
