package middleware_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

// wire is a listener without a network, so that the time of a test can stand still.
type wire struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.done) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.UnixAddr{Name: "wire"} }

// dial returns a connection to a server with the limits of the program and one handler.
func dial(t *testing.T, h echo.HandlerFunc) net.Conn {
	t.Helper()
	e := echo.New()
	e.Use(middleware.Body(middleware.BlockTime))
	e.Any("/", h)
	w := &wire{conns: make(chan net.Conn), done: make(chan struct{})}
	s := &http.Server{Handler: e, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second}
	go func() { _ = s.Serve(w) }()
	near, far := net.Pipe()
	w.conns <- far
	t.Cleanup(func() {
		_ = near.Close()
		_ = s.Close()
		time.Sleep(time.Second) // a connection that isn't kept is closed half a second late
	})
	return near
}

const (
	second = 10 << 10 // a little more than the least that may come in a second
	size   = 3 << 20  // takes five minutes so
)

// sent is what a handler says of a body.
func sent(c echo.Context) error {
	n, err := io.Copy(io.Discard, c.Request().Body)
	return c.String(http.StatusOK, fmt.Sprintf("%d bytes, slow %v", n, errors.Is(err, middleware.ErrSlow)))
}

func TestABodyMayTakeLongAsLongAsItComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, began := dial(t, sent), time.Now()
		_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", size)
		for n := 0; n < size; n += second {
			if _, err := io.WriteString(c, strings.Repeat("x", min(second, size-n))); err != nil {
				t.Fatalf("after %s: %v", time.Since(began), err)
			}
			time.Sleep(time.Second)
		}
		if got := answered(t, c); got != fmt.Sprintf("%d bytes, slow false", size) {
			t.Error(got)
		}
	})
}

func TestABodyThatComesTooSlowlyIsAnswered(t *testing.T) {
	t.Parallel()
	for name, each := range map[string]int{"nothing": 0, "a byte a second": 1, "half of what it takes": second / 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, began := dial(t, sent), time.Now()
				_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", 2*second))
				go func() {
					for each > 0 {
						time.Sleep(time.Second)
						if _, err := io.WriteString(c, strings.Repeat("x", each)); err != nil {
							return
						}
					}
				}()
				got := answered(t, c)
				if took := time.Since(began); !strings.HasSuffix(got, "slow true") || took > middleware.BlockTime+time.Second {
					t.Errorf("%s, after %s", got, took)
				}
				_ = c.Close()
			})
		})
	}
}

func TestAnAnswerMayTakeLongAsLongAsItGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, func(c echo.Context) error { return c.String(http.StatusOK, strings.Repeat("x", size)) })
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if got := answered(t, c); len(got) != size {
			t.Errorf("%d bytes of %d", len(got), size)
		}
	})
}

func TestAnAnswerThatNobodyReadsEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var failed error
		ended := make(chan struct{})
		c := dial(t, func(c echo.Context) error {
			defer close(ended)
			c.Response().WriteHeader(http.StatusOK)
			_, failed = c.Response().Write([]byte(strings.Repeat("x", size)))
			return nil
		})
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		began := time.Now()
		if <-ended; failed == nil || time.Since(began) > middleware.BlockTime+time.Second {
			t.Errorf("after %s: %v", time.Since(began), failed)
		}
	})
}

// What the program does between two pieces isn't the peer's time.
func TestAnAnswerMayPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := dial(t, func(c echo.Context) error {
			c.Response().WriteHeader(http.StatusOK)
			for range 5 {
				time.Sleep(2 * time.Minute)
				_, _ = c.Response().Write([]byte("one more, "))
				c.Response().Flush()
			}
			return nil
		})
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if got := answered(t, c); got != strings.Repeat("one more, ", 5) {
			t.Error(got)
		}
	})
}

// slowly reads as much a second as a body has to bring.
type slowly struct{ net.Conn }

func (s slowly) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p[:min(len(p), second/10)])
	time.Sleep(100 * time.Millisecond)
	return n, err
}

// answered reads an answer, slowly.
func answered(t *testing.T, c net.Conn) string {
	t.Helper()
	res, err := http.ReadResponse(bufio.NewReader(slowly{c}), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", res.Status, err)
	}
	return string(text)
}
