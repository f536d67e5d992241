package browse

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Conflict is a cell that isn't what was seen any more.
type Conflict struct {
	Key string
	// Row says which row it is, in words: its key's columns and their values.
	Row    string
	Column Column
	// Gone says that the whole row is.
	Gone bool
	// Now is the value that is there, New what was to be written.
	Now d1.Value
	Old Seen
	New Input
}

// ConflictError lists what changed meanwhile. Of a row to be deleted it has no
// column.
type ConflictError struct{ Conflicts []Conflict }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("browse: %d cells and rows changed meanwhile", len(e.Conflicts))
}

// explain finds out what a failed guard stands for.
func (w *Write) explain(ctx context.Context, conn d1.Conn, cause error) error {
	failed, ok := d1.Failed(cause)
	switch {
	case ok && failed.Name == goneAssertion:
		return fault.Wrap(cause, fault.Conflict, "A row of %s was still there after it was deleted: %s. Nothing was deleted.",
			w.t.Name, w.triggerWords("DELETE"))
	case !ok || failed.Name != seenAssertion:
		return cause
	}
	conflicts, err := w.conflicts(ctx, conn)
	if err != nil {
		return err
	}
	if len(conflicts) > 0 {
		return w.conflictError(conflicts)
	}
	ce := &ConflictError{}
	if len(w.cat.triggers(w.t.Name, "UPDATE")) > 0 && w.sums == nil {
		return fault.Wrap(ce, fault.Conflict, "A row of %s stayed as it was, though it is what you saw: %s. Nothing was saved.",
			w.t.Name, w.triggerWords("UPDATE"))
	}
	if len(w.edits) > 1 && w.sums == nil {
		return fault.Wrap(ce, fault.Conflict, "A row changed at the same moment, or one of these changes alters a row that "+
			"another one is about. Nothing was saved; save again, or fewer rows at once.")
	}
	return fault.Wrap(ce, fault.Conflict, "A row changed at the same moment. Nothing was changed; try again.")
}

// triggerWords says what keeps a row as it is although the database refuses nothing.
func (w *Write) triggerWords(event string) string {
	names := w.cat.triggers(w.t.Name, event)
	switch len(names) {
	case 0:
		return "another statement of the database holds it"
	case 1:
		return "the trigger " + names[0] + " seems to hold it back"
	}
	return "one of the triggers " + strings.Join(names, ", ") + " seems to hold it back"
}

// conflictError says what changed meanwhile.
func (w *Write) conflictError(cs []Conflict) error {
	ce := &ConflictError{Conflicts: cs}
	gone, cells := 0, []string{}
	for _, c := range cs {
		if c.Gone {
			gone++
		} else {
			cells = append(cells, c.Column.Name)
		}
	}
	var parts []string
	what := "saved"
	if w.sums != nil {
		what = "deleted"
		if n := len(cells); n > 0 {
			parts = append(parts, "changed "+rowCount(n))
		}
	} else if len(cells) == 1 {
		parts = append(parts, "changed the cell "+cells[0])
	} else if len(cells) > 1 {
		parts = append(parts, "changed "+strconv.Itoa(len(cells))+" cells")
	}
	if gone > 0 {
		parts = append(parts, "deleted "+rowCount(gone))
	}
	words := ""
	if w.sums != nil && gone > 0 {
		words = " Of the rows you chose, " + strconv.Itoa(gone) + " are gone."
		if gone == 1 {
			words = " Of the rows you chose, one is gone."
		}
	}
	return fault.Wrap(ce, fault.Conflict, "Somebody %s meanwhile.%s Nothing was %s.", strings.Join(parts, " and "), words, what)
}

func rowCount(n int) string {
	if n == 1 {
		return "a row"
	}
	return strconv.Itoa(n) + " rows"
}

// conflicts reads the rows again and compares them with what was seen.
func (w *Write) conflicts(ctx context.Context, conn d1.Conn) ([]Conflict, error) {
	if w.sums != nil {
		now, _, err := w.readRows(ctx, conn, nil)
		if err != nil {
			return nil, err
		}
		return w.rowConflicts(now), nil
	}
	var out []Conflict
	for _, e := range w.edits {
		cols := make([]int, 0, len(e.Cells)+1)
		for _, cell := range e.Cells {
			i, _ := w.t.Column(cell.Column)
			cols = append(cols, i)
		}
		now, err := w.readCells(ctx, conn, e.Key, append(cols, w.t.Key.Tie()[0]))
		if err != nil {
			return nil, err
		}
		if now == nil {
			out = append(out, Conflict{Key: e.Key, Row: w.t.rowWords(e.Key), Gone: true})
			continue
		}
		for n, cell := range e.Cells {
			if cell.New.As != AsKeep && !cell.Old.matches(now[n]) {
				out = append(out, Conflict{Key: e.Key, Row: w.t.rowWords(e.Key), Column: w.t.column(cols[n]),
					Now: now[n], Old: cell.Old, New: cell.New})
			}
		}
	}
	return out, nil
}

// rowWords says which row a key leads to.
func (t table) rowWords(key string) string {
	values, err := DecodeKey(key)
	if err != nil {
		return ""
	}
	var parts []string
	for n, v := range values {
		name := "row number"
		if n < len(t.Key.Columns) {
			name = t.Columns[t.Key.Columns[n]].Name
		}
		text := v.Literal()
		if v.Kind() == d1.Text {
			text = strings.ToValidUTF8(v.Text(), "\uFFFD")
		}
		if len(text) > 60 {
			text = strings.ToValidUTF8(text[:60], "") + "…"
		}
		parts = append(parts, name+" "+text)
	}
	return strings.Join(parts, ", ")
}
