package handlers

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/web/templates/paths"
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

// rowsChanges saves the queue of changes of a page, and answers with the rows as they are
// now: all of it is one batch.
func (s rows) rowsChanges(c echo.Context) error {
	if c.FormValue("do") == "sql" {
		return s.changesSQL(c)
	}
	v := views.Saved{Table: views.Table{Editable: true}}
	opened := false
	err := tables(s).changeTable(c, func(t openTable) error {
		opened = true
		queue, w, err := t.update(c, s.Now())
		if err != nil {
			return err
		}
		req, err := browse.ParseRequest(t.name, url.Values{"cols": {c.FormValue("cols")}})
		if err != nil {
			return err
		}
		if err := w.Show(req); err != nil {
			return err
		}
		written, err := s.rowsWrite(c, t, w)
		if err != nil {
			return err
		}
		v.Table.Database, v.Table.Page = t.d.Name, written.Page
		for i, q := range queue {
			v.Rows = append(v.Rows, views.SavedRow{Place: q.Row, At: written.Rows[i].At, Gone: written.Rows[i].Gone})
		}
		return nil
	})
	if err != nil && opened {
		return s.changesError(c, err)
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("HX-Trigger", "rows:saved")
	return render(c, http.StatusOK, views.SavedRows(v))
}

// changesSQL shows what a queue of changes would send.
func (s rows) changesSQL(c echo.Context) error {
	return tables(s).withTable(c, func(t openTable) error {
		_, w, err := t.update(c, s.Now())
		if err != nil {
			return s.changesError(c, err)
		}
		return render(c, http.StatusOK, views.ChangesAnswer(views.Changes{SQL: w.SQL()}))
	})
}

// update prepares what a queue of changes says.
func (t openTable) update(c echo.Context, now time.Time) ([]queuedRow, *browse.Write, error) {
	queue, edits, err := parseQueue(c.FormValue("changes"))
	if err != nil {
		return nil, nil, err
	}
	w, err := t.cat.Update(c.Request().Context(), t.conn, t.name, edits, now)
	return queue, w, err
}

// changesError says beside the queue why it wasn't saved, or that nobody knows.
func (s rows) changesError(c echo.Context, err error) error {
	v := views.Changes{Error: fault.Message(err)}
	switch {
	case fault.Is(err, fault.Unknown):
		table, _ := tableName(c) // it was read before
		v.Look, v.Ref = paths.Table(c.Param("db"), table), fault.RefOf(err)
	case !isFormError(err) && !fault.Is(err, fault.NotFound):
		return err
	}
	if ce, ok := errors.AsType[*browse.ConflictError](err); ok {
		v.Conflicts = ce.Conflicts
	}
	return render(c, statusOf(err), views.ChangesAnswer(v))
}
