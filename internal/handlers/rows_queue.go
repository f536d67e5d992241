package handlers

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// queued is a change of a row as the script sends it.
type queuedRow struct {
	Key   string `json:"key"`
	Row   int    `json:"row"`
	Cells []struct {
		Column string    `json:"column"`
		Kind   string    `json:"kind"`
		Old    string    `json:"old"`
		As     browse.As `json:"as"`
		Text   string    `json:"text"`
	} `json:"cells"`
}

// parseQueue reads the script's queue. What was seen is a storage class and a
// text, or what a conflict said to compare with.
func parseQueue(text string) ([]queuedRow, []browse.RowEdit, error) {
	bad := fault.New(fault.Invalid, "The changes can't be read. Nothing was saved; reload the page.")
	var queue []queuedRow
	if err := json.Unmarshal([]byte(text), &queue); err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, "%s", bad.Msg)
	}
	edits := make([]browse.RowEdit, len(queue))
	for i, q := range queue {
		edits[i].Key = q.Key
		for _, cell := range q.Cells {
			old, ok := seenOf(cell.Kind, cell.Old)
			if !ok {
				return nil, nil, bad
			}
			edits[i].Cells = append(edits[i].Cells, browse.CellEdit{Column: cell.Column, Old: old, New: browse.Input{As: cell.As, Text: cell.Text}})
		}
	}
	return queue, edits, nil
}

func seenOf(kind, text string) (browse.Seen, bool) {
	switch kind {
	case "seen":
		return browse.ParseSeen(text)
	case d1.Null.String():
		return browse.See(d1.Value{}), true
	case d1.Text.String():
		return browse.See(d1.Str(text)), true
	case d1.Integer.String():
		i, err := strconv.ParseInt(text, 10, 64)
		return browse.See(d1.Int(i)), err == nil
	case d1.Real.String():
		f, err := strconv.ParseFloat(text, 64)
		return browse.See(d1.Float(f)), err == nil
	}
	return browse.Seen{}, false
}

// rowsChanges saves the queue of changes of a page in one batch, and answers with
// the rows as they are now.
func (s tables) rowsChanges(c echo.Context) error {
	return s.withTable(c, func(t openTable) error {
		ctx := c.Request().Context()
		queue, edits, err := parseQueue(c.FormValue("changes"))
		if err != nil {
			return err
		}
		w, err := t.cat.Update(ctx, t.conn, t.name, edits, s.Now())
		if err == nil && c.FormValue("do") == "sql" {
			return render(c, http.StatusOK, views.ChangesAnswer(views.Changes{SQL: w.SQL()}))
		}
		var written browse.Written
		if err == nil {
			written, err = s.rowsWrite(c, t, w)
		}
		if isFormError(err) || fault.Is(err, fault.NotFound) {
			v := views.Changes{Error: fault.Message(err)}
			if ce, ok := errors.AsType[*browse.ConflictError](err); ok {
				v.Conflicts = ce.Conflicts
			}
			return render(c, statusOf(err), views.ChangesAnswer(v))
		}
		if err != nil {
			return err
		}
		page, err := t.rowsByKey(ctx, c.FormValue("cols"), written.Keys)
		if err != nil {
			return err
		}
		v := views.Saved{Table: views.Table{Database: t.d.Name, Editable: true, Page: page}, Rows: savedRows(page, queue, written.Keys)}
		c.Response().Header().Set("HX-Trigger", "rows:saved")
		return render(c, http.StatusOK, views.SavedRows(v))
	})
}

// rowsByKey reads the rows of those keys with these columns. A key that became too long for
// a link finds no row.
func (t openTable) rowsByKey(ctx context.Context, cols string, keys []string) (*browse.Page, error) {
	req, err := browse.ParseRequest(t.name, url.Values{"cols": {cols}})
	if err != nil {
		return nil, err
	}
	linked := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == "" })
	return browse.FetchRows(ctx, t.conn, t.cat, req, linked)
}

// savedRows says where on the page each row of a queue is, whose keys are now these.
func savedRows(page *browse.Page, queue []queuedRow, keys []string) (out []views.SavedRow) {
	for i, q := range queue {
		row := views.SavedRow{Place: q.Row, At: -1}
		if i < len(keys) && keys[i] != "" {
			row.At = slices.IndexFunc(page.Rows, func(r browse.Row) bool { return r.Key == keys[i] })
			row.Gone = row.At < 0
		}
		out = append(out, row)
	}
	return out
}
