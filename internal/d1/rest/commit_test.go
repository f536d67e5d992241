package rest_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/fault"
)

// A foreign key that only the commit finds broken: the older D1 says so, the newest has
// no more than "internal error", which is said of what was done too.
func TestWhatOnlyTheCommitFindsIsNotSaidToBeKnown(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, rt d1test.Runtime) {
		c := open(t, provider(t, f.URL), "commit")
		exec(t, c, "create table p(id integer primary key)")
		exec(t, c, "create table k(p integer references p(id) deferrable initially deferred)")
		want := fault.Conflict
		if rt == d1test.Newest {
			want = fault.Unknown
		}
		before, _ := f.Count("raw")
		_, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into p values (1)"), d1.Exec("insert into k values (9)")})
		if after, _ := f.Count("raw"); !fault.Is(err, want) || after != before+1 {
			t.Errorf("%d calls: %v", after-before, err)
		}
		if n := exec(t, c, "select count(*) from p").Rows[0][0].Int(); n != 0 {
			t.Errorf("%d rows", n)
		}
	})
}
