package browse_test

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

// largeDB is a file that the sqlite3 program made, which has none of D1's limits: big has
// a text of 3,000,000 bytes in row 2 and a BLOB of 2,500,000 in row 3, wide three values of
// 1,000,000 in row 1, vast, which has no rowid, a BLOB of 2,100,000 in row b.
//
//go:embed testdata/large.db.gz
var largeDB []byte

// openLarge opens largeDB in the place of an embedded database.
func openLarge(t *testing.T) d1.Conn {
	t.Helper()
	dir := t.TempDir()
	e, err := local.Open(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(largeDB))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, info.Name+"."+info.ID+".db"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAValueThatIsTooLargeIsShownInItsPlace(t *testing.T) {
	t.Parallel()
	c := openLarge(t)
	p := fetch(t, c, browse.Request{Table: "big"})
	if len(p.Rows) != 4 || p.TooLarge == "" || p.Rows[1].Cells[1].TooLarge != 3_000_000 || p.Rows[2].Cells[2].TooLarge != 2_500_000 ||
		!p.Rows[1].Cells[1].Value.IsNull() || p.Rows[0].Cells[1].Value != d1.Str("small") || p.Rows[1].Cells[3].Value != d1.Int(8) {
		t.Errorf("%+v", p.Rows)
	}
	for i, r := range p.Rows {
		if r.Key != intKey(int64(i+1)) {
			t.Errorf("row %d has the key %q", i, r.Key)
		}
	}
	p = fetch(t, c, browse.Request{Table: "vast"})
	if len(p.Rows) != 3 || p.Rows[1].Cells[1].TooLarge != 2_100_000 || p.Rows[1].Key == "" {
		t.Errorf("%+v", p.Rows)
	}
	p = fetch(t, c, browse.Request{Table: "wide"})
	if len(p.Rows) != 2 || p.TooLarge != "" || !p.Rows[0].Cells[1].Cut || p.Rows[0].Cells[1].TooLarge != 0 {
		t.Errorf("several that are large together: %q %d rows", p.TooLarge, len(p.Rows))
	}
	for sort, want := range map[string]string{"n": "4312", "-n": "2134", "": "1234", "-id": "4321"} {
		req, got := browse.Request{Table: "big", Sort: sort, Limit: 2}, ""
		for {
			p := fetch(t, c, req)
			for _, r := range p.Rows {
				got += r.Cells[0].Value.Literal()
			}
			if !p.HasNext {
				break
			}
			req.After = p.Next
		}
		if got != want {
			t.Errorf("by %q: %s", sort, got)
		}
	}
	_, err := browse.Fetch(bg, c, load(t, c), browse.Request{Table: "big", Sort: "name"})
	wantFault(t, err, fault.Invalid, "can't be sorted by name", "2,000,000 bytes")
}

func TestAFilterStepsOverWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	c := openLarge(t)
	for filter, want := range map[string]string{
		"name:eq:small": "1", "name:ne:small": "3", "name:contains:b": "3", "name:starts:s": "1", "name:isnull:": "4", "name:notnull:": "123",
		"name:in:small,blob": "13", "pic:eq:last": "4", "pic:notnull:": "134", "n:gte:5": "123",
	} {
		f, err := browse.ParseFilter(filter)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		p := fetch(t, c, browse.Request{Table: "big", Filters: []browse.Filter{f}})
		for _, r := range p.Rows {
			got += r.Cells[0].Value.Literal()
		}
		if got != want {
			t.Errorf("%s: %s", filter, got)
		}
	}
}

func TestARowWithAValueThatIsTooLargeCanBeLookedAtAndDeleted(t *testing.T) {
	t.Parallel()
	c := openLarge(t)
	cat := load(t, c)
	content, err := cat.CellContent(bg, c, "big", intKey(2), "name")
	if err != nil || !content.TooLarge || content.Size != 3_000_000 {
		t.Errorf("%+v %v", content, err)
	}
	wantFault(t, content.Unreadable("big"), fault.Invalid, "3000000 bytes", "Download the database")
	if content, err = cat.CellContent(bg, c, "wide", intKey(1), "a"); err != nil || content.TooLarge || content.Value.Len() != 1_000_000 {
		t.Errorf("%v", err)
	}
	rec, err := cat.Record(bg, c, "big", intKey(2))
	if err != nil || !rec.Long[1] || strings.Join(rec.TooLarge, " ") != "name" || rec.Values[3] != d1.Int(8) {
		t.Errorf("%+v %v", rec.TooLarge, err)
	}
	if rec, err = cat.Record(bg, c, "wide", intKey(1)); err != nil || len(rec.TooLarge) != 0 || !rec.Long[1] {
		t.Errorf("%+v %v", rec.TooLarge, err)
	}
	_, err = save(t, c, "big", edit(intKey(2), "n", d1.Int(8), browse.AsValue, "9"))
	wantFault(t, err, fault.Invalid, "A row of big would be larger than the 2,000,000 bytes", "Nothing was changed")
	_, err = save(t, c, "wide", edit(intKey(1), "a", rec.Values[1], browse.AsValue, "x"))
	wantFault(t, err, fault.Conflict)
	for _, key := range []string{intKey(2), intKey(3)} {
		if _, err := remove(t, c, "big", key); err != nil {
			t.Error(err)
		}
	}
	if _, err := remove(t, c, "wide", intKey(1), intKey(2)); err != nil {
		t.Error(err)
	}
	if n := exec(t, c, "select (select count(*) from big) || (select count(*) from wide)").Rows[0][0].Text(); n != "20" {
		t.Errorf("left: %s", n)
	}
}

// TestALargeValueThatChangedIsNotDeleted: its size tells, which is all that can be told.
func TestALargeValueThatChangedIsNotDeleted(t *testing.T) {
	t.Parallel()
	c := openLarge(t)
	cat := load(t, c)
	sums, err := cat.Sums(bg, c, "big", []string{intKey(2)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := cat.Delete(bg, c, "big", []string{intKey(2)}, sums)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, c, "update big set name = 'short' where id = 2")
	_, err = w.Run(bg, c)
	wantFault(t, err, fault.Conflict, "changed a row")
	_, err = cat.Delete(bg, c, "big", []string{intKey(2)}, sums)
	wantFault(t, err, fault.Conflict, "changed a row")
}
