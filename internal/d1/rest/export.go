package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// exported is a finished export.
type exported struct {
	bookmark string // of the state that was exported
	sum      string // of the dump
}

// task is what Cloudflare says of an export or import.
type task struct {
	AtBookmark string   `json:"at_bookmark"`
	Status     string   `json:"status"`
	Success    *bool    `json:"success"`
	Error      string   `json:"error"`
	Messages   []string `json:"messages"`
	// Filename and UploadURL answer an import's init.
	Filename  string `json:"filename"`
	UploadURL string `json:"upload_url"`
	Result    struct {
		SignedURL  string  `json:"signed_url"`
		NumQueries float64 `json:"num_queries"`
	} `json:"result"`
}

// refused reports what Cloudflare says against a task, or nil.
func (t task) refused(c call, subject string) error {
	if t.Status != "error" && t.Error == "" {
		return nil
	}
	f := &Failure{Status: 200, Sent: true, Text: cut(t.Error), retryAfter: -1}
	return fault.Wrap(f, fault.Invalid, "Cloudflare didn't finish %s: %s", subject, sentence(f.Text))
}

// export writes the database into an SQLite file that isn't there yet. While
// Cloudflare makes the dump, the database answers nobody.
func (p *Provider) export(ctx context.Context, id, path string) (exported, error) {
	c := call{what: "the export of the database %s", id: id}
	params := cf.DatabaseExportParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	content := map[string]any{"output_format": "polling"}
	var t task
	for n := int64(1); ; n++ {
		t = task{}
		err := p.result(ctx, c, p.body(content, func(ctx context.Context, opts ...option.RequestOption) error {
			_, err := p.api.Database.Export(ctx, id, params, opts...)
			return err
		}), &t)
		if err == nil {
			err = t.refused(c, p.subject(c))
		}
		if err != nil {
			return exported{}, err
		}
		if t.Status == "complete" {
			break
		}
		if t.AtBookmark == "" {
			return exported{}, p.unread(c)
		}
		content["current_bookmark"] = t.AtBookmark
		d1.Report(ctx, "Cloudflare exports the database", n, 0)
		if !sleep(ctx, p.poll) {
			return exported{}, (&Failure{Cause: cause(ctx.Err()), Sent: true, stopped: ctx.Err(), retryAfter: -1}).fault(c, p.subject(c))
		}
	}
	sum := sha256.New()
	for n := 1; ; n++ {
		sum.Reset()
		err := p.download(ctx, c, t.Result.SignedURL, path, sum)
		f, failed := failure(err)
		switch {
		case err == nil:
			return exported{t.AtBookmark, hex.EncodeToString(sum.Sum(nil))}, nil
		case !failed:
			return exported{}, err
		case n == tries || f.stopped != nil || !sleep(ctx, p.pause):
			return exported{}, f.fault(c, p.subject(c))
		}
	}
}

// download loads the dump at a signed address into a file. The address is a
// secret: it is in no error.
func (p *Provider) download(ctx context.Context, c call, signed, path string, sum hash.Hash) error {
	resp, err := p.fetch(ctx, http.MethodGet, signed, nil, 0)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	counted := &counter{ctx: ctx, r: io.TeeReader(resp.Body, sum), total: resp.ContentLength, step: "downloading the export"}
	next := sqlite.Statements(counted)
	var broke error // what ended the download, apart from what the SQL is
	err = sqlite.Load(ctx, path, func() (string, error) {
		s, err := next()
		if err != nil && !errors.Is(err, io.EOF) {
			broke = err
		}
		return s, err
	})
	switch e, ours := errors.AsType[*sqlite.Error](err); {
	case err == nil:
		return nil
	case broke != nil || ctx.Err() != nil:
		return p.explain(ctx, resp, errors.Join(broke, ctx.Err()))
	case ours:
		return fault.Wrap(err, fault.Invalid, "The export of the database %s can't be read: %s. Tell us which kinds of tables it has.", p.name(c.id), d1.Words(e.Text))
	}
	return fault.Wrap(err, fault.Unavailable, "The copy of the database %s can't be written. Check the disk.", p.name(c.id))
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

// Copy exports the database, or opens the file of a retired one. The file of an
// export is gone when it is closed.
func (p *Provider) Copy(ctx context.Context, id, point string) (d1.File, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	if point != "" {
		path, err := p.pointPath(point)
		if err != nil && bookmarkRule.MatchString(point) {
			return nil, fault.New(fault.Invalid, "Cloudflare gives copies only of a database as it is now. Restore %s to that moment first, then copy it.", p.name(id))
		}
		if err != nil {
			return nil, err
		}
		return sqlite.OpenFile(path, false)
	}
	path := filepath.Join(p.dir, "copy-"+uuid.NewString()+suffix+unborn)
	if _, err := p.export(ctx, id, path); err != nil {
		return nil, err
	}
	return sqlite.OpenFile(path, true)
}
