package browse

import (
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
)

// MaxCell is how many characters of a text, and bytes of a BLOB, a page shows.
const MaxCell = 256

// maxFetched is how many bytes of a value travel for a cell: MaxCell characters
// of any text, and one byte that tells of more.
const maxFetched = MaxCell*utf8.UTFMax + 1

// Cell is one value of a page.
type Cell struct {
	// Value has the storage class of the stored value and at most MaxCell of
	// its characters or bytes.
	Value d1.Value
	// Cut says that there is more; Catalog.CellContent returns it.
	Cut bool
	// TooLarge is the size in bytes of a value that can't be read, 0 for one that can. Its
	// Value is NULL.
	TooLarge int
}

// cell shortens what came to what is shown.
func cell(v d1.Value) Cell {
	if v.Len() <= MaxCell {
		return Cell{Value: v}
	}
	s := v.Text()
	if v.Kind() == d1.Blob {
		return Cell{Value: d1.BlobOf(s[:MaxCell]), Cut: true}
	}
	n := 0
	for i := range s { // a byte that is no UTF-8 counts as a character
		if n == MaxCell {
			return Cell{Value: d1.Str(s[:i]), Cut: true}
		}
		n++
	}
	return Cell{Value: v}
}
