package browse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

// A file from elsewhere can hold values of more than D1's 2,000,000 bytes, and the engine
// refuses whatever would read one: a page, a filter, a sort. It tells a value's size
// without reading it. So what is refused for a value is done once more with a look at the
// sizes, which a table without such values never pays for.

// tooBig reports whether a statement was refused because a value of a row is too large.
func tooBig(err error) bool {
	e, ok := errors.AsType[*d1.Error](err)
	return ok && e.Class == d1.TooBig && strings.HasPrefix(e.Text, "string or blob too big")
}

const largeWords = "larger than the 2,000,000 bytes that D1 takes"

// readable are conditions that step over values which are too large.
func readable(conds []orm.Cond) []orm.Cond {
	out := make([]orm.Cond, len(conds))
	for i, c := range conds {
		out[i] = orm.Readable(c)
	}
	return out
}

// sortError says of a page that is refused all the same that its order is why.
func (t table) sortError(req Request, err error) error {
	if !tooBig(err) {
		return err
	}
	if column, _, serr := req.SortColumn(); serr == nil && column != "" {
		return fault.Wrap(err, fault.Invalid, "%s can't be sorted by %s: a value of it is %s, so it can't be compared. "+
			"Sort by another column.", t.Name, column, largeWords).At("sort")
	}
	return t.tooLargeError()
}

func (t table) tooLargeError() error {
	return fault.New(fault.Invalid, "A value that tells rows of %s apart is %s, so it can't be read. "+
		"Ask for the other columns in the console.", t.Name, largeWords)
}

// tooLargeWords says what a page shows otherwise because of such values.
func (q *query) tooLargeWords(req Request) string {
	if !q.sized {
		return ""
	}
	words := "Values " + largeWords + " are told by their size alone."
	if len(req.Filters) > 0 {
		words += " A filter can't look into them, so their rows are left out where it is on their column."
	}
	return words
}

// cell is what is shown of a value that came.
func (q *query) cell(v d1.Value) Cell {
	if q.sized {
		if size, ok := orm.TooLarge(v, maxFetched); ok {
			return Cell{TooLarge: size}
		}
	}
	return cell(v)
}

// largeContent is a cell whose value can't be read.
func (t table) largeContent(ctx context.Context, conn d1.Conn, key []d1.Value, column int) (Content, error) {
	s, err := orm.Seen(nil, t.Table).Where(orm.Key(key)).Cut(orm.Sizes([]int{column})).Limit(1).SelectStmt()
	if err != nil {
		return Content{}, err
	}
	r, err := conn.Query(ctx, s)
	if err != nil {
		return Content{}, err
	}
	if len(r.Rows) == 0 {
		return Content{}, fault.New(fault.NotFound, "This row of %s is gone.", t.Name)
	}
	return Content{Column: t.column(column), TooLarge: true, Size: int(r.Rows[0][0].Int())}, nil
}

// Unreadable is the error of a download of a value that is too large.
func (c Content) Unreadable(table string) error {
	return fault.New(fault.Invalid, "The value of %s in this row of %s has %d bytes. It is %s, so it can't be read here. "+
		"Download the database as a file, under Settings, to get at it.", c.Column.Name, table, c.Size, largeWords)
}

// readAll reads a row's values, nil for one that is gone. Of those that are large, which
// are too large to be read, the size comes, as an integer.
func (w *Write) readAll(ctx context.Context, conn d1.Conn, key string) (values []d1.Value, large map[int]bool, err error) {
	places := orm.Places(w.t.Table)
	values, err = w.readCells(ctx, conn, key, places)
	if !tooBig(err) {
		return values, nil, err
	}
	row, err := w.rowQuery(key)
	if err != nil {
		return nil, nil, err
	}
	s, err := row.Cut(orm.Sizes(places)).Limit(1).SelectStmt()
	if err != nil {
		return nil, nil, err
	}
	sizes, err := conn.Query(ctx, s)
	if err != nil || len(sizes.Rows) == 0 {
		return nil, nil, err
	}
	values, large = sizes.Rows[0], map[int]bool{}
	var rest []int
	for i, size := range values {
		if large[i] = size.Int() > d1.MaxValue; !large[i] {
			rest = append(rest, i)
		}
	}
	read, err := w.readCells(ctx, conn, key, rest)
	if err != nil || read == nil {
		return nil, nil, err
	}
	for n, i := range rest {
		values[i] = read[n]
	}
	return values, large, nil
}

// readEach reads some of the rows to be deleted one by one, by their places, and notes which
// of their values are too large.
func (w *Write) readEach(ctx context.Context, conn d1.Conn, places []int) ([]*d1.Result, error) {
	if w.large == nil {
		w.large = map[int]map[int]bool{}
	}
	out := make([]*d1.Result, 0, len(places))
	for _, i := range places {
		values, large, err := w.readAll(ctx, conn, w.edits[i].Key)
		if err != nil {
			return nil, err
		}
		r := &d1.Result{}
		if values != nil {
			r.Rows = [][]d1.Value{values}
		}
		w.large[i] = large
		out = append(out, r)
	}
	return out, nil
}

// changeError says of a row that can't be written because of a value it holds already.
func changeError(err error, table string) error {
	if !tooBig(err) {
		return err
	}
	return fault.Wrap(err, fault.Invalid, "%s. Nothing was changed: %s",
		fmt.Sprintf("A row of %s would be %s in all", table, largeWords),
		"a row that holds such a value can be deleted, or changed once the value itself is shorter.")
}
