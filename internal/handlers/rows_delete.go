package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s tables) rowsAskDelete(c echo.Context) error {
	return s.deletePage(c, http.StatusOK, c.QueryParams()["key"], c.QueryParam("back"), nil)
}

// deletePage shows rows and asks whether to delete them. It is summed up what
// they hold before they are read to be shown: what changes in between is refused.
func (s tables) deletePage(c echo.Context, status int, keys []string, back string, cause error) error {
	return s.withTable(c, func(t openTable) error {
		ctx := c.Request().Context()
		sums, err := t.cat.Sums(ctx, t.conn, t.name, keys)
		if err != nil {
			return err
		}
		v := views.DeleteRows{Database: t.d.Name, Table: t.name, Keys: keys, Sums: sums, Back: back}
		if !slices.Contains(sums, "") {
			w, err := t.cat.Delete(ctx, t.conn, t.name, keys, sums)
			if err != nil {
				return err
			}
			v.SQL = w.SQL()
		}
		if v.Page, err = browse.FetchRows(ctx, t.conn, t.cat, browse.Request{Table: t.name}, keys); err != nil {
			return err
		}
		if v.Effects, err = t.cat.Effects(ctx, t.conn, t.name, keys); err != nil {
			return err
		}
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
func (s tables) rowsDelete(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	keys, back := form["key"], form.Get("back")
	if form.Get("do") == "ask" {
		return s.deletePage(c, http.StatusOK, keys, back, nil)
	}
	err = s.withTable(c, func(t openTable) error {
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
