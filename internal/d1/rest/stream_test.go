package rest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

// A reader that is slow is no silence of Cloudflare.
func TestASlowReaderIsNoSilence(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	p := provider(t, x.URL, func(o *rest.Options) { o.Quiet = 4 * time.Second })
	c, _ := p.Open(t.Context(), f.Add("slow"))
	x.Next(front.HundredMegabytes) // at once, and more than lies between them
	rows, err := c.Stream(t.Context(), d1.Query("select n, s from t"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for n < 40_000 && rows.Next() {
		if n++; n == 10 {
			time.Sleep(5 * time.Second) // a person's slow download
		}
	}
	if rows.Err() != nil || n != 40_000 || x.Seen() != 1 {
		t.Errorf("%d of 40000 rows in %d requests: %v", n, x.Seen(), rows.Err())
	}
}

// A silence of Cloudflare ends a stream, also after its reader has paused.
func TestASilenceAfterAPauseEndsAStream(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"result":[{"results":{"columns":["a"],"rows":[[1],[2],`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer srv.Close()
	p := provider(t, srv.URL+"/client/v4/", func(o *rest.Options) { o.Quiet = 2 * time.Second })
	c, err := p.Open(t.Context(), "00000000-0000-0000-0000-000000000000")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.Stream(t.Context(), d1.Query("select a from t"))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	began := time.Now()
	for rows.Next() {
		if n++; n == 1 {
			time.Sleep(3 * time.Second)
			began = time.Now()
		}
	}
	if took := time.Since(began); n != 2 || !fault.Is(rows.Err(), fault.Unavailable) ||
		!strings.Contains(rows.Err().Error(), "no answer in time") || took < 1900*time.Millisecond {
		t.Errorf("%d rows, after %s: %v", n, took, rows.Err())
	}
	<-gone
}
