package browse

import (
	"context"
	"crypto/sha256"
	"strconv"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

const (
	// maxHeld is how many bytes rows to be deleted may hold together: each is
	// compared whole.
	maxHeld = 32 << 20
	// readAtOnce is how many rows are read in one round trip.
	readAtOnce = 20
	// checkedColumns is how many columns one statement compares beside a key, which may
	// leave less room.
	checkedColumns = 20
)

// Sums sums up rows as they are now, in the order of the keys: what Delete
// compares them with. A row that is gone has "".
func (c *Catalog) Sums(ctx context.Context, conn d1.Conn, table string, keys []string) ([]string, error) {
	w, err := c.newDeletion(ctx, conn, table, keys)
	if err != nil {
		return nil, err
	}
	now, err := w.readRows(ctx, conn)
	if err != nil {
		return nil, err
	}
	sums := make([]string, len(now))
	for i, row := range now {
		if row != nil {
			sums[i] = sumRow(row)
		}
	}
	return sums, nil
}

func sumRow(values []d1.Value) string {
	h := sha256.Sum256(encodeValues(values))
	return url64.EncodeToString(h[:])
}

func (c *Catalog) newDeletion(ctx context.Context, conn d1.Conn, table string, keys []string) (*Write, error) {
	t, err := c.writableTable(ctx, conn, table)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 || len(keys) > maxRows {
		return nil, fault.New(fault.Invalid, "Between 1 and %d rows are deleted at once, not %d. Choose them by their boxes.", maxRows, len(keys))
	}
	w := c.newWrite(t)
	w.sums = []string{}
	for _, key := range keys {
		w.edits = append(w.edits, RowEdit{Key: key})
	}
	return w, nil
}

// Delete prepares the removal of rows that are still what Sums said. All are
// compared first and within the batch, whole: a row number may by now be that of
// another row. One that isn't is a *ConflictError, here or by Run.
func (c *Catalog) Delete(ctx context.Context, conn d1.Conn, table string, keys, sums []string) (*Write, error) {
	w, err := c.newDeletion(ctx, conn, table, keys)
	if err != nil {
		return nil, err
	}
	if len(sums) != len(keys) {
		return nil, fault.New(fault.Invalid,
			"It isn't said what these rows held when they were shown. Nothing was deleted. Look at them, then delete them.")
	}
	w.sums = sums
	now, err := w.readRows(ctx, conn)
	if err != nil {
		return nil, err
	}
	if cs := w.rowConflicts(now); len(cs) > 0 {
		return nil, w.conflictError(cs)
	}
	for i, key := range keys {
		if err := w.addCheck(i, key, now[i]); err != nil {
			return nil, err
		}
	}
	for _, key := range keys {
		row, err := w.rowQuery(key)
		if err != nil {
			return nil, err
		}
		s, err := row.DeleteStmt()
		if err != nil {
			return nil, err
		}
		// No guard counts what it changes: a row may go with another one.
		w.stmts = append(w.stmts, s)
	}
	for i, key := range keys {
		row, err := w.rowQuery(key)
		if err != nil {
			return nil, err
		}
		s, err := row.Gone(d1.Assertion{Name: goneAssertion, Detail: strconv.Itoa(i)})
		if err != nil {
			return nil, err
		}
		w.stmts = append(w.stmts, s)
	}
	return w, nil
}

// addCheck adds the statements that fail unless the row is what it was.
func (w *Write) addCheck(of int, key string, values []d1.Value) error {
	held, err := DecodeKey(key)
	if err != nil {
		return err
	}
	columns := max(1, min(checkedColumns, d1.MaxParams-len(held)))
	for from := 0; from < len(values); from += columns {
		row, err := w.rowQuery(key)
		if err != nil {
			return err
		}
		for i := from; i < min(from+columns, len(values)); i++ {
			if w.large[of][i] {
				row = row.Where(orm.Octets(w.t.Columns[i].Name, values[i].Int()))
				continue
			}
			row = row.Where(orm.Is(w.t.Columns[i].Name, values[i]))
		}
		s, err := row.There(d1.Assertion{Name: seenAssertion, Detail: strconv.Itoa(len(w.stmts))})
		if err != nil {
			return err
		}
		w.stmts = append(w.stmts, s)
	}
	return nil
}

// readRows reads the rows with all their columns, nil for one that is gone.
func (w *Write) readRows(ctx context.Context, conn d1.Conn) ([][]d1.Value, error) {
	var stmts []d1.Stmt
	for _, e := range w.edits {
		row, err := w.rowQuery(e.Key)
		if err != nil {
			return nil, err
		}
		s, err := row.Limit(1).SelectStmt()
		if err != nil {
			return nil, err
		}
		stmts = append(stmts, s)
	}
	out, held := make([][]d1.Value, 0, len(stmts)), 0
	for from := 0; from < len(stmts); from += readAtOnce {
		results, err := conn.Batch(ctx, stmts[from:min(from+readAtOnce, len(stmts))])
		if tooBig(err) {
			results, err = w.readEach(ctx, conn, from, min(from+readAtOnce, len(stmts)))
		}
		if err != nil {
			return nil, err
		}
		for _, res := range results {
			if len(res.Rows) == 0 {
				out = append(out, nil)
				continue
			}
			out = append(out, res.Rows[0])
			for _, v := range res.Rows[0] {
				held += v.Len()
			}
		}
		if held > maxHeld {
			return nil, fault.New(fault.Invalid,
				"These rows hold more than %d MB, which is more than can be compared at once. Choose fewer.", maxHeld>>20)
		}
	}
	return out, nil
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
