package rest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// fault turns a failure into what people read. what is the call in words, such as
// "the statement on the database acme".
func (f *Failure) fault(c call, subject string) *fault.Error {
	kind, msg := f.words(c, subject)
	out := fault.Wrap(f, kind, "%s", msg)
	out.Ref = f.RequestID
	return out
}

func (f *Failure) words(c call, subject string) (fault.Kind, string) {
	switch {
	case c.writes && f.mayHaveWritten() && f.stopped != nil:
		return fault.Unknown, fmt.Sprintf("The wait for %s was stopped, and Cloudflare may go on with it for up to 30 s. "+
			"Look at what is there before you do it again.", subject)
	case c.writes && f.mayHaveWritten():
		return fault.Unknown, fmt.Sprintf("Cloudflare's answer to %s was lost, so it isn't known whether it was done; "+
			"it may take up to 30 s more. Look at what is there before you do it again.", subject)
	case errors.Is(f.stopped, context.DeadlineExceeded) && f.Sent:
		return fault.Limited, fmt.Sprintf("Cloudflare didn't answer %s in time, so the wait was ended. Nothing was changed. "+
			"See whether Cloudflare has an outage, then try again.", subject)
	case f.stopped != nil && f.Sent:
		return fault.Limited, fmt.Sprintf("The wait for %s was stopped. Nothing was changed; Cloudflare may go on reading for "+
			"up to 30 s.", subject)
	case f.stopped != nil:
		return fault.Limited, fmt.Sprintf("The wait for %s was stopped before it was sent. Nothing was changed.", subject)
	case f.Code == codeNoDatabase || f.Status == 404:
		return fault.NotFound, fmt.Sprintf("Cloudflare knows no database for %s. Look at the account's list of databases.", subject)
	case f.Code == codeNotCreated:
		return fault.Conflict, "Cloudflare didn't make the database: the name is probably taken. Choose another name."
	case f.Code == codeAuth && f.Status != 403 || f.Status == 401:
		name, needs := f.token()
		return fault.Denied, fmt.Sprintf("Cloudflare doesn't accept the %s for %s. Nothing was changed. "+
			"Make a token with the permission %s and enter it as the %s in the settings.", name, subject, needs, name)
	case f.Code == codeUnauthorized || f.Status == 403:
		name, needs := f.token()
		return fault.Denied, fmt.Sprintf("The %s is not allowed for %s, or the account's id is wrong. Nothing was changed. "+
			"Give the %s the permission %s for this account.", name, subject, name, needs)
	case f.quota():
		return fault.Unavailable, fmt.Sprintf("Cloudflare refused %s: %s Nothing was changed.", subject, sentence(f.Text))
	case f.limited():
		return fault.Limited, fmt.Sprintf("Cloudflare's limit of calls for this account is used up, so %s was not done. "+
			"Try again in %s.", subject, f.wait())
	case f.overloaded():
		return fault.Unavailable, fmt.Sprintf("Cloudflare says that the database is overloaded, so %s was not done. "+
			"Nothing was changed. Try again in a minute.", subject)
	case f.Cause == errTooLarge.Error():
		return fault.Invalid, fmt.Sprintf("The answer to %s is larger than %d MB. Select fewer rows, "+
			"or less of them with substr(column, 1, 1000).", subject, maxAnswer>>20)
	case f.Status == 0 && f.Cause == noAnswer && c.quiet > 0:
		return fault.Unavailable, fmt.Sprintf("Cloudflare did not answer %s within %s. Nothing was changed. "+
			"See whether Cloudflare has an outage, then try again.", subject, seconds(c.quiet))
	case f.Status == 0:
		return fault.Unavailable, fmt.Sprintf("Cloudflare can't be reached for %s (%s). Nothing was changed. "+
			"Check the network, then try again.", subject, f.Cause)
	case f.Text != "" && f.Status < 500 && !f.says(unsure) && !f.says(transient):
		return fault.Invalid, fmt.Sprintf("Cloudflare refused %s: %s", subject, sentence(f.Text))
	}
	return fault.Unavailable, fmt.Sprintf("Cloudflare can't answer %s now. Nothing was changed. Try again in a minute.", subject)
}

// token is which of the two was refused, by its name in the settings, and what it needs.
func (f *Failure) token() (name, needs string) {
	if f.reading {
		return "reading token", "D1 Read alone"
	}
	return "token", "D1 Edit"
}

// wait is when another call may be served.
func (f *Failure) wait() string {
	switch {
	case f.retryAfter <= 0:
		return "a few seconds" // it didn't say, see Budget.refused
	case f.retryAfter < int(Window/time.Second):
		return fmt.Sprintf("%d s", f.retryAfter)
	}
	return minutes(Window)
}

func seconds(d time.Duration) string {
	return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second)/time.Second)))
}

// sentence ends Cloudflare's words as one.
func sentence(text string) string {
	full := d1.Said(text) == "database or disk is full" // which is Cloudflare's to look after
	if text = strings.TrimSpace(d1.Words(text)); full {
		text = "the database is as large as it may become, or an AUTOINCREMENT table of it has used up its ids, " +
			"the last one is 9223372036854775807"
	}
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}
