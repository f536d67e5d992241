package handlers

import (
	"fmt"
	"io"
	"net/http"
	"regexp"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

func (s schemas) schemasIndex(c echo.Context) error {
	number, err := pageNumber(c)
	if err != nil {
		return err
	}
	v := views.Schemas{Search: c.QueryParam("q"), Page: fleet.Page{Number: number, Size: pageSize}}
	if v.Schemas, v.Total, err = s.Change.Schemas.InUse(c.Request().Context(), v.Search, v.Page); err != nil {
		return err
	}
	if err := checkPage(v.Page, v.Total); err != nil {
		return err
	}
	p := s.page(c, "Schemas", "schemas", layout.Crumb{Text: "Schemas"})
	return render(c, http.StatusOK, views.SchemasPage(p, v))
}

func (s schemas) schemasShow(c echo.Context) error {
	ctx := c.Request().Context()
	sc, err := s.Change.Schemas.Schema(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	number, err := pageNumber(c)
	if err != nil {
		return err
	}
	v := views.Schema{Schema: sc, Page: fleet.Page{Number: number, Size: pageSize}}
	if v.Versions, v.Total, err = s.Change.Schemas.Versions(ctx, sc.Name, v.Page); err != nil {
		return err
	}
	if err := checkPage(v.Page, v.Total); err != nil {
		return err
	}
	p := s.page(c, sc.Name, "schemas", layout.Crumb{Text: "Schemas", Href: paths.Schemas}, layout.Crumb{Text: sc.Name, Mono: true})
	return render(c, http.StatusOK, views.SchemaPage(p, v))
}

func (s schemas) versionsShow(c echo.Context) error {
	ctx := c.Request().Context()
	n, err := versionOf(c.Param("version"))
	if err != nil {
		return err
	}
	ver, parsed, err := s.Change.Schemas.Version(ctx, c.Param("name"), n)
	if err != nil {
		return err
	}
	v := views.Version{Version: ver, Schema: parsed}
	if n > 1 {
		_, before, err := s.Change.Schemas.Version(ctx, ver.Schema, n-1)
		if err == nil {
			v.Previous, v.Changes = n-1, schema.Diff(before, parsed)
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	p := s.page(c, fmt.Sprintf("%s v%d", ver.Schema, n), "schemas", layout.Crumb{Text: "Schemas", Href: paths.Schemas},
		layout.Crumb{Text: ver.Schema, Href: paths.Schema(ver.Schema), Mono: true}, layout.Crumb{Text: fmt.Sprintf("v%d", n)})
	return render(c, http.StatusOK, views.VersionPage(p, v))
}

// firstSource is what a new schema starts from.
const firstSource = `{
  "name": "organization",
  "version": 1,
  "mixins": {
    "timestamps": { "created_at": "text default now", "updated_at": "text default now" }
  },
  "tables": {
    "users": {
      "id": "text primary key not null",
      "email": "text not null unique",
      "role": "enum(owner,editor,member) not null default member",
      "...timestamps": true
    }
  },
  "indexes": {
    "users": { "idx_users_created_at": { "columns": ["created_at"] } }
  }
}
`

func (s schemas) editorPage(c echo.Context, status int, v views.Editor) error {
	crumbs := []layout.Crumb{{Text: "Schemas", Href: paths.Schemas}, {Text: "New"}}
	if v.Name != "" {
		crumbs = []layout.Crumb{crumbs[0], {Text: v.Name, Href: paths.Schema(v.Name), Mono: true}, {Text: fmt.Sprintf("v%d", v.Next)}}
	}
	return render(c, status, views.EditorPage(s.page(c, "Edit schema", "schemas", crumbs...), v))
}

// schemasNew starts from an example, or from what a database is ("from").
func (s schemas) schemasNew(c echo.Context) error {
	v := views.Editor{Next: 1, Source: firstSource}
	if from := c.QueryParam("from"); from != "" {
		source, err := s.Change.Schemas.DrawDatabase(c.Request().Context(), s.actor(c), from)
		if err == nil {
			v.Left, err = s.Change.Schemas.LeftAlone(c.Request().Context(), s.actor(c), from)
		}
		if fault.Is(err, fault.NotFound) {
			return err
		}
		if v.Source = source; err != nil {
			v.Error = fault.Message(err)
		}
	}
	if form := draft(c); form.Has("source") {
		v.Source = form.Get("source")
	}
	return s.editorPage(c, http.StatusOK, v)
}

var versionKey = regexp.MustCompile(`("version"\s*:\s*)\d+`)

// versionsNew starts from the latest version, its number raised, or from what is
// offered instead of a plan ("plan").
func (s schemas) versionsNew(c echo.Context) error {
	ctx := c.Request().Context()
	sc, err := s.Change.Schemas.Schema(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	latest, _, err := s.Change.Schemas.Version(ctx, sc.Name, sc.Latest)
	if err != nil {
		return err
	}
	v := views.Editor{Name: sc.Name, Next: sc.Latest + 1, Source: setVersion(latest.Source, sc.Latest+1)}
	if plan := c.QueryParam("plan"); plan != "" {
		return s.offerAnswer(c, v, id.Plan(plan))
	}
	if form := draft(c); form.Has("source") {
		v.Source = form.Get("source")
	}
	return s.editorPage(c, http.StatusOK, v)
}

// consoleVersion writes the DDL of the console as the next version of the
// database's schema, into the editor: saved there, it can be planned. Nothing is
// changed.
func (s schemas) consoleVersion(c echo.Context) error {
	ctx, text := c.Request().Context(), c.FormValue("sql")
	drawn, err := s.Change.Schemas.Draw(ctx, s.actor(c), c.Param("db"), text)
	if isFormError(err) {
		return s.withDatabase(c, func(d fleet.Database, conn d1.Conn) error { return query(s).consoleAgain(c, d, conn, err) })
	}
	if err != nil {
		return err
	}
	v := views.Editor{Next: drawn.Version, Source: drawn.Source, Left: drawn.Left}
	if drawn.Version > 1 {
		v.Name = drawn.Name
	}
	v.Draft, err = s.Change.Schemas.CheckVersion(ctx, v.Name, drawn.Source)
	return s.editorAnswer(c, v, err)
}

// setVersion writes a version into the first "version" of a source; the parser
// checks whether that was the right one.
func setVersion(source string, version int) string {
	at := versionKey.FindStringSubmatchIndex(source)
	if at == nil {
		return source
	}
	return source[:at[3]] + fmt.Sprint(version) + source[at[1]:]
}

func (s schemas) schemasCreate(c echo.Context) error { return s.saveVersion(c, "", 1) }

func (s schemas) versionsCreate(c echo.Context) error {
	sc, err := s.Change.Schemas.Schema(c.Request().Context(), c.Param("name"))
	if err != nil {
		return err
	}
	return s.saveVersion(c, sc.Name, sc.Latest+1)
}

// saveVersion saves what was sent as text or as a file, or only compares it.
func (s schemas) saveVersion(c echo.Context, name string, next int) error {
	source, err := sourceOf(c)
	if err != nil {
		return asFault(err)
	}
	v := views.Editor{Name: name, Next: next, Source: source}
	if c.FormValue("do") == "compare" {
		v.Draft, err = s.Change.Schemas.CheckVersion(c.Request().Context(), name, source)
		return s.editorAnswer(c, v, err)
	}
	saved, err := s.Change.Schemas.SaveVersion(c.Request().Context(), s.actor(c), name, source)
	if err != nil {
		return s.editorAnswer(c, v, err)
	}
	return redirect(c, paths.Version(saved.Schema, saved.Version))
}

// editorAnswer shows the form again with what was found.
func (s schemas) editorAnswer(c echo.Context, v views.Editor, err error) error {
	if problems, ok := change.Problems(err); ok {
		v.Problems = problems
		return s.editorPage(c, http.StatusUnprocessableEntity, v)
	}
	if isFormError(err) {
		v.Error = fault.Message(err)
		return s.editorPage(c, statusOf(err), v)
	}
	if err != nil {
		return err
	}
	return s.editorPage(c, http.StatusOK, v)
}

// sourceOf returns the file that was sent, or the text.
func sourceOf(c echo.Context) (string, error) {
	text := c.FormValue("source")
	header, err := c.FormFile("file")
	if err != nil || header.Size == 0 {
		return text, nil
	}
	f, err := header.Open()
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, schema.MaxSource+1))
	return string(b), err
}
