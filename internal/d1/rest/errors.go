package rest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Failure is what went wrong on the way to D1, for the log: no address, no token
// and no body of an answer.
type Failure struct {
	// Status is the HTTP status, 0 without an answer.
	Status int
	// Code is Cloudflare's, 0 without one.
	Code int
	// Text is Cloudflare's message for Code, at most 2,000 bytes but for an assertion's.
	Text string
	// RequestID is Cloudflare's id of the request, "" without an answer.
	RequestID string
	// Cause says why there is no answer, in a few words.
	Cause string
	// Sent says that the request may have reached Cloudflare.
	Sent bool
	// reading says that it went with the token that can't write.
	reading bool
	// retryAfter is what the answer asks to wait, in seconds; -1 without.
	retryAfter int
	// stopped says that the caller's context is over.
	stopped error
}

func (f *Failure) Error() string {
	var parts []string
	if f.Status != 0 {
		parts = append(parts, fmt.Sprintf("HTTP %d", f.Status))
	}
	if f.Code != 0 {
		parts = append(parts, fmt.Sprintf("code %d", f.Code))
	}
	if f.Text != "" {
		parts = append(parts, fmt.Sprintf("%q", f.Text))
	}
	if f.Cause != "" {
		parts = append(parts, f.Cause)
	}
	if f.RequestID != "" {
		parts = append(parts, "request id "+f.RequestID)
	}
	return "cloudflare: " + strings.Join(parts, ", ")
}

func (f *Failure) Unwrap() error { return f.stopped }

// Is answers to d1.ErrNotRun, see d1.NotRun.
func (f *Failure) Is(target error) bool { return target == d1.ErrNotRun && f.notRun() }

// notRun reports an answer that says itself that nothing was run, or that there was no
// connection to send anything by.
func (f *Failure) notRun() bool {
	if f.Status == 0 {
		return !f.Sent
	}
	switch f.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests:
		return true
	}
	switch f.Code {
	case codeUnauthorized, codeNoDatabase, codeAuth:
		return true
	}
	return errors.Is(d1.NewError(f.Text), d1.ErrNotRun)
}

// cause puts an error of the network into words without addresses.
func cause(err error) string {
	var dns *net.DNSError
	var wait net.Error
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.Is(err, context.Canceled):
		return "stopped by its caller"
	case errors.Is(err, context.DeadlineExceeded):
		return "out of time"
	case errors.As(err, &dns):
		return "the name can't be resolved"
	case errors.As(err, &authority), errors.As(err, &host):
		return "the certificate isn't trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection ended early"
	case errors.Is(err, errTooLarge):
		return errTooLarge.Error()
	case errors.Is(err, errShape):
		return errShape.Error()
	case errors.As(err, &wait) && wait.Timeout():
		return noAnswer
	}
	return "the connection failed"
}

// Cloudflare's codes (facts A1).
const (
	codeUnauthorized = 7403
	codeNoDatabase   = 7404
	codeSQL          = 7500
	codeNotCreated   = 7502
	codeAuth         = 10000
)

// sqlEnd is what the text of a refusal by SQLite ends in: what comes before it
// may be words of the user's schema. Of the codes only those are named after which
// the statement, and the transaction it was in, certainly changed nothing.
var sqlEnd = regexp.MustCompile(`: SQLITE_(ERROR|CONSTRAINT|TOOBIG|MISMATCH|AUTH|RANGE)(_[A-Z]+)*( \(extended: SQLITE_[A-Z_]+\))?$`)

// statement reports SQLite's own refusal of a statement, whose words say nothing
// of D1's state: a trigger, a CHECK or a column can have any of D1's phrases.
func (f *Failure) statement() bool {
	return f.Status == 400 && f.Code == codeSQL && sqlEnd.MatchString(f.Text)
}

// says reports that D1's text, unless it is SQLite's, has one of the words.
func (f *Failure) says(words []string) bool { return !f.statement() && hasAny(f.Text, words) }

// transient are D1's words for what passes by itself.
var transient = []string{
	"Network connection lost", "storage caused object to be reset", "reset because its code was updated",
	"D1 DB is overloaded", "queued for too long", "Cannot resolve D1 DB due to transient issue",
}

// unsure are D1's words after which a write may have been made or not.
var unsure = []string{
	"Network connection lost", "caused object to be reset", "reset because its code was updated", "internal error",
	"transient issue", "exceeded timeout", "exceeded its CPU time limit", "isolate exceeded its memory limit", "Internal error",
	"Something went wrong", "timed out",
}

func hasAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// overloaded tells a database that is overloaded from an account that has used
// up its calls; both are a 429.
func (f *Failure) overloaded() bool {
	if f.Status == 429 {
		return strings.Contains(f.Text, "overloaded") || strings.Contains(f.Text, "queued")
	}
	return strings.HasPrefix(f.Text, "D1 DB is overloaded") && !f.statement()
}

// quota reports a limit of the account's plan, whatever status it comes with.
func (f *Failure) quota() bool { return d1.NewError(f.Text).Class == d1.Quota }

// limited reports the account's limit of calls.
func (f *Failure) limited() bool { return f.Status == 429 && !f.overloaded() && !f.quota() }

// fromSQL reports a refusal of the statement by D1's engine, which changed nothing.
func (f *Failure) fromSQL() bool {
	if f.statement() {
		return true
	}
	switch f.Code {
	case codeUnauthorized, codeNoDatabase, codeAuth, codeNotCreated:
		return false
	}
	if f.Text == "" || f.Status == 401 || f.Status == 403 || f.Status == 404 || f.Status == 429 || hasAny(f.Text, unsure) {
		return false
	}
	return f.Code == codeSQL || strings.Contains(f.Text, "SQLITE_") || d1.NewError(f.Text).Class != d1.Other
}

// mayHaveWritten reports that the request may have had its effect.
func (f *Failure) mayHaveWritten() bool {
	switch {
	case f.Status == 0:
		return f.Sent
	case f.notRun():
		return false
	case f.Status >= 500 || f.Status == 408 || f.Status < 300:
		return !f.fromSQL()
	case f.says(unsure):
		return true
	}
	return f.Status >= 300 && f.Status < 400
}

// canRepeat reports that the same read may succeed a moment later.
func (f *Failure) canRepeat() bool {
	switch {
	case f.stopped != nil || f.limited() || f.quota() || f.Cause == errTooLarge.Error() || f.Cause == errShape.Error():
		return false
	case f.Status == 0, f.Status == 429, f.Status == 408, f.Status >= 500 && !f.fromSQL():
		return true
	case f.Status < 300 && f.Cause != "": // an answer that broke off
		return true
	}
	return f.says(transient)
}
