package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// task is what Cloudflare says of an import.
type task struct {
	AtBookmark string   `json:"at_bookmark"`
	Status     string   `json:"status"`
	Success    *bool    `json:"success"`
	Error      string   `json:"error"`
	Messages   []string `json:"messages"`
	// Filename and UploadURL answer an import's init.
	Filename  string `json:"filename"`
	UploadURL string `json:"upload_url"`
}

// failed reports a task of which Cloudflare says that it failed.
func (t task) failed() bool { return t.Status == "error" || t.Error != "" }

// refused reports what Cloudflare says against a task, or nil.
func (t task) refused(c call, subject string) error {
	if !t.failed() {
		return nil
	}
	f := &Failure{Status: 200, Sent: true, Text: cut(t.Error), retryAfter: -1}
	return fault.Wrap(f, fault.Invalid, "Cloudflare didn't finish %s: %s", subject, sentence(f.Text))
}

// fetch sends a request to an address Cloudflare gave, without a token. It isn't
// one of the API's calls, so the budget doesn't count it.
func (p *Provider) fetch(ctx context.Context, method, address string, body io.Reader, size int64) (*http.Response, error) {
	u, err := url.Parse(address)
	// Only tests have an API without TLS, and storage to go with it.
	if err != nil || u.Host == "" || u.Scheme != "https" && p.base.Scheme == "https" {
		return nil, &Failure{Status: 200, Cause: errShape.Error(), retryAfter: -1}
	}
	live, cancel := context.WithCancel(ctx)
	silence := time.AfterFunc(p.quiet, cancel)
	if body != nil {
		body = &liveBody{rc: io.NopCloser(body), quiet: p.quiet, silence: silence, cancel: func() {}}
	}
	req, err := http.NewRequestWithContext(live, method, address, nil)
	if err != nil {
		cancel()
		return nil, &Failure{Status: 200, Cause: errShape.Error(), retryAfter: -1}
	}
	if body != nil {
		req.Body, req.ContentLength = io.NopCloser(body), size
	}
	resp, err := p.client.Do(req)
	if err != nil {
		silence.Stop()
		cancel()
		return nil, &Failure{Cause: cause(err), Sent: true, stopped: ctx.Err(), retryAfter: -1}
	}
	resp.Body = &liveBody{rc: resp.Body, quiet: p.quiet, silence: silence, cancel: cancel}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		f := refusal(resp)
		_ = resp.Body.Close()
		return nil, f
	}
	return resp, nil
}

// counter tells how much was read.
type counter struct {
	ctx         context.Context
	r           io.Reader
	done, total int64
	told        int64
	step        string
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.done += int64(n)
	if c.done-c.told >= 1<<20 || errors.Is(err, io.EOF) {
		c.told = c.done
		d1.Report(c.ctx, c.step, c.done, max(0, c.total))
	}
	return n, err
}
