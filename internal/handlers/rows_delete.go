package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s rows) rowsAskDelete(c echo.Context) error {
	return s.deletePage(c, http.StatusOK, c.QueryParams()["key"], c.QueryParam("back"), nil)
}

// deletePage shows rows and asks whether to delete them. What they hold is summed up as
// they are shown: what changes afterwards is refused.
func (s rows) deletePage(c echo.Context, status int, keys []string, back string, cause error) error {
	return tables(s).readTable(c, func(t openTable) error {
		q, err := t.cat.Question(c.Request().Context(), t.conn, t.name, keys)
		if err != nil {
			return err
		}
		v := views.DeleteRows{Database: t.d.Name, Table: t.name, Keys: keys, Back: back,
			Sums: q.Sums, SQL: q.SQL, Page: q.Page, Effects: q.Effects}
		if cause != nil {
			v.Error = fault.Message(cause)
		}
		p := s.databasePage(c, t.d, "data", "Delete rows",
			layout.Crumb{Text: t.name, Href: views.BackHref(t.d.Name, t.name, back), Mono: true}, layout.Crumb{Text: "Delete rows"})
		return render(c, status, views.DeleteRowsPage(p, v))
	})
}

// rowsDelete deletes rows that are what was shown. Asked with do=ask it only shows
// them: the keys of many rows are too long for an address.
func (s rows) rowsDelete(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	keys, back := form["key"], form.Get("back")
	if form.Get("do") == "ask" {
		return s.deletePage(c, http.StatusOK, keys, back, nil)
	}
	err = tables(s).changeTable(c, func(t openTable) error {
		w, err := t.cat.Delete(c.Request().Context(), t.conn, t.name, keys, form["seen"])
		if err != nil {
			return err
		}
		_, err = s.rowsWrite(c, t, w)
		return err
	})
	if isFormError(err) && len(keys) > 0 {
		return s.deletePage(c, statusOf(err), keys, back, err)
	}
	if err != nil {
		return err
	}
	table, _ := tableName(c) // it was read above
	return redirect(c, donePath(views.BackHref(c.Param("db"), table, back), "rows-deleted"))
}
