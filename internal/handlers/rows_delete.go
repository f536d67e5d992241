package handlers

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s *Server) rowsAskDelete(c echo.Context) error {
	return s.deletePage(c, http.StatusOK, c.QueryParams()["key"], c.QueryParam("back"), nil)
}

// deletePage shows rows and asks whether to delete them. It is summed up what
// they hold before they are read to be shown: what changes in between is refused.
func (s *Server) deletePage(c echo.Context, status int, keys []string, back string, cause error) error {
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		ctx := c.Request().Context()
		sums, err := cat.Sums(ctx, conn, table, keys)
		if err != nil {
			return err
		}
		v := views.DeleteRows{Database: d.Name, Table: table, Keys: keys, Sums: sums, Back: back}
		if !slices.Contains(sums, "") {
			w, err := cat.Delete(ctx, conn, table, keys, sums)
			if err != nil {
				return err
			}
			v.SQL = w.SQL()
		}
		if v.Page, err = browse.FetchRows(ctx, conn, cat, browse.Request{Table: table}, keys); err != nil {
			return err
		}
		if v.Effects, err = cat.Effects(ctx, conn, table, keys); err != nil {
			return err
		}
		if cause != nil {
			v.Error = fault.Message(cause)
		}
		p := s.databasePage(c, d, "data", "Delete rows",
			layout.Crumb{Text: table, Href: views.BackHref(d.Name, table, back), Mono: true}, layout.Crumb{Text: "Delete rows"})
		return render(c, status, views.DeleteRowsPage(p, v))
	})
}

// rowsDelete deletes rows that are what was shown. Asked with do=ask it only shows
// them: the keys of many rows are too long for an address.
func (s *Server) rowsDelete(c echo.Context) error {
	form, err := c.FormParams()
	if err != nil {
		return asFault(err)
	}
	keys, back := form["key"], form.Get("back")
	if form.Get("do") == "ask" {
		return s.deletePage(c, http.StatusOK, keys, back, nil)
	}
	err = s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog, table string) error {
		w, err := cat.Delete(c.Request().Context(), conn, table, keys, form["seen"])
		if err != nil {
			return err
		}
		_, err = s.rowsWrite(c, d, conn, table, w)
		return err
	})
	if expected(err) && len(keys) > 0 {
		return s.deletePage(c, statusOf(err), keys, back, err)
	}
	if err != nil {
		return err
	}
	table, _ := tableName(c) // it was read above
	return redirect(c, done(views.BackHref(c.Param("db"), table, back), "rows-deleted"))
}
