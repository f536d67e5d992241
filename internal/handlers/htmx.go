package handlers

import (
	"bytes"
	"net/http"
	"sync"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// isFragment reports whether htmx asks for a part of a page.
func isFragment(c echo.Context) bool {
	return c.Request().Header.Get("HX-Request") == "true" && c.Request().Header.Get("HX-Request-Type") != "full"
}

// pages keeps the buffers that pages are written to.
var pages = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxKeptPage is how large a buffer may be to be kept, in bytes.
const maxKeptPage = 1 << 20

// render writes a component, whole or not at all: an error while it is made is
// still an error page.
func render(c echo.Context, status int, component templ.Component) error {
	b := pages.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() <= maxKeptPage {
			pages.Put(b)
		}
	}()
	if err := component.Render(c.Request().Context(), b); err != nil {
		return err
	}
	page := b.Bytes()
	if !utf8.Valid(page) { // names, values and what was typed may be any bytes
		page = bytes.ToValidUTF8(page, []byte("\uFFFD"))
	}
	// One address answers with a page or a part of it, by who asks.
	c.Response().Header().Add("Vary", "HX-Request")
	return c.HTMLBlob(status, page)
}

// redirect sends the browser on after a POST; htmx too leaves the page then.
func redirect(c echo.Context, path string) error {
	if isFragment(c) {
		c.Response().Header().Set("HX-Redirect", path)
		return c.NoContent(http.StatusOK)
	}
	return c.Redirect(http.StatusSeeOther, path)
}
