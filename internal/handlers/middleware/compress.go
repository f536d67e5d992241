package middleware

import (
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
)

const (
	// CompressionLevel is gzip's fastest. It takes a fifth of the time of the standard
	// library's level 5, which was half of a page of a table, and makes that page a
	// fifth larger (docs/performance.md).
	CompressionLevel = 1
	// minCompressed is what goes in one packet anyway, in bytes.
	minCompressed = 1400
)

// Compress compresses answers for browsers that take gzip, but not those below a path:
// what is there brings its own. No page holds a secret beside what an attacker could
// make it reflect.
func Compress(but string) echo.MiddlewareFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.CompressionLevel(CompressionLevel), gzhttp.MinSize(minCompressed),
		gzhttp.ContentTypeFilter(gzhttp.CompressAllContentTypeFilter), gzhttp.EnableZstd(false))
	if err != nil {
		panic(err) // the options are wrong, at every start
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) (err error) {
			if strings.HasPrefix(c.Request().URL.Path, but) {
				return next(c)
			}
			res := c.Response()
			plain := res.Writer
			defer func() { res.Writer = plain }() // an error is answered without
			wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				res.Writer = w
				err = next(c)
			})).ServeHTTP(plain, c.Request())
			return err
		}
	}
}
