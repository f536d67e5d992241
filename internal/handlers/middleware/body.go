package middleware

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// ErrSlow is a body that came slower than its [BlockTime] allows.
var ErrSlow = errors.New("middleware: the body comes too slowly")

// rest is how many bytes of a body that nobody wants are read all the same: the largest
// form and as much again. A browser shows no answer before it has sent its form, and
// none at all where the connection is closed while it sends.
const rest = 16 << 20

const bodyKey = "body"

// body is a request's body, read at the peer's pace.
type body struct {
	io.ReadCloser
	pace pace
	c    echo.Context
	// server is net/http's own writer. Its MaxBytesReader knows no other.
	server http.ResponseWriter
	// asks is that the peer sends nothing before it is told to (Expect: 100-continue),
	// which net/http does when the body is first read.
	asks bool
	// ended and broken are how reading ended.
	ended, broken bool
}

// Body lets a body come and an answer go at the peer's pace, and deals with a body of
// which something is unread when the answer begins. It stands before everything that
// reads or answers. The time is [BlockTime], but in tests.
func Body(blockTime time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			server := c.Response().Writer
			deadlines := http.NewResponseController(server)
			c.Response().Writer = &answer{ResponseWriter: server, pace: newPace(deadlines.SetWriteDeadline, blockTime)}
			if c.Request().Body == http.NoBody {
				return next(c)
			}
			r := c.Request().WithContext(c.Request().Context()) // net/http looks at the body of its own
			b := &body{ReadCloser: r.Body, c: c, pace: newPace(deadlines.SetReadDeadline, blockTime), server: server,
				asks: r.Header.Get("Expect") != ""}
			r.Body = b
			c.SetRequest(r)
			c.Set(bodyKey, b)
			c.Response().Before(b.settle)
			return next(c)
		}
	}
}

// Read never touches the deadline once the body has ended: from then on net/http reads
// to see the peer leave.
func (b *body) Read(p []byte) (int, error) {
	if b.ended {
		return 0, io.EOF
	}
	b.asks = false
	n, err := b.pace.during(func() (int, error) { return b.ReadCloser.Read(p) })
	b.ended = err == io.EOF //nolint:errorlint // what a body returns at its end
	b.broken = err != nil && !b.ended
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// net/http takes it that the peer is gone, but it is there and is to be answered.
		b.c.SetRequest(b.c.Request().WithContext(context.WithoutCancel(b.c.Request().Context())))
		err = fmt.Errorf("%w: %w", ErrSlow, err)
	}
	return n, err
}

// settle reads what is left of a body, in reason. Where more is left, the connection
// ends with the answer, so that nothing of the body is taken for another request.
func (b *body) settle() {
	if !b.ended && !b.broken && !b.asks {
		_, _ = io.CopyN(io.Discard, b, rest)
	}
	if !b.ended {
		tooLarge(b.server)
	}
}

// tooLarge makes net/http close the connection after the answer, and wait a moment with
// it, so that the answer isn't lost at a peer that still sends. A reader of its own that
// finds too much is the only way to tell it.
func tooLarge(server http.ResponseWriter) {
	_, _ = http.MaxBytesReader(server, io.NopCloser(strings.NewReader("x")), 0).Read(make([]byte, 1))
}

// Limit lets no more than n bytes of the request's body through. The error, here if the
// request declares more, else of a read, is an [*http.MaxBytesError].
func Limit(c echo.Context, n int64) error {
	b, ok := c.Get(bodyKey).(*body)
	if !ok {
		return nil
	}
	r := c.Request()
	if r.ContentLength > n {
		return &http.MaxBytesError{Limit: n}
	}
	r.Body = http.MaxBytesReader(b.server, r.Body, n)
	return nil
}
