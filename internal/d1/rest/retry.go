package rest

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// tries is how often a read is sent at most.
	tries = 3
	// maxPause is the longest Retry-After a read waits for by itself.
	maxPause = 5 * time.Second
)

// do sends a request and hands its answer, a 2xx, to read. Reads are repeated
// when they failed in a way that passes; a call that writes is sent once. The
// error is a fault; one that read made itself stays as it is.
func (p *Provider) do(ctx context.Context, c call, send requester, read func(body io.Reader) error) error {
	return p.retry(ctx, c, func() error { return p.once(ctx, c, send, read) })
}

// open sends a read whose answer the caller reads and closes, repeated as do
// repeats it; what comes after the answer's head isn't.
func (p *Provider) open(ctx context.Context, c call, send requester) (resp *http.Response, err error) {
	err = p.retry(ctx, c, func() (err error) {
		resp, err = p.send(ctx, c, send)
		return err
	})
	return resp, err
}

// retry sends c by once, and a read again when it failed in a way that passes: after
// a pause that differs from call to call, so that many don't come back at the same
// moment, or after what the answer's Retry-After says. A longer one than maxPause is
// its caller's to wait for.
func (p *Provider) retry(ctx context.Context, c call, once func() error) error {
	pause := p.pause
	for n := 1; ; n++ {
		err := once()
		f, failed := failure(err)
		if !failed {
			return err
		}
		wait := pause/2 + rand.N(pause/2+1) //nolint:gosec // only spreads the load
		if f.retryAfter > 0 {
			wait = time.Duration(f.retryAfter) * time.Second
		}
		if c.writes || n == tries || !f.canRepeat() || wait > maxPause || !sleep(ctx, wait) {
			return p.fault(f, c)
		}
		pause *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
