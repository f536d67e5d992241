package handlers

import (
	"bytes"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// isFragment reports whether htmx asks for a part of a page.
func isFragment(c echo.Context) bool {
	return c.Request().Header.Get("HX-Request") == "true" && c.Request().Header.Get("HX-Request-Type") != "full"
}

// render writes a component, whole or not at all: an error while it is made is
// still an error page.
func render(c echo.Context, status int, component templ.Component) error {
	var b bytes.Buffer
	if err := component.Render(c.Request().Context(), &b); err != nil {
		return err
	}
	// One address answers with a page or a part of it, by who asks.
	c.Response().Header().Add("Vary", "HX-Request")
	return c.HTMLBlob(status, b.Bytes())
}

// redirect sends the browser on after a POST; htmx too leaves the page then.
func redirect(c echo.Context, path string) error {
	if isFragment(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusOK)
	}
	return c.Redirect(http.StatusSeeOther, path)
}
