package browse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// wide returns the definitions of so many columns, c0 and so on.
func wide(n int, definition string) string {
	columns := make([]string, n)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d %s", i, definition)
	}
	return strings.Join(columns, ", ")
}

// TestManyColumnsOfARowAreChangedAtOnce writes as many conditions as a statement's values
// allow: D1 allows an expression a depth of 100.
func TestManyColumnsOfARowAreChangedAtOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		columns    int
		definition string
		as         browse.As
	}{
		{98, "text", browse.AsDefault}, {98, "text collate nocase", browse.AsDefault}, {49, "text collate nocase", browse.AsText},
	} {
		ddl := "create table t (id integer primary key, " + wide(tc.columns, tc.definition) + ")"
		onD1, _ := openD1(t, ddl)
		for engine, c := range map[string]d1.Conn{"embedded": open(t, ddl), "D1": onD1} {
			exec(t, c, "insert into t (id) values (1)")
			e := browse.RowEdit{Key: browse.EncodeKey([]d1.Value{d1.Int(1)})}
			for i := range tc.columns {
				e.Cells = append(e.Cells, browse.CellEdit{Column: fmt.Sprintf("c%d", i), New: browse.Input{As: tc.as, Text: "x"}})
			}
			w, err := load(t, c).Update(bg, c, "t", []browse.RowEdit{e}, time.Now())
			if err != nil {
				t.Fatalf("%s: %+v: %v", engine, tc, err)
			}
			if _, err := w.Run(bg, c); err != nil {
				t.Errorf("%s: %+v: %v", engine, tc, err)
			}
		}
	}
}

// TestARowOfAWideKeyIsDeleted compares a row within a subquery, where depth counts twice, and
// where the key leaves room for few values.
func TestARowOfAWideKeyIsDeleted(t *testing.T) {
	t.Parallel()
	for _, n := range []int{20, 40, 80, 99} {
		key := strings.ReplaceAll(wide(n, ""), " ", "")
		ddl := "create table t (" + wide(n, "text collate nocase not null default 'x'") + ", z, primary key (" + key + "))"
		onD1, _ := openD1(t, ddl)
		for engine, c := range map[string]d1.Conn{"embedded": open(t, ddl), "D1": onD1} {
			exec(t, c, "insert into t (z) values (1)")
			keys := []string{fetch(t, c, browse.Request{Table: "t", Columns: []string{"c0"}}).Rows[0].Key}
			sums, err := load(t, c).Sums(bg, c, "t", keys)
			if err != nil {
				t.Fatalf("%s: %d: %v", engine, n, err)
			}
			w, err := load(t, c).Delete(bg, c, "t", keys, sums)
			if err != nil {
				t.Fatalf("%s: %d: %v", engine, n, err)
			}
			if _, err := w.Run(bg, c); err != nil {
				t.Errorf("%s: %d: %v", engine, n, err)
			}
		}
	}
}
