package middleware_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

// With and without compression, which would end a cut answer as it ends a whole one.
func TestAnAnswerThatAPanicCutDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	e := echo.New()
	e.HTTPErrorHandler = func(_ error, c echo.Context) {
		if !c.Response().Committed {
			_ = c.String(http.StatusTeapot, "told")
		}
	}
	e.Use(middleware.Log(log), middleware.Recover(log), middleware.Compress("/static/"))
	e.GET("/before", func(echo.Context) error { panic("before the first byte") })
	for path, begun := range map[string]string{"/small": "id,name\n", "/large": strings.Repeat("id,name\n", 5000)} {
		e.GET(path, func(c echo.Context) error {
			_, _ = io.WriteString(c.Response(), begun)
			panic("after the first byte")
		})
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(client.CloseIdleConnections)
	for _, accepts := range []string{"", "gzip"} {
		for path, whole := range map[string]bool{"/before": true, "/small": false, "/large": false} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept-Encoding", accepts)
			res, err := client.Do(req)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			if (err == nil) != whole || whole && res.StatusCode != http.StatusTeapot {
				t.Errorf("%s for %q: %v", path, accepts, err)
			}
		}
	}
}
