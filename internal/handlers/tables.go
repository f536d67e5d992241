package handlers

import (
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// shown is a name as a title has it.
func shown(name string) string {
	label, _ := textual.Name(name)
	return label
}

// tableName decodes the path's table.
func tableName(c echo.Context) (string, error) {
	name, err := browse.DecodeName(c.Param("table"))
	if err != nil {
		return "", fault.New(fault.NotFound, "There is no such table.")
	}
	return name, nil
}

func (s tables) tablesShow(c echo.Context) error {
	began := time.Now()
	table, err := tableName(c)
	if err != nil {
		return err
	}
	q := c.QueryParams()
	req, err := browse.ParseRequest(table, q)
	if err != nil {
		return err
	}
	if q.Has("op") { // the filter form: its fields become one filter of the URL
		req = req.First()
		f, err := browse.ParseFilter(browse.Filter{Column: q.Get("column"), Op: browse.Op(q.Get("op")), Value: q.Get("value")}.String())
		if err != nil {
			return err
		}
		req.Filters = append(req.Filters, f)
		return c.Redirect(http.StatusSeeOther, paths.With(paths.Table(c.Param("db"), table), req.Query()))
	}
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog) error {
		ctx := c.Request().Context()
		page, err := browse.Fetch(ctx, conn, cat, req)
		if err != nil {
			return err
		}
		v := views.Table{Database: d.Name, Tables: cat.Tables, Request: req, Page: page, Took: time.Since(began),
			Editable: page.ReadOnly == "" && rightsOf(c).Write}
		if st, err := cat.Structure(table); err == nil {
			v.Indexes = len(st.Indexes)
		}
		title := shown(page.Table)
		return render(c, http.StatusOK, views.TablePage(s.databasePage(c, d, "data", title, layout.Crumb{Text: title, Mono: true}), v))
	})
}

// withCatalog does f with a database and its catalog, for a page that only reads. The
// catalog is a kept one that the page's own calls check.
func (s tables) withCatalog(c echo.Context, f func(fleet.Database, d1.Conn, *browse.Catalog) error) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		return s.catalogs.Read(c.Request().Context(), d.ProviderID, conn, func(conn d1.Conn, db *live.Database) error {
			return f(d, conn, &browse.Catalog{Database: db})
		})
	})
}

// catalog returns what a database holds now.
func (s tables) catalog(c echo.Context, d fleet.Database, conn d1.Conn) (*browse.Catalog, error) {
	db, err := s.catalogs.Database(c.Request().Context(), d.ProviderID, conn)
	if err != nil {
		return nil, err
	}
	return &browse.Catalog{Database: db}, nil
}

// withCell reads the cell that a request names.
func (s tables) withCell(c echo.Context, f func(fleet.Database, string, browse.Content) error) error {
	table, err := tableName(c)
	if err != nil {
		return err
	}
	return s.withCatalog(c, func(d fleet.Database, conn d1.Conn, cat *browse.Catalog) error {
		ctx := c.Request().Context()
		content, err := cat.CellContent(ctx, conn, table, c.QueryParam("key"), c.QueryParam("column"))
		if err != nil {
			return err
		}
		return f(d, table, content)
	})
}

func (s tables) tablesCell(c echo.Context) error {
	return s.withCell(c, func(d fleet.Database, table string, content browse.Content) error {
		v := views.Cell{Database: d.Name, Table: table, Key: c.QueryParam("key"), Content: content}
		p := s.databasePage(c, d, "data", content.Column.Name,
			layout.Crumb{Text: table, Href: paths.Table(d.Name, table), Mono: true}, layout.Crumb{Text: content.Column.Name, Mono: true})
		return render(c, http.StatusOK, views.CellPage(p, v))
	})
}

// tablesBlob downloads a value. It is never shown in the browser: what it holds
// is anybody's.
func (s tables) tablesBlob(c echo.Context) error {
	return s.withCell(c, func(_ fleet.Database, table string, content browse.Content) error {
		if content.TooLarge {
			return content.Unreadable(table)
		}
		h := c.Response().Header()
		h.Set("Content-Disposition", mime.FormatMediaType("attachment",
			map[string]string{"filename": table + "-" + content.Column.Name + ".bin"}))
		h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
		return c.Blob(http.StatusOK, "application/octet-stream", []byte(content.Value.Text()))
	})
}

func (s tables) structureShow(c echo.Context) error {
	return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error {
		cat, err := s.catalog(c, d, conn)
		if err != nil {
			return err
		}
		v := views.Structure{Database: d.Name, All: cat.Tables}
		name := c.QueryParam("table")
		if !c.QueryParams().Has("table") && len(cat.Tables) > 0 {
			name = cat.Tables[0].Name
		}
		crumb := layout.Crumb{Text: "Structure"}
		if len(cat.Tables) > 0 {
			st, err := cat.Structure(name)
			if err != nil {
				return err
			}
			v.Chosen, crumb = &st, layout.Crumb{Text: shown(st.Name), Mono: true}
		}
		return render(c, http.StatusOK, views.StructurePage(s.databasePage(c, d, "structure", "Structure", crumb), v))
	})
}
