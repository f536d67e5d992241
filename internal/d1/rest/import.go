package rest

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// importFile uploads a dump and waits until Cloudflare has run it.
func (p *Provider) importFile(ctx context.Context, id string, d dumpFile) error {
	start := call{what: "the import into the database %s", id: id, writes: true}
	ask := start
	ask.writes = false // it changes nothing, and may be asked again
	t, err := p.importStep(ctx, ask, map[string]any{"action": "init", "etag": d.sum})
	if err != nil {
		return err
	}
	if t.Filename == "" {
		return p.unread(ask)
	}
	if t.UploadURL != "" { // there is none for a file that Cloudflare has already
		if err := p.upload(ctx, ask, t.UploadURL, d); err != nil {
			return err
		}
	}
	t, err = p.importStep(ctx, start, map[string]any{"action": "ingest", "etag": d.sum, "filename": t.Filename})
	if err != nil {
		return err
	}
	return p.awaitImport(ctx, start, t)
}

// maxPoll is how rarely a long import is asked about, maxUnanswered how rarely while there
// is no answer.
const maxPoll, maxUnanswered = 5 * time.Second, 30 * time.Second

// followTime is how long an import is followed without an answer: a network that is gone,
// or an outage of the API, ends nothing at Cloudflare.
const followTime = 5 * time.Minute

// awaitImport asks about an import that was begun until it is over. That it can't
// ask, for whatever reason, says nothing of the import: only Cloudflare's own word
// that it failed does. So it waits for the budget where others are refused, and goes on
// when there is no answer, for as long as followTime; it ends as fault.Unknown.
func (p *Provider) awaitImport(ctx context.Context, start call, t task) error {
	ask := start
	ask.writes = false
	step, pause, answered := "Cloudflare imports the database", p.poll, time.Now()
	for n := int64(1); t.Status != "complete"; n++ {
		if t.AtBookmark == "" {
			return p.unread(start)
		}
		d1.Report(ctx, step, n, 0)
		if !sleep(ctx, pause) {
			return p.begun(ctx, start, ctx.Err())
		}
		next, err := p.importStep(d1.Background(ctx), ask, map[string]any{"action": "poll", "current_bookmark": t.AtBookmark})
		switch {
		case err == nil:
			next.AtBookmark = cmp.Or(next.AtBookmark, t.AtBookmark)
			t, step, answered = next, "Cloudflare imports the database", time.Now()
			pause = min(pause*3/2, max(p.poll, maxPoll))
		case next.failed():
			return err
		case ctx.Err() != nil || !mayAnswerLater(err) || time.Since(answered) > p.follow:
			return p.begun(ctx, start, err)
		default:
			if fault.Is(err, fault.Limited) { // an answer: the budget waits for as long as it says
				answered = time.Now()
			}
			step, pause = "Cloudflare doesn't answer; asking again about the import", min(2*pause, max(p.poll, maxUnanswered))
		}
	}
	return nil
}

// mayAnswerLater reports a question that failed for what passes: not for the token, nor
// since there is no such database or import.
func mayAnswerLater(err error) bool {
	return fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Limited)
}

// begun is the error of an import that was begun and can't be asked about.
func (p *Provider) begun(ctx context.Context, c call, err error) error {
	why := "Cloudflare doesn't answer questions about it"
	if ctx.Err() != nil {
		why = "the wait for it was stopped"
	}
	out := fault.Wrap(err, fault.Unknown, "%s was begun and %s, so it isn't known whether it was done. It may go on at Cloudflare. "+
		"Look at the tables that are there before you do it again.", sqltext.Upper(p.subject(c)[:1])+p.subject(c)[1:], why)
	out.Ref = fault.RefOf(err)
	return out
}

func (p *Provider) importStep(ctx context.Context, c call, content map[string]any) (task, error) {
	params := cf.DatabaseImportParams{Body: cf.DatabaseImportParamsBody{}}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	var t task
	err := p.result(ctx, c, p.body(content, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.Import(ctx, c.id, params, opts...)
		return err
	}), &t)
	if err == nil {
		err = t.refused(c, p.subject(c))
	}
	return t, err
}

// upload puts a dump where Cloudflare reads it. Nothing is imported by that.
func (p *Provider) upload(ctx context.Context, c call, address string, d dumpFile) error {
	f, err := os.Open(d.path) //nolint:gosec // a path of our own making
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The file for the import can't be read. Check the disk.")
	}
	defer func() { _ = f.Close() }()
	resp, err := p.fetch(ctx, http.MethodPut, address, &counter{ctx: ctx, r: f, total: d.size, step: "uploading the dump"}, d.size)
	if err != nil {
		if f, failed := failure(err); failed {
			return p.fault(f, c)
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if got := strings.Trim(resp.Header.Get("ETag"), `"`); got != d.sum {
		return fault.New(fault.Unavailable, "The dump arrived damaged at Cloudflare, so nothing was imported into %s. Try again.", p.name(c.id))
	}
	return nil
}
