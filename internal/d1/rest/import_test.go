package rest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

// TestAnImportIsFollowedOn while questions about it fail in ways that pass: it goes on at
// Cloudflare.
func TestAnImportIsFollowedOn(t *testing.T) {
	t.Parallel()
	path := sample(t, "create table t(a)", "insert into t values (1)")
	f := newFront(t, front.Options{})
	for _, fl := range []front.Fault{front.ResetBefore, front.ResetAfter, front.BadGateway, front.InternalAfter, front.Overloaded,
		front.Truncated, front.NotJSON, front.ChangedType, front.Limited, front.LimitedFor} {
		t.Run(strings.ReplaceAll(string(fl), " ", "-"), func(t *testing.T) {
			t.Parallel()
			x := front.NewFaults(t, f)
			p := provider(t, x.URL, func(o *rest.Options) { o.Pause, o.Follow = time.Millisecond, time.Minute })
			id := f.Add("db-" + strings.ReplaceAll(string(fl), " ", "-"))
			faults := 12 // four questions of three tries each
			if fl == front.Limited || fl == front.LimitedFor {
				faults = 1 // which is waited for
			}
			// A look whether it is empty, init, ingest; the upload goes elsewhere.
			x.Next(append(make([]front.Fault, 3), slices.Repeat([]front.Fault{fl}, faults)...)...)
			if filled, err := p.Fill(t.Context(), id, d1.FillInput{Path: path}); err != nil || filled.Rows != 1 {
				t.Errorf("%+v, %v", filled, err)
			}
		})
	}
}

// TestAnImportThatCannotBeFollowedMayGoOn: no answer for too long, or none that could come.
func TestAnImportThatCannotBeFollowedMayGoOn(t *testing.T) {
	t.Parallel()
	path := sample(t, "create table t(a)", "insert into t values (1)")
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	id := f.Add("acme")
	revoked := &revoking{next: &http.Transport{DisableKeepAlives: true}}
	for name, c := range map[string]struct {
		fl     front.Fault
		client *http.Client
	}{"no answer": {fl: front.BadGateway}, "a token that is taken away": {client: &http.Client{Transport: revoked}}} {
		id := id
		if c.client != nil {
			id = f.Add("revoked")
		}
		p := provider(t, x.URL, func(o *rest.Options) {
			o.Pause, o.Follow = time.Millisecond, 50*time.Millisecond
			if c.client != nil {
				o.HTTPClient, o.Follow = c.client, time.Hour
			}
		})
		if c.fl != "" {
			x.Next(append(make([]front.Fault, 3), slices.Repeat([]front.Fault{c.fl}, 10_000)...)...)
		}
		_, err := p.Fill(t.Context(), id, d1.FillInput{Path: path})
		x.Next()
		if m := fault.Message(err); !fault.Is(err, fault.Unknown) || d1.NotRun(err) || !strings.Contains(m, "It may go on at Cloudflare") ||
			!strings.HasPrefix(m, "The import into the database "+id) {
			t.Errorf("%s: %v", name, err)
		}
		conn, _ := provider(t, f.URL).Open(t.Context(), id)
		if n := exec(t, conn, "select count(*) from t").Rows[0][0].Int(); n != 1 {
			t.Errorf("%s: %d rows", name, n)
		}
	}
	if answered, effects := f.Count("import"); effects != 2 {
		t.Errorf("%d imports of %d calls", effects, answered)
	}
}

// revoking sends another token once an import was begun.
type revoking struct {
	next  http.RoundTripper
	calls int
}

func (r *revoking) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.calls++; r.calls > 4 { // with the upload
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer revoked")
	}
	return r.next.RoundTrip(req)
}
