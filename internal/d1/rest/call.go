package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	// maxAnswer is how many bytes of an answer are read into memory at most. One
	// value of D1's longest, as JSON, takes up to 12 MB.
	maxAnswer = 64 << 20
	// maxRefusal is how much of an answer that isn't a 2xx is looked at.
	maxRefusal = 64 << 10
)

// call says what a request is, apart from its content.
type call struct {
	// what is the request in words, %s standing for the database's name:
	// "the statement on the database %s".
	what string
	// id is the database, "" for none.
	id string
	// writes says that it may change something: it is sent once.
	writes bool
	// readToken sends it with the token that can't write, if there is one.
	readToken bool
	// token is sent instead of both, "" for none.
	token string
	// quiet is how long Cloudflare had to answer, once it was sent.
	quiet time.Duration
}

// noAnswer is the cause of a silence.
const noAnswer = "no answer in time"

var (
	errTooLarge = errors.New("the answer is too large")
	errDrips    = errors.New("the answer took too long")
)

// requester is a function of the SDK with its arguments.
type requester func(ctx context.Context, opts ...option.RequestOption) error

// failure returns the Failure err is, unless it was put into words already.
func failure(err error) (*Failure, bool) {
	if _, told := errors.AsType[*fault.Error](err); told {
		return nil, false
	}
	return errors.AsType[*Failure](err)
}

// once sends a request once.
func (p *Provider) once(ctx context.Context, c call, send requester, read func(body io.Reader) error) error {
	// An answer that drips for ever has an end too.
	whole, cancel := context.WithTimeoutCause(ctx, 10*p.quiet, errDrips)
	defer cancel()
	resp, err := p.send(whole, c, send)
	if f, failed := failure(err); failed && ctx.Err() == nil {
		f.stopped = nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	return p.explain(ctx, resp, read(resp.Body))
}

// explain makes a Failure of an error met while an answer was read.
func (p *Provider) explain(ctx context.Context, resp *http.Response, err error) error {
	if err == nil {
		return nil
	}
	f, failed := failure(err)
	if !failed {
		if _, ours := errors.AsType[*fault.Error](err); ours {
			return err
		}
		f = &Failure{Cause: cause(err), retryAfter: -1}
	}
	if errors.Is(err, context.Canceled) && ctx.Err() == nil { // the silence did it
		f.Cause = noAnswer
	}
	f.Status, f.RequestID = resp.StatusCode, requestID(resp)
	f.Sent, f.stopped = true, ctx.Err()
	return f
}

// send sends a request and returns its answer if it is a 2xx; the caller closes
// the body. A silence of p.quiet ends it, before the answer and within each Read
// of its body; who reads slowly is not silent.
func (p *Provider) send(ctx context.Context, c call, send requester) (*http.Response, error) {
	settle, err := p.budget.take(ctx)
	if err != nil {
		return nil, err
	}
	var sent atomic.Bool
	live, cancel := context.WithCancel(ctx)
	silence := time.AfterFunc(p.quiet, cancel)
	traced := httptrace.WithClientTrace(live, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	var got *http.Response
	catch := option.WithMiddleware(func(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
		resp, err := next(r)
		if err == nil {
			got = resp
			if resp.StatusCode < 200 || resp.StatusCode > 299 {
				return nil, refusal(resp)
			}
		}
		return resp, err
	})
	var into *http.Response
	err = send(traced, option.WithMaxRetries(0), option.WithAPIToken(p.token(c)), catch, option.WithResponseBodyInto(&into))
	settle(got)
	if err == nil && got != nil {
		silence.Stop()
		got.Body = &answerBody{liveBody{rc: got.Body, quiet: p.quiet, silence: silence, cancel: cancel}}
		return got, nil
	}
	silent := !silence.Stop()
	cancel()
	if got != nil {
		_ = got.Body.Close()
	}
	f, failed := errors.AsType[*Failure](err)
	if !failed {
		f = &Failure{Cause: cause(err), retryAfter: -1}
	}
	if silent && ctx.Err() == nil {
		f.Cause = noAnswer
	}
	f.Sent, f.stopped = sent.Load(), ctx.Err()
	if got != nil {
		f.Status, f.RequestID = got.StatusCode, requestID(got)
	}
	if f.limited() {
		p.budget.close(f.retryAfter)
	}
	return nil, f
}

func (p *Provider) token(c call) string {
	if c.token != "" {
		return c.token
	}
	if p.reads(c) {
		return p.readToken
	}
	return p.editToken
}

// reads reports a call that goes with the reading token.
func (p *Provider) reads(c call) bool { return c.token == "" && c.readToken && p.readToken != "" }

// fault puts a failure of a call into words.
func (p *Provider) fault(f *Failure, c call) *fault.Error {
	f.reading, c.quiet = p.reads(c), p.quiet
	return f.fault(c, p.subject(c))
}

// answerBody is the body of an answer, whose silence counts only while somebody
// reads: between two reads it is the reader who is slow.
type answerBody struct{ liveBody }

func (b *answerBody) Read(p []byte) (int, error) {
	b.silence.Reset(b.quiet)
	defer b.silence.Stop()
	return b.rc.Read(p)
}

// liveBody is a body whose reading puts off the end by silence, which counts
// between two reads too: of one that is sent, the network reads.
type liveBody struct {
	rc      io.ReadCloser
	quiet   time.Duration
	silence *time.Timer
	cancel  context.CancelFunc
}

func (b *liveBody) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	if n > 0 && b.silence.Stop() {
		b.silence.Reset(b.quiet)
	}
	return n, err
}

func (b *liveBody) Close() error {
	b.silence.Stop()
	b.cancel()
	return b.rc.Close()
}

// refusal reads what Cloudflare says about a request it didn't serve. A proxy's
// page in HTML has no words for anybody.
func refusal(resp *http.Response) *Failure {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	f := &Failure{Status: resp.StatusCode, RequestID: requestID(resp), Sent: true, retryAfter: retryAfter(resp)}
	var e struct{ Errors []message }
	if json.Unmarshal(body, &e) == nil && len(e.Errors) > 0 {
		f.Code, f.Text = e.Errors[0].Code, cut(e.Errors[0].Message)
	}
	return f
}

// message is one of the errors in Cloudflare's envelope.
type message struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// cut shortens D1's words to what somebody would read. What an assertion brings back is
// for the program, which needs all of it.
func cut(s string) string {
	const most = 2000
	s = strings.TrimPrefix(s, "D1_ERROR: ")
	if len(s) <= most {
		return s
	}
	if _, asserted := d1.Failed(d1.NewError(s)); asserted {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func requestID(resp *http.Response) string {
	for _, h := range []string{"Cf-Ray", "Cf-Request-Id"} {
		if id := resp.Header.Get(h); id != "" && len(id) <= 100 {
			return id
		}
	}
	return ""
}

// retryAfter returns the seconds an answer asks to wait, a window of the account's
// limit at most, -1 if it doesn't.
func retryAfter(resp *http.Response) int {
	const most = int(Window / time.Second)
	v := resp.Header.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return min(n, most)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(0, int(time.Until(at)/time.Second)+1), most)
	}
	return -1
}

// result sends a request and decodes the "result" of Cloudflare's envelope.
func (p *Provider) result(ctx context.Context, c call, send requester, result any) error {
	return p.do(ctx, c, send, func(body io.Reader) error {
		var e envelope
		if err := decode(body, &e); err != nil {
			return err
		}
		if err := e.failure(); err != nil {
			return err
		}
		if result == nil {
			return nil
		}
		if err := json.Unmarshal(e.Result, result); err != nil {
			return errShape
		}
		return nil
	})
}

type envelope struct {
	Result  json.RawMessage `json:"result"`
	Success *bool           `json:"success"`
	Errors  []message       `json:"errors"`
	Info    struct {
		Page, Count int
		PerPage     int `json:"per_page"`
		TotalCount  int `json:"total_count"`
	} `json:"result_info"`
}

// failure returns what an answer with status 200 refuses all the same.
func (e envelope) failure() error {
	switch {
	case e.Success == nil:
		return errShape
	case *e.Success:
		return nil
	}
	f := &Failure{retryAfter: -1}
	if len(e.Errors) > 0 {
		f.Code, f.Text = e.Errors[0].Code, cut(e.Errors[0].Message)
	}
	return f
}

// decode reads one JSON value of at most maxAnswer bytes.
func decode(body io.Reader, v any) error {
	b, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(b) > maxAnswer:
		return errTooLarge
	}
	if err := json.Unmarshal(b, v); err != nil {
		if isCut(err) {
			return io.ErrUnexpectedEOF
		}
		return errShape
	}
	return nil
}

// isCut tells JSON that ends early from JSON of another form.
func isCut(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "unexpected end of JSON input")
}

// subject is the request in words.
func (p *Provider) subject(c call) string { return strings.Replace(c.what, "%s", p.name(c.id), 1) }

// service is the SDK's for one provider; the root package of the SDK, which is
// minutes of compiling, is never imported.
func service(base string, client *http.Client) *cf.D1Service {
	return cf.NewD1Service(option.WithBaseURL(base), option.WithHTTPClient(client), option.WithMaxRetries(0))
}
