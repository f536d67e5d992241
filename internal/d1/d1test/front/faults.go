package front

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is something that goes wrong between a client and the API.
type Fault string

// The faults. Those that say After let the API do its work first.
const (
	ResetBefore      Fault = "reset before"     // the connection is reset, nothing was passed on
	ResetAfter       Fault = "reset after"      // … once the API has answered
	HalfBody         Fault = "half a body"      // the answer breaks off, After
	SlowBody         Fault = "slow body"        // the whole answer, in small pieces
	HangBefore       Fault = "hang before"      // no answer, nothing was passed on
	HangAfter        Fault = "hang after"       // no answer, After
	HangInBody       Fault = "hang in the body" // half of the answer and silence, After
	Limited          Fault = "429"              // the account's limit, without Retry-After
	LimitedFor       Fault = "429 retry-after"  // … with 2 s
	Overloaded       Fault = "429 overloaded"   // one database's
	Quota            Fault = "quota"            // the rows of a day are used up, nothing was passed on
	BadGateway       Fault = "502 html"         // a proxy's page, nothing was passed on
	BadGatewayAfter  Fault = "502 html after"   // …, After
	InternalAfter    Fault = "500 7500 after"   // "internal error", After
	NotSuccess       Fault = "200 not success"  // success:false with D1's "internal error", After
	Truncated        Fault = "truncated json"   // a whole answer of broken JSON, After
	ChangedType      Fault = "changed type"     // the result is a number, After
	NotJSON          Fault = "200 html"         // a login page, nothing was passed on
	Redirect         Fault = "307"              // to the same place, nothing was passed on
	DuplicatePages   Fault = "duplicate pages"  // every page of a list is the first
	TwentyOfAll      Fault = "twenty of all"    // every page of a list is the first, of 20 at most
	HundredMegabytes Fault = "100 MB"           // a /raw result of that size, nothing was passed on
	EndlessRefusal   Fault = "endless 500"      // an error page that doesn't end
)

// AllFaults are the faults that any call can meet.
var AllFaults = []Fault{
	ResetBefore, ResetAfter, HalfBody, SlowBody, HangBefore, HangAfter, HangInBody, Limited, LimitedFor, Overloaded, Quota,
	BadGateway, BadGatewayAfter, InternalAfter, NotSuccess, Truncated, ChangedType, NotJSON, Redirect, EndlessRefusal,
}

// Faults is a network that can fail, in front of a Front. It is safe for
// concurrent use.
type Faults struct {
	// URL is the API's base through it.
	URL string

	f       *Front
	server  *httptest.Server
	stop    chan struct{}
	closing sync.Once

	mu   sync.Mutex // guards what follows
	next []Fault    // of the calls to come
	all  Fault      // of every call, "" for none
	seen int
	held chan struct{} // what arrives waits until it is closed, nil for nothing
}

// NewFaults starts one that is closed with the test.
func NewFaults(t testing.TB, f *Front) *Faults {
	t.Helper()
	x := &Faults{f: f, stop: make(chan struct{})}
	x.server = httptest.NewServer(http.HandlerFunc(x.serve))
	x.URL = x.server.URL + "/client/v4/"
	t.Cleanup(x.Close)
	return x
}

// Close ends what hangs, and returns when every request that arrived was dealt with,
// those too whose client has left: none has an effect afterwards. Closing twice is fine.
func (x *Faults) Close() {
	x.closing.Do(func() {
		close(x.stop)
		x.server.CloseClientConnections()
		x.server.Close()
	})
}

// Refused is a base URL where nobody listens.
func Refused(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String() + "/client/v4/"
}

// Next makes the calls to come fail, one after the other; "" lets one pass.
func (x *Faults) Next(faults ...Fault) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.next = append([]Fault(nil), faults...)
}

// Always makes every call fail that Next doesn't name; "" ends that.
func (x *Faults) Always(f Fault) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.all = f
}

// Hold keeps what arrives from now on from being passed on, until release is called: what
// was begun is then under way for as long as a test needs.
func (x *Faults) Hold() (release func()) {
	held := make(chan struct{})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.held = held
	return sync.OnceFunc(func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.held = nil
		close(held)
	})
}

// Seen returns how many requests arrived.
func (x *Faults) Seen() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.seen
}

func (x *Faults) serve(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.seen++
	fault := x.all
	if len(x.next) > 0 {
		fault, x.next = x.next[0], x.next[1:]
	}
	held := x.held
	x.mu.Unlock()
	if held != nil {
		select {
		case <-held:
		case <-x.stop:
		}
	}
	w.Header().Set("Cf-Ray", "fault-"+strings.ReplaceAll(string(fault), " ", "-"))
	switch fault {
	case ResetBefore:
		reset(w)
	case HangBefore:
		x.wait(r)
	case Limited, LimitedFor:
		if fault == LimitedFor {
			w.Header().Set("Retry-After", "2")
		}
		w.Header().Set("Content-Type", "application/json")
		refuse(w, http.StatusTooManyRequests, 10429,
			"More than 1200 requests per 300 seconds reached. Please wait and consider throttling your request speed")
	case Overloaded:
		refuse(w, http.StatusTooManyRequests, 7500, "D1 DB is overloaded. Requests queued for too long.")
	case Quota:
		refuse(w, http.StatusBadRequest, 7500, "Your account has exceeded D1's free tier daily row read limit. "+
			"Upgrade to a paid plan or wait until tomorrow (midnight UTC) to continue.")
	case BadGateway:
		page(w, http.StatusBadGateway)
	case NotJSON:
		page(w, http.StatusOK)
	case Redirect:
		w.Header().Set("Location", r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
	case HundredMegabytes:
		hundredMegabytes(w)
	case EndlessRefusal:
		w.WriteHeader(http.StatusInternalServerError)
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil {
				return
			}
		}
	case "", DuplicatePages, TwentyOfAll:
		q := r.URL.Query()
		if fault == DuplicatePages || fault == TwentyOfAll {
			q.Del("page")
		}
		if fault == TwentyOfAll {
			q.Set("per_page", "20")
		}
		r.URL.RawQuery = q.Encode()
		x.f.server.Config.Handler.ServeHTTP(w, r)
	default:
		x.after(w, r, fault)
	}
}

// after passes the request on and spoils the answer.
func (x *Faults) after(w http.ResponseWriter, r *http.Request, fault Fault) {
	rec := &recorder{header: http.Header{}}
	x.f.server.Config.Handler.ServeHTTP(rec, r)
	body := rec.body.Bytes()
	switch fault {
	case ResetAfter:
		reset(w)
	case HangAfter:
		x.wait(r)
	case BadGatewayAfter:
		page(w, http.StatusBadGateway)
	case InternalAfter:
		refuse(w, http.StatusInternalServerError, 7500, "internal error; reference = e_1234567890abcdef")
	case NotSuccess:
		refuse(w, http.StatusOK, 7500, "internal error; reference = e_1234567890abcdef")
	case Truncated:
		rec.header.Del("Content-Length")
		w.WriteHeader(rec.status)
		_, _ = w.Write(body[:len(body)/2])
	case ChangedType:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"result":7,"success":true,"errors":[],"messages":[]}`)
	case SlowBody:
		w.WriteHeader(rec.status)
		for i := 0; i < len(body); i += max(1, len(body)/20) {
			_, _ = w.Write(body[i:min(len(body), i+max(1, len(body)/20))])
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	case HalfBody, HangInBody:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(rec.status)
		_, _ = w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		if fault == HangInBody {
			x.wait(r)
		}
		reset(w)
	}
}

// wait keeps a request until its client leaves or the test ends.
func (x *Faults) wait(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then the server sees the client leave
	select {
	case <-r.Context().Done():
	case <-x.stop:
	}
}

func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<html><body><h1>"+http.StatusText(status)+"</h1>host: origin-7.internal.example</body></html>")
}

// hundredMegabytes is what /raw answers to a select of 100,000 rows of 1,000 bytes.
func hundredMegabytes(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"result":[{"results":{"columns":["n","s"],"rows":[`)
	text := strings.Repeat("x", 1000)
	for i := range 100_000 {
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := fmt.Fprintf(w, `%s[%d,"%s"]`, comma, i, text); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `]},"success":true,"meta":{"duration":1}}],"success":true,"errors":[],"messages":[]}`)
}
