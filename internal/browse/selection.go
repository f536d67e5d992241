package browse

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// MaxCell is how many characters of a text, and bytes of a BLOB, a page shows.
const MaxCell = 256

// maxFetched is how many bytes of a value travel for a cell: MaxCell characters
// of any text, and one byte that tells of more.
const maxFetched = MaxCell*utf8.UTFMax + 1

// selection is what a statement selects: the shown columns, and after them what
// keys and cursors need beside.
type selection struct {
	shown []int
	all   []int
	// whole are the columns that travel up to a key's length.
	whole []int
}

func (r *relation) selection(shown []int, o order) (selection, error) {
	s := selection{shown: shown, all: slices.Clone(shown), whole: r.keyColumns()}
	beside := slices.Clone(s.whole)
	for _, t := range o.terms {
		beside = append(beside, t.col)
	}
	for _, i := range beside {
		if !slices.Contains(s.all, i) {
			s.all = append(s.all, i)
		}
	}
	if len(s.all) > d1.MaxColumns {
		most := len(shown) - (len(s.all) - d1.MaxColumns)
		return s, fault.New(fault.Invalid, "At most %d of these columns of %s fit beside its key, because D1 returns %d. Choose fewer.", most, r.Name, d1.MaxColumns).At("cols")
	}
	return s, nil
}

// place returns a column's place in a row.
func (s selection) place(col int) int { return slices.Index(s.all, col) }

func (r *relation) selectSQL(s selection) string {
	parts := make([]string, len(s.all))
	for n, i := range s.all {
		limit := maxFetched
		if slices.Contains(s.whole, i) {
			limit = MaxKey + 1
		}
		parts[n] = r.cut(i, limit)
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + sqltext.Quote(r.Name) + " AS t"
}

// cut returns a column's value, its first limit bytes when it is longer.
//
// octet_length reads a value's size from the record's header, so a short value
// costs a function call and a long one is read once. A text is cut by bytes
// and not by characters: substr stops at a NUL and steps over bytes that are no
// UTF-8. (It also makes NULL of an empty BLOB.) A number in a column of numbers is told by being less than any text,
// without a call; what is STRICT can't hold anything else.
func (r *relation) cut(i, limit int) string {
	c, n := r.ref("t", i), strconv.Itoa(limit)
	if i == rowidColumn || r.Key.Alias && r.columns[i].PK {
		return c
	}
	long := "CASE typeof(" + c + ") WHEN 'blob' THEN substr(" + c + ", 1, " + n + ") ELSE CAST(substr(CAST(" + c + " AS BLOB), 1, " + n + ") AS TEXT) END"
	short := ""
	if aff := r.columns[i].Affinity; aff == live.Integer || aff == live.Real {
		if r.Strict {
			return c
		}
		short = "WHEN " + c + " < '' THEN " + c + " "
	}
	return "CASE " + short + "WHEN octet_length(" + c + ") >= " + n + " THEN " + long + " ELSE " + c + " END"
}

// Cell is one value of a page.
type Cell struct {
	// Value has the storage class of the stored value and at most MaxCell of
	// its characters or bytes.
	Value d1.Value
	// Cut says that there is more; Whole returns it.
	Cut bool
}

// cell shortens what came to what is shown.
func cell(v d1.Value) Cell {
	if v.Len() <= MaxCell {
		return Cell{Value: v}
	}
	s := v.Text()
	if v.Kind() == d1.Blob {
		return Cell{d1.BlobOf(s[:MaxCell]), true}
	}
	n := 0
	for i := range s { // a byte that is no UTF-8 counts as a character
		if n == MaxCell {
			return Cell{d1.Str(s[:i]), true}
		}
		n++
	}
	return Cell{Value: v}
}
