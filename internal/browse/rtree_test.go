package browse_test

import (
	"slices"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// TestAnRTreeThatIsOpenedAnewShowsItsRows: a connection that didn't make it makes it known
// by statements of its own, of which some would write.
func TestAnRTreeThatIsOpenedAnewShowsItsRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opened := func(ddl ...string) d1.Conn {
		e, err := local.Open(dir, local.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close() })
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
		for _, sql := range ddl {
			exec(t, c, sql)
		}
		if len(ddl) > 0 {
			_ = c.Close()
			_ = e.Close()
		}
		return c
	}
	opened(`create virtual table places using RTree(id, x0, x1, +name)`, "create virtual table grid using rtree_i32(id, a, b)",
		"insert into places values (1, 0, 2, 'home'), (2, 5, 6, 'work'), (3, 7, 8, 'sea')", "insert into grid values (7, 1, 2)", "analyze")
	c := opened()
	if got := marks(fetch(t, c, browse.Request{Table: "places", Sort: "-x0"})); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("places: %q", got)
	}
	if got := marks(fetch(t, c, browse.Request{Table: "grid"})); !slices.Equal(got, []string{"7"}) {
		t.Errorf("grid: %q", got)
	}
	exec(t, c, "drop table places")
	if _, err := load(t, c).Table("places"); err == nil {
		t.Error("it is still there")
	}
}
