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
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// queued is a change of a row as the script sends it.
type queued struct {
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
func parseQueue(text string) ([]queued, []browse.RowEdit, error) {
	bad := fault.New(fault.Invalid, "The changes can't be read. Nothing was saved; reload the page.")
	var queue []queued
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
func (s *Server) rowsChanges(c echo.Context) error {
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		ctx := c.Request().Context()
		queue, edits, err := parseQueue(c.FormValue("changes"))
		if err != nil {
			return err
		}
		w, err := cat.Update(ctx, conn, table, edits, s.Now())
		if err == nil && c.FormValue("do") == "sql" {
			return render(c, http.StatusOK, views.ChangesAnswer(views.Changes{SQL: w.SQL()}))
		}
		var written browse.Written
		if err == nil {
			written, err = s.rowsWrite(c, d, conn, table, w)
		}
		if expected(err) || fault.Is(err, fault.NotFound) {
			v := views.Changes{Error: fault.Message(err)}
			if ce, ok := errors.AsType[*browse.ConflictError](err); ok {
				v.Conflicts = ce.Conflicts
			}
			return render(c, statusOf(err), views.ChangesAnswer(v))
		}
		if err != nil {
			return err
		}
		v, err := saved(ctx, conn, cat, table, c.FormValue("cols"), queue, written.Keys)
		if err != nil {
			return err
		}
		v.Table.Database, v.Table.Editable = d.Name, true
		c.Response().Header().Set("HX-Trigger", "rows:saved")
		return render(c, http.StatusOK, views.SavedRows(v))
	})
}

// saved reads the rows of a queue as they are after it was saved.
func saved(ctx context.Context, conn d1.Conn, cat *browse.Catalog, table, cols string, queue []queued, keys []string) (views.Saved, error) {
	req, err := browse.ParseRequest(table, url.Values{"cols": {cols}})
	if err != nil {
		return views.Saved{}, err
	}
	// A key that became too long for a link finds no row.
	linked := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == "" })
	page, err := browse.FetchRows(ctx, conn, cat, req, linked)
	if err != nil {
		return views.Saved{}, err
	}
	v := views.Saved{Table: views.Table{Page: page}}
	for i, q := range queue {
		row := views.SavedRow{Place: q.Row, At: -1}
		if i < len(keys) && keys[i] != "" {
			row.At = slices.IndexFunc(page.Rows, func(r browse.Row) bool { return r.Key == keys[i] })
			row.Gone = row.At < 0
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}
