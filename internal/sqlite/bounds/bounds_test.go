package bounds_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqlite/bounds"
)

// These tests have the process for themselves: none is parallel.

const sorted = "select n, printf('%01000d', n) x from (with recursive s(n) as (select 1 union all select n + 1 " +
	"from s where n < 40000) select n from s) order by x desc"

func open(t *testing.T) *sqlite.Conn {
	t.Helper()
	c, err := sqlite.Open(filepath.Join(t.TempDir(), "a.db"), sqlite.Options{Create: true, Budget: sqlite.NewBudget(16 << 20)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// first begins to read and steps to a statement's first row.
func first(t *testing.T, c *sqlite.Conn, sql string) (*sqlite.Stmt, error) {
	t.Helper()
	if err := c.Begin(t.Context(), sqlite.Read); err != nil {
		t.Fatal(err)
	}
	st, err := c.Prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	_, err = st.Step()
	return st, err
}

// The library must take our heap, page cache and files, whatever it is that makes
// it not do so: a newer one, or something that opens a database earlier.
func TestTheLibraryIsBound(t *testing.T) {
	if err := bounds.Installed(); err != nil {
		t.Fatal(err)
	}
	was := bounds.AccountsOpen()
	c := open(t)
	if got := bounds.AccountsOpen(); got != was+1 {
		t.Errorf("%d accounts more for one connection", got-was)
	}
	st, err := first(t, c, sorted)
	if err != nil {
		t.Fatal(err)
	}
	if bounds.TemporaryBytes() < 16<<20 {
		t.Errorf("a sort of 40 MB has %d bytes in files that are counted", bounds.TemporaryBytes())
	}
	st.Close()
	_ = c.End(false)
	if got := bounds.TemporaryBytes(); got != 0 {
		t.Errorf("after it %d bytes are counted", got)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := bounds.AccountsOpen(); got != was {
		t.Errorf("%d accounts are left of a closed connection", got-was)
	}
}

func TestTemporaryFilesAreLimited(t *testing.T) {
	for name, limits := range map[string][2]int64{
		"by their sum":                {8 << 20, -1},
		"by what is free on the disk": {1 << 30, 24 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t)
			undo := bounds.LimitTemporary(limits[0], limits[1])
			defer undo()
			st, err := first(t, c, sorted)
			if e, ok := errors.AsType[*sqlite.Error](err); !ok || e.Short != sqlite.ShortOfTemporary {
				t.Errorf("%v", err)
			}
			st.Close()
			if got := bounds.TemporaryBytes(); got != 0 {
				t.Errorf("%d bytes are left", got)
			}
			_ = c.End(false)
			undo()
			st, err = first(t, c, sorted)
			if err != nil {
				t.Errorf("with room again: %v", err)
			}
			st.Close()
			_ = c.End(false)
		})
	}
}

func TestBlocksAreAlignedAndKnowTheirSize(t *testing.T) {
	for _, n := range []int{1, 7, 8, 9, 24, 1000, 4096, 16375, 16376, 16377, 70000, 1 << 20} {
		if err := bounds.Sizes(n); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
