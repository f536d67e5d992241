package browse

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/orm"
)

const (
	// maxHeld is how many bytes rows to be deleted may hold together: each is
	// compared whole.
	maxHeld = 32 << 20
	// shortValue is how many bytes a value has at most of a row that is read with all
	// others at once, and longAtOnce how many of the other rows are.
	shortValue = 16 << 10
	longAtOnce = 20
)

// readRows reads the rows with all their columns, nil for one that is gone, and runs
// statements beside them that read. It is one round trip, and some more where there are rows
// with long values, or rows that are gone.
func (w *Write) readRows(ctx context.Context, conn d1.Conn, beside []d1.Stmt) (rows [][]d1.Value, more []*d1.Result, err error) {
	stmts, err := w.shortRows()
	if err != nil {
		return nil, nil, err
	}
	var results []*d1.Result
	if all := append(stmts, beside...); len(all) > 0 {
		if results, err = conn.Batch(ctx, all); err != nil {
			return nil, nil, err
		}
	}
	rows, err = w.rowsOf(results[:len(stmts)])
	if err == nil {
		err = w.readLong(ctx, conn, rows)
	}
	return rows, results[len(stmts):], err
}

// shortRows compiles what reads the rows without long values: all their columns, and what
// their keys have beside. Where D1 can't return as many columns, it is nothing.
func (w *Write) shortRows() ([]d1.Stmt, error) {
	places := orm.Places(w.t.Table)
	if slices.Contains(w.t.Key.Places(), live.RowID) {
		places = append(places, live.RowID)
	}
	if len(places) > d1.MaxColumns {
		return nil, nil
	}
	keys := make([][]d1.Value, len(w.edits))
	for i, e := range w.edits {
		var err error
		if keys[i], err = DecodeKey(e.Key); err != nil {
			return nil, err
		}
	}
	return orm.Seen(nil, w.t.Table).Where(orm.Short(shortValue)).Cut(orm.Whole(places)).ByKeys(keys)
}

// rowsOf finds each row by its key among those that shortRows read.
func (w *Write) rowsOf(results []*d1.Result) ([][]d1.Value, error) {
	found := map[string][]d1.Value{}
	seen := map[int]bool{} // a key has as many values as its row needs, see live.Key.Of
	out := make([][]d1.Value, len(w.edits))
	for i, e := range w.edits {
		key, err := DecodeKey(e.Key)
		if err != nil {
			return nil, err
		}
		if places, ok := w.t.Key.Match(len(key)); ok && !seen[len(key)] {
			seen[len(key)] = true
			for _, r := range results {
				for _, row := range r.Rows {
					found[w.keyIn(row, places)] = row[:len(w.t.Columns)]
				}
			}
		}
		out[i] = found[e.Key]
	}
	return out, nil
}

func (w *Write) keyIn(row []d1.Value, places []int) string {
	values := make([]d1.Value, len(places))
	for n, place := range places {
		if place == live.RowID {
			place = len(w.t.Columns)
		}
		values[n] = row[place]
	}
	return EncodeKey(values)
}

// readLong reads the rows that are nil, which have long values or are gone.
func (w *Write) readLong(ctx context.Context, conn d1.Conn, rows [][]d1.Value) error {
	var missing []int
	for i, row := range rows {
		if row == nil {
			missing = append(missing, i)
		}
	}
	held := 0
	for some := range slices.Chunk(missing, longAtOnce) {
		stmts := make([]d1.Stmt, len(some))
		for n, i := range some {
			row, err := w.rowQuery(w.edits[i].Key)
			if err != nil {
				return err
			}
			if stmts[n], err = row.Limit(1).SelectStmt(); err != nil {
				return err
			}
		}
		results, err := conn.Batch(ctx, stmts)
		if tooBig(err) {
			results, err = w.readEach(ctx, conn, some)
		}
		if err != nil {
			return err
		}
		for n, r := range results {
			if len(r.Rows) == 0 {
				continue
			}
			rows[some[n]] = r.Rows[0]
			for _, v := range r.Rows[0] {
				held += v.Len()
			}
		}
		if held > maxHeld {
			return fault.New(fault.Invalid,
				"These rows hold more than %d MB, which is more than can be compared at once. Choose fewer.", maxHeld>>20)
		}
	}
	return nil
}

// rowConflicts compares rows with what was seen of them.
func (w *Write) rowConflicts(now [][]d1.Value) []Conflict {
	var out []Conflict
	for i, row := range now {
		if row == nil || sumRow(row) != w.sums[i] {
			out = append(out, Conflict{Key: w.edits[i].Key, Row: w.t.rowWords(w.edits[i].Key), Gone: row == nil})
		}
	}
	return out
}
