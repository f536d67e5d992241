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
	now, _, err := w.readRows(ctx, conn, nil)
	if err != nil {
		return nil, err
	}
	return sumRows(now), nil
}

func sumRows(rows [][]d1.Value) []string {
	sums := make([]string, len(rows))
	for i, row := range rows {
		if row != nil {
			sums[i] = sumRow(row)
		}
	}
	return sums
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
	now, _, err := w.readRows(ctx, conn, nil)
	if err != nil {
		return nil, err
	}
	if cs := w.rowConflicts(now); len(cs) > 0 {
		return nil, w.conflictError(cs)
	}
	return w, w.delete(now)
}

// delete compiles the deletion of rows that hold these values.
func (w *Write) delete(now [][]d1.Value) error {
	for i, e := range w.edits {
		if err := w.addCheck(i, e.Key, now[i]); err != nil {
			return err
		}
	}
	for _, e := range w.edits {
		row, err := w.rowQuery(e.Key)
		if err != nil {
			return err
		}
		s, err := row.DeleteStmt()
		if err != nil {
			return err
		}
		// No guard counts what it changes: a row may go with another one.
		w.stmts = append(w.stmts, s)
	}
	for i, e := range w.edits {
		row, err := w.rowQuery(e.Key)
		if err != nil {
			return err
		}
		s, err := row.Gone(d1.Assertion{Name: goneAssertion, Detail: strconv.Itoa(i)})
		if err != nil {
			return err
		}
		w.stmts = append(w.stmts, s)
	}
	return nil
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
