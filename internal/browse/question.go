package browse

import (
	"context"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Question is what is to be known before rows are deleted.
type Question struct {
	// Page has the rows as Fetch shows them, in the order of their keys, without those that
	// are gone.
	Page *Page
	// Sums are what Delete compares them with, "" for one that is gone.
	Sums []string
	// SQL is what would delete them, "" where one is gone.
	SQL     string
	Effects Effects
}

// Question reads all of that about rows to be deleted: in one round trip, and some more
// where there are rows with long values, or rows that are gone.
func (c *Catalog) Question(ctx context.Context, conn d1.Conn, table string, keys []string) (Question, error) {
	w, err := c.newDeletion(ctx, conn, table, keys)
	if err != nil {
		return Question{}, err
	}
	f, err := w.follow(ctx, conn)
	if err != nil {
		return Question{}, err
	}
	rows, results, err := w.readRows(ctx, conn, f.stmts)
	if err != nil {
		return Question{}, err
	}
	q := Question{Sums: sumRows(rows), Effects: f.effects(results)}
	if q.Page, err = w.wholePage(rows); err != nil || len(q.Page.Rows) < len(keys) {
		return q, err
	}
	w.sums = q.Sums
	err = w.delete(rows)
	q.SQL = w.SQL()
	return q, err
}

// wholePage shows rows that were read whole.
func (w *Write) wholePage(rows [][]d1.Value) (*Page, error) {
	q, err := w.t.query(Request{Table: w.t.Name})
	if err != nil {
		return nil, err
	}
	p := q.page(Request{Table: w.t.Name}, &d1.Result{})
	for i, values := range rows {
		if values == nil {
			continue
		}
		row := Row{Key: w.edits[i].Key}
		for _, place := range q.shownPlaces() {
			if w.large[i][place] {
				row.Cells = append(row.Cells, Cell{TooLarge: int(values[place].Int())})
				continue
			}
			row.Cells = append(row.Cells, cell(values[place]))
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}
