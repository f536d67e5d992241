package orm

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
)

// Selection is what a statement selects: columns that are shown, after them what keys
// and cursors need beside, and how much of a long value comes.
type Selection struct {
	// Places are all columns, in the order of a row; the first Shown of them are shown.
	Places []int
	Shown  int
	// whole are the columns that come up to the length of a key.
	whole []int
	limit int // -1 for none
	// sized says that of a value beyond D1's limit its size comes, see Sized; sizes that
	// of every value nothing else comes.
	sized, sizes bool
}

// Sized is the selection for rows that hold a value of more than d1.MaxValue bytes, as a
// file from elsewhere can. The engine refuses to read one, so TooLarge tells it by a text
// that is longer than any cut value. It costs each value a call, and is for Cut only.
func (s Selection) Sized() Selection {
	s.sized = true
	return s
}

// TooLarge returns the size of a value that came of a Sized selection of that limit, and
// whether it is one that can't be read.
func TooLarge(v d1.Value, limit int) (size int, ok bool) {
	if v.Kind() != d1.Text || v.Len() <= limit || v.Len() <= MaxKey+1 {
		return 0, false
	}
	size, err := strconv.Atoi(strings.TrimLeft(v.Text(), "0"))
	return size, err == nil && size > d1.MaxValue
}

// Sizes selects how many bytes each of the columns holds as a text or BLOB, which can be
// told of a value of any size.
func Sizes(places []int) Selection {
	return Selection{Places: places, Shown: len(places), limit: -1, sizes: true}
}

// Cut selects columns of a table in the given order of rows, with the columns of its
// key and of the order beside. Of a longer value the first limit bytes come; of one in
// the key MaxKey and one more. More columns than D1 returns are fault.Invalid with a
// *LimitError, in which Most is how many of the shown ones would fit.
func Cut(o Order, shown []int, limit int) (Selection, error) {
	s := Selection{Places: slices.Clone(shown), Shown: len(shown), whole: o.t.Key.Places(), limit: limit}
	for _, i := range append(slices.Clone(s.whole), o.Places()...) {
		if !slices.Contains(s.Places, i) {
			s.Places = append(s.Places, i)
		}
	}
	if over := len(s.Places) - d1.MaxColumns; over > 0 {
		most := len(shown) - over
		return s, fault.Wrap(&LimitError{"columns", len(shown), most}, fault.Invalid,
			"At most %d of these columns of %s fit beside its key, because D1 returns %d. Choose fewer.", most, o.t.Name, d1.MaxColumns)
	}
	return s, nil
}

// Place returns a column's place in a row, -1 for none.
func (s Selection) Place(column int) int { return slices.Index(s.Places, column) }

// cuts are the expressions of a selection.
func (t *table) cuts(s Selection) []string {
	parts := make([]string, len(s.Places))
	for n, i := range s.Places {
		limit := s.limit
		if s.sizes {
			parts[n] = "octet_length(" + t.ref(self, i) + ")"
			continue
		}
		if limit < 0 {
			parts[n] = t.ref(self, i)
			continue
		}
		if slices.Contains(s.whole, i) {
			limit = MaxKey + 1
		}
		parts[n] = t.cut(i, limit)
		if c := t.ref(self, i); s.sized && parts[n] != c {
			parts[n] = "CASE WHEN octet_length(" + c + ") > " + strconv.Itoa(d1.MaxValue) + " THEN printf('%0" +
				strconv.Itoa(max(s.limit, MaxKey+1)+1) + "d', octet_length(" + c + ")) ELSE " + parts[n] + " END"
		}
	}
	return parts
}

// cut returns a column's value, its first limit bytes when it is longer.
//
// octet_length reads a value's size from the record's header, so a short value
// costs a function call and a long one is read once. A text is cut by bytes
// and not by characters: substr stops at a NUL and steps over bytes that are no
// UTF-8. (It also makes NULL of an empty BLOB.) A number in a column of numbers is
// told by being less than any text, without a call; what is STRICT can't hold
// anything else.
func (t *table) cut(i, limit int) string {
	c, n := t.ref(self, i), strconv.Itoa(limit)
	if i == live.RowID || t.Key.Alias && t.Columns[i].PK {
		return c
	}
	long := "CASE typeof(" + c + ") WHEN 'blob' THEN substr(" + c + ", 1, " + n + ") ELSE CAST(substr(CAST(" + c +
		" AS BLOB), 1, " + n + ") AS TEXT) END"
	short := ""
	if a := t.Columns[i].Affinity; a == live.Integer || a == live.Real {
		if t.Strict {
			return c
		}
		short = "WHEN " + c + " < '' THEN " + c + " "
	}
	return "CASE " + short + "WHEN octet_length(" + c + ") >= " + n + " THEN " + long + " ELSE " + c + " END"
}

// Whole selects columns as they are, however long their values.
func Whole(places []int) Selection { return Selection{Places: places, Shown: len(places), limit: -1} }
