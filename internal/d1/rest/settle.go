package rest

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// settleTime is how long Cloudflare may go on with a call whose answer was lost: its API
// resolves a request within 30 s, says its page of D1's limits.
const settleTime = 30 * time.Second

// maxLook is the longest pause between two looks at what became of a write.
const maxLook = 5 * time.Second

// cantTell is what a look saw that doesn't tell whose work it is, a sentence.
type cantTell string

func (c cantTell) Error() string { return string(c) }

// settle finds out what became of a write whose answer was lost, by reading: look reports
// whether what the call asked for is so now. It returns nil once it is. Where it still
// isn't after all the time Cloudflare may take, that is fault.Unavailable: it was not
// done. Where that can't be read, or look can't tell, lost stays what it is, as any
// error does that isn't fault.Unknown.
func (p *Provider) settle(ctx context.Context, c call, lost error, look func(context.Context) (bool, error)) error {
	if !fault.Is(lost, fault.Unknown) {
		return lost
	}
	d1.Report(ctx, "reading what became of it", 0, 0)
	for until, pause := time.Now().Add(p.settling), p.pause; ; pause = min(2*pause, maxLook) {
		last := !time.Now().Before(until)
		done, err := look(ctx)
		saw, moot := errors.AsType[cantTell](err)
		switch {
		case moot:
			return told(lost, fault.Unknown, "Cloudflare's answer to %s was lost, so it isn't known whether it was done. %s "+
				"Look at what is there before you do it again.", p.subject(c), string(saw))
		case ctx.Err() != nil:
			return lost
		case err == nil && done:
			return nil
		case err == nil && last:
			return told(lost, fault.Unavailable, "Cloudflare's answer to %s was lost, and %s later it had not been done. "+
				"Nothing was changed. Try again.", p.subject(c), seconds(p.settling))
		case last || !sleep(ctx, min(pause, max(0, time.Until(until)))):
			return lost
		}
	}
}

// told is an error with what was found out since.
func told(lost error, kind fault.Kind, format string, args ...any) error {
	out := fault.Wrap(lost, kind, format, args...)
	out.Ref = fault.RefOf(lost)
	return out
}

// isGone reports that Cloudflare itself says that there is no database with that id; a 404 of
// something else on the way says nothing.
func (p *Provider) isGone(ctx context.Context, id string) (bool, error) {
	_, err := p.Get(ctx, id)
	if f, ok := errors.AsType[*Failure](err); ok && f.Status == http.StatusNotFound && f.Code == codeNoDatabase {
		return true, nil
	}
	return false, err
}
