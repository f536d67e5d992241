package front

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

// The account and tokens of every Front.
const (
	Account   = "023e105f4ecef8ad9ca31a8372d0c353"
	Token     = "test-token-with-d1-edit"
	ReadToken = "test-token-with-d1-read"
)

// Options tune a Front.
type Options struct {
	// Runtime is whose D1 is behind it, [d1test.Older] for "".
	Runtime d1test.Runtime
	// Ratelimit and RatelimitPolicy are headers of every answer, "" for none.
	Ratelimit, RatelimitPolicy string
	// History keeps a state after every write, for bookmarks of earlier moments.
	History bool
}

// Front is a running server. It is safe for concurrent use.
type Front struct {
	// URL is the API's base, ending in /client/v4/.
	URL string

	t      testing.TB
	rig    *d1test.Rig
	o      Options
	schema *schema
	server *httptest.Server

	mu    sync.Mutex // guards what follows
	dbs   []*database
	calls []Call
	files map[string][]byte // uploads by name
	next  int
}

// Call is a request that was answered, whatever the answer.
type Call struct {
	// Op is list, create, get, edit, delete, query, raw, import, bookmark,
	// restore, verify or upload.
	Op string
	// Database is its name, "" for calls about none.
	Database string
	Status   int
	// Effect says that it changed something.
	Effect bool
	// Refused is what D1's engine said against it, "" for nothing.
	Refused string
}

// database is one of the account's.
type database struct {
	UUID, Name, Hint, Jurisdiction, Replication string
	created                                     time.Time

	mu      sync.Mutex // guards what follows; one statement at a time, as on D1
	db      *d1test.Database
	version int
	states  []state
	task    *task
}

// New starts a Front that stops with the test.
func New(t testing.TB, o Options) *Front {
	t.Helper()
	s, err := loadSchema()
	if err != nil {
		t.Fatalf("front: %v", err)
	}
	if o.Runtime == "" {
		o.Runtime = d1test.Older
	}
	f := &Front{t: t, rig: d1test.Workerd(t, o.Runtime), o: o, schema: s, files: map[string][]byte{}}
	mux := http.NewServeMux()
	const account = "/client/v4/accounts/{account}/d1/database"
	for pattern, h := range map[string]handler{
		"GET " + account:                                  f.list,
		"POST " + account:                                 f.create,
		"GET " + account + "/{id}":                        f.get,
		"PATCH " + account + "/{id}":                      f.edit,
		"PUT " + account + "/{id}":                        f.edit,
		"DELETE " + account + "/{id}":                     f.remove,
		"POST " + account + "/{id}/query":                 f.query,
		"POST " + account + "/{id}/raw":                   f.raw,
		"POST " + account + "/{id}/import":                f.imports,
		"GET " + account + "/{id}/time_travel/bookmark":   f.bookmark,
		"POST " + account + "/{id}/time_travel/restore":   f.restore,
		"GET /client/v4/user/tokens/verify":               f.verify,
		"GET /client/v4/accounts/{account}/tokens/verify": f.verify,
	} {
		mux.Handle(pattern, f.checked(h))
	}
	mux.HandleFunc("PUT /storage/{name}", f.upload)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, 7003, "Could not route to the requested path, perhaps your object identifier is invalid?")
	})
	f.server = httptest.NewServer(mux)
	f.URL = f.server.URL + "/client/v4/"
	t.Cleanup(f.server.Close)
	return f
}

// Calls returns what was answered so far, in order.
func (f *Front) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Call(nil), f.calls...)
}

// Count returns how many calls of that kind were answered, and how many of them
// changed something.
func (f *Front) Count(op string) (answered, effects int) {
	for _, c := range f.Calls() {
		if c.Op == op {
			answered++
			if c.Effect {
				effects++
			}
		}
	}
	return answered, effects
}

// Add makes a database without a call and returns its id.
func (f *Front) Add(name string) string {
	f.t.Helper()
	return f.add(name, "", "", "disabled").UUID
}

func (f *Front) add(name, hint, jurisdiction, replication string) *database {
	d := &database{
		Name: name, Hint: hint, Jurisdiction: jurisdiction, Replication: replication,
		created: time.Now().UTC(), db: f.rig.Database(f.t), states: []state{{read: true}},
	}
	d.states[0].at = d.created
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	d.UUID = fmt.Sprintf("%08x-0000-4000-8000-%012x", f.next, time.Now().UnixNano()&0xffffffffffff)
	f.dbs = append(f.dbs, d)
	return d
}

// handler answers a request about a database, nil for one about none.
type handler func(w http.ResponseWriter, r *http.Request, d *database) Call

// checked is a handler behind the token, the schema and the log of calls.
func (f *Front) checked(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{header: http.Header{}}
		rec.header.Set("Cf-Ray", fmt.Sprintf("%016x-TST", time.Now().UnixNano()))
		if f.o.Ratelimit != "" {
			rec.header.Set("Ratelimit", f.o.Ratelimit)
			rec.header.Set("Ratelimit-Policy", f.o.RatelimitPolicy)
		}
		body, problem := f.schema.request(r)
		if problem != nil {
			f.t.Errorf("front: %s %s: the request isn't what the API documents: %v\n%.500s", r.Method, r.URL.Path, problem, body)
		}
		c := f.allowed(rec, r, h)
		f.mu.Lock()
		c.Status = rec.status
		f.calls = append(f.calls, c)
		f.mu.Unlock()
		if problem := f.schema.response(r, rec); problem != nil {
			f.t.Errorf("front: %s %s: the answer isn't what the API documents: %v\n%.500s", r.Method, r.URL.Path, problem, rec.body.String())
		}
		rec.send(w)
	})
}

func (f *Front) allowed(w http.ResponseWriter, r *http.Request, h handler) Call {
	// Cloudflare goes on when the caller has left: a cancelled call is no undone one.
	r = r.WithContext(context.WithoutCancel(r.Context()))
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	account := r.PathValue("account")
	switch {
	case !ok:
		refuse(w, http.StatusUnauthorized, 10001, "Unable to authenticate request")
		return Call{Op: "refused"}
	case token != Token && token != ReadToken:
		refuse(w, http.StatusUnauthorized, 10000, "Authentication error")
		return Call{Op: "refused"}
	case account != "" && account != Account, token == ReadToken && edits(r):
		refuse(w, http.StatusForbidden, 7403, "The given account is not valid or is not authorized to access this service")
		return Call{Op: "refused"}
	}
	id := r.PathValue("id")
	if id == "" {
		return h(w, r, nil)
	}
	f.mu.Lock()
	var d *database
	for _, one := range f.dbs {
		if one.UUID == id {
			d = one
		}
	}
	f.mu.Unlock()
	if d == nil {
		refuse(w, http.StatusNotFound, 7404, "The database "+id+" could not be found")
		return Call{Op: "refused"}
	}
	c := h(w, r, d)
	c.Database = d.Name
	return c
}

// edits reports a request that needs D1 Edit whatever its body says.
func edits(r *http.Request) bool {
	p := r.URL.Path
	return r.Method != http.MethodGet && !strings.HasSuffix(p, "/query") && !strings.HasSuffix(p, "/raw")
}

func (f *Front) verify(w http.ResponseWriter, _ *http.Request, _ *database) Call {
	answer(w, http.StatusOK, map[string]string{"id": "ed17574386854bf78a67040be0a770b0", "status": "active"}, nil)
	return Call{Op: "verify"}
}

// envelope is what every answer is in.
type envelope struct {
	Result   any       `json:"result"`
	Success  bool      `json:"success"`
	Errors   []message `json:"errors"`
	Messages []message `json:"messages"`
	Info     any       `json:"result_info,omitempty"`
}

type message struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func answer(w http.ResponseWriter, status int, result, info any) {
	send(w, status, envelope{Result: result, Success: true, Errors: []message{}, Messages: []message{}, Info: info})
}

func refuse(w http.ResponseWriter, status, code int, text string) {
	send(w, status, envelope{Errors: []message{{code, text}}, Messages: []message{}})
}

func send(w http.ResponseWriter, status int, e envelope) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(e)
}
