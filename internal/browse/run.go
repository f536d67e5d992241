package browse

import (
	"context"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/orm"
)

// Written is what a batch did.
type Written struct {
	// Keys are the keys the rows have now, in the order of the edits; none for
	// rows that were deleted.
	Keys []string
	// Changes counts the rows, those that foreign keys and triggers changed too.
	Changes int64
	// Page has the rows as they are now, nil unless Write.Show was asked; Rows says of
	// each edit where its row is on it.
	Page *Page
	Rows []Shown
}

// Shown is where a row that was changed is on a page.
type Shown struct {
	// At is its place among the page's rows, -1 when it isn't one of them.
	At int
	// Gone says that there is no row of its key any more: a trigger took it away.
	Gone bool
}

// maxShown is how many bytes the rows that are shown after a save hold together: what an
// answer has beyond it is left out, and never makes a failure of what is done.
const maxShown = 8 << 20

// Show has Run read the changed rows at the end of the batch, as Fetch shows them for that
// request: what triggers made of them is seen too. Errors are those of Fetch.
func (w *Write) Show(req Request) error {
	q, err := w.t.query(req.First())
	if err != nil {
		return err
	}
	keys := slices.DeleteFunc(slices.Clone(w.keys), func(key []d1.Value) bool { return key == nil })
	stmts, err := orm.Seen(nil, w.t.Table).Cut(q.cut).ByKeys(keys)
	if err != nil {
		return limitError(err)
	}
	for i := range stmts {
		stmts[i].MaxBytes = maxShown / len(stmts)
	}
	w.stmts, w.shown = append(w.stmts, stmts...), q
	q.limit = len(keys)
	return nil
}

// keyAfter is the key that a row has once these values are set, nil where that isn't known
// before: a default is the database's to compute, and without a value in all of the primary
// key the row's number may have to stand beside it.
func (t table) keyAfter(key string, sets orm.Values) []d1.Value {
	values, err := DecodeKey(key)
	if err != nil {
		return nil
	}
	places, _ := t.Key.Match(len(values))
	for n, place := range places {
		if place == live.RowID {
			continue
		}
		set, ok := sets[t.Columns[place].Name]
		if !ok {
			continue
		}
		v, ok := set.(d1.Value)
		if !ok || v.IsNull() && len(places) == len(t.Key.Columns) {
			return nil
		}
		values[n] = v
	}
	return values
}

// Run sends the batch: all of it or nothing happens. A row that isn't what was
// seen any more is a *ConflictError, a fault.Conflict. Where the table is another one by now
// nothing is done, and live.Altered tells it. What the database refuses comes back as
// d1.Words says it.
func (w *Write) Run(ctx context.Context, conn d1.Conn) (Written, error) {
	results, err := conn.Batch(ctx, w.stmts)
	if live.Altered(err) {
		return Written{}, fault.Wrap(err, fault.Conflict, "The table %s was altered meanwhile. Nothing was changed.", w.t.Name)
	}
	if err != nil {
		return Written{}, w.explain(ctx, conn, changeError(err, w.t.Name))
	}
	var out Written
	rows := &d1.Result{}
	cut := false
	for i, r := range results {
		switch s := w.stmts[i]; {
		case s.Mode == d1.Write:
			out.Changes += r.Meta.Changes
			if len(r.Rows) == 1 {
				places := w.t.Key.Places()
				key := w.t.Key.Of(func(place int) d1.Value { return r.Rows[0][slices.Index(places, place)] })
				out.Keys = append(out.Keys, EncodeKey(key))
			}
		case s.MaxBytes > 0: // of Show
			rows.Rows = append(rows.Rows, r.Rows...)
			cut = cut || r.Cut
		}
	}
	if w.shown != nil {
		out.Page = w.shown.page(Request{Table: w.t.Name}, rows)
		out.Rows = w.places(out, cut)
	}
	return out, nil
}

// places says where on the page each row is. Of one that was asked for by another key than
// it has now nothing is known.
func (w *Write) places(out Written, cut bool) []Shown {
	at := map[string]int{}
	for i, r := range out.Page.Rows {
		at[r.Key] = i
	}
	shown := make([]Shown, len(w.edits))
	for i := range shown {
		shown[i].At = -1
		if i >= len(out.Keys) || out.Keys[i] == "" {
			continue
		}
		if n, ok := at[out.Keys[i]]; ok {
			shown[i].At = n
			continue
		}
		shown[i].Gone = !cut && w.keys[i] != nil && EncodeKey(w.keys[i]) == out.Keys[i]
	}
	return shown
}
