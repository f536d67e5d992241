package middleware_test

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

func TestWhatIsCompressed(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("<td>a row of a table\n", 500)
	e := echo.New()
	e.HTTPErrorHandler = func(err error, c echo.Context) { _ = c.String(http.StatusTeapot, err.Error()) }
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc { // as the log does
		return func(c echo.Context) error {
			if err := next(c); err != nil {
				c.Error(err)
			}
			return nil
		}
	}, middleware.Compress("/static/"))
	e.GET("/large", func(c echo.Context) error { return c.HTML(http.StatusCreated, large) })
	e.GET("/static/large", func(c echo.Context) error { return c.HTML(http.StatusOK, large) })
	e.GET("/small", func(c echo.Context) error { return c.HTML(http.StatusOK, "small") })
	e.GET("/away", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/small") })
	e.GET("/none", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.GET("/error", func(echo.Context) error { return errors.New(large) })
	e.GET("/stream", func(c echo.Context) error {
		for line := range strings.Lines(large) {
			if _, err := io.WriteString(c.Response(), line); err != nil {
				return err
			}
			c.Response().Flush()
		}
		return nil
	})
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	for _, c := range []struct {
		path, accepts string
		status        int
		body          string
		packed        bool
	}{
		{"/large", "gzip, deflate, br, zstd", http.StatusCreated, large, true},
		{"/large", "", http.StatusCreated, large, false},
		{"/large", "gzip;q=0", http.StatusCreated, large, false},
		{"/large", "zstd", http.StatusCreated, large, false},
		{"/stream", "gzip", http.StatusOK, large, true},
		{"/static/large", "gzip", http.StatusOK, large, false},
		{"/small", "gzip", http.StatusOK, "small", false},
		{"/away", "gzip", http.StatusSeeOther, "", false},
		{"/none", "gzip", http.StatusNoContent, "", false},
		{"/error", "gzip", http.StatusTeapot, large, false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", c.accepts)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		packed := res.Header.Get("Content-Encoding") == "gzip"
		var r io.Reader = res.Body
		if packed {
			if r, err = gzip.NewReader(r); err != nil {
				t.Fatal(err)
			}
		}
		body, err := io.ReadAll(r)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != c.status || string(body) != c.body || packed != c.packed {
			t.Errorf("%s for %q: %d, %d bytes, compressed %v, %v", c.path, c.accepts, res.StatusCode, len(body), packed, err)
		}
		if varies := strings.Join(res.Header.Values("Vary"), ", "); !strings.HasPrefix(c.path, "/static/") && varies != "Accept-Encoding" {
			t.Errorf("%s varies by %q", c.path, varies)
		}
	}
}
