package rest_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// call takes one call that is answered after a while.
func call(ctx context.Context, b *rest.Budget, takes time.Duration) error {
	settle, err := rest.Take(b, ctx)
	if err != nil {
		return err
	}
	time.Sleep(takes)
	settle(nil)
	return nil
}

// Seen from the server, where a call arrives at any time between its start and
// its answer, no window holds more calls than allowed.
func TestNeverMoreCallsThanAllowedInAnyWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls, window = 40, time.Minute
		b := rest.NewBudget(rest.BudgetOptions{Calls: calls, Window: window})
		var mu sync.Mutex
		var arrived []time.Time
		var wg sync.WaitGroup
		for w := range 8 {
			ctx := t.Context()
			if w%2 == 0 {
				ctx = d1.Background(ctx)
			}
			wg.Go(func() {
				for i := range 60 {
					settle, err := rest.Take(b, ctx)
					if err != nil {
						time.Sleep(time.Second)
						continue
					}
					takes := time.Duration((w*7+i*13)%40) * 100 * time.Millisecond
					before := takes * time.Duration((w+i)%3) / 2
					time.Sleep(before)
					mu.Lock()
					arrived = append(arrived, time.Now())
					mu.Unlock()
					time.Sleep(takes - before)
					settle(nil)
				}
			})
		}
		wg.Wait()
		for i := range arrived {
			n := 0
			for _, at := range arrived[i:] {
				if at.Sub(arrived[i]) < window {
					n++
				}
			}
			if n > calls {
				t.Fatalf("%d calls within a window", n)
			}
		}
		if len(arrived) < 240 {
			t.Errorf("only %d calls were made", len(arrived))
		}
	})
}

func TestAShareIsKeptForPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := rest.NewBudget(rest.BudgetOptions{Calls: 100})
		for range 75 {
			if err := call(d1.Background(t.Context()), b, 0); err != nil {
				t.Fatal(err)
			}
		}
		began := time.Now()
		var told string
		ctx := d1.WithProgress(d1.Background(t.Context()), func(step string, _, _ int64) { told = step })
		done := make(chan time.Time)
		go func() {
			_ = call(ctx, b, 0)
			done <- time.Now()
		}()
		synctest.Wait()
		if s := b.State(); s.Used != 75 || s.Limit != 100 || s.ForPeople != 25 || s.Waiting != 1 || !s.Until.Equal(began.Add(5*time.Minute)) ||
			!s.ResetsAt.Equal(s.Until) || s.Closed {
			t.Errorf("while work waits: %+v", s)
		}
		if want := "waiting for Cloudflare's limit of calls until 00:05:00 UTC"; told != want {
			t.Errorf("told %q, want %q", told, want)
		}
		for range 25 { // people are served
			if err := call(t.Context(), b, 0); err != nil {
				t.Fatal(err)
			}
		}
		err := call(t.Context(), b, 0)
		if !fault.Is(err, fault.Limited) || fault.Message(err) != "Cloudflare's limit of 100 calls in 5 minutes is used up. "+
			"Nothing was sent. Calls are possible again at 00:05:00 UTC." {
			t.Errorf("one too many: %v", err)
		}
		if at := <-done; at.Sub(began) < 5*time.Minute || at.Sub(began) > 5*time.Minute+2*time.Second {
			t.Errorf("the work went on after %s", at.Sub(began))
		}
		gone, stop := context.WithTimeout(d1.Background(t.Context()), time.Second)
		defer stop()
		for range 75 {
			_ = call(t.Context(), b, 0)
		}
		if err := call(gone, b, 0); !fault.Is(err, fault.Limited) {
			t.Errorf("work that was stopped while it waited: %v", err)
		}
		if s := b.State(); s.Waiting != 0 || !s.Until.IsZero() {
			t.Errorf("nobody waits: %+v", s)
		}
	})
}

func TestHeadersCorrectTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := rest.NewBudget(rest.BudgetOptions{Calls: 1200})
		settle, err := rest.Take(b, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settle(&http.Response{Header: header("Ratelimit", `"default";r=2;t=30`, "Ratelimit-Policy", `"default";q=1200;w=300`)})
		if s := b.State(); s.Used != 1198 {
			t.Errorf("others use the account too: %+v", s)
		}
		began := time.Now()
		for range 2 {
			if err := call(t.Context(), b, 0); err != nil {
				t.Fatal(err)
			}
		}
		if err := call(t.Context(), b, 0); !fault.Is(err, fault.Limited) {
			t.Errorf("beyond what Cloudflare says is left: %v", err)
		}
		if err := call(d1.Background(t.Context()), b, 0); err != nil || time.Since(began) < 30*time.Second || time.Since(began) > 32*time.Second {
			t.Errorf("work after %s: %v", time.Since(began), err)
		}
		rest.Refuse(b, 90)
		if s := b.State(); !s.Closed || !s.ResetsAt.Equal(time.Now().Add(90*time.Second)) {
			t.Errorf("after a 429: %+v", s)
		}
		if err := call(t.Context(), b, 0); !fault.Is(err, fault.Limited) {
			t.Errorf("a call while Cloudflare refuses all: %v", err)
		}
		time.Sleep(91 * time.Second)
		if err := call(t.Context(), b, 0); err != nil {
			t.Error(err)
		}
		rest.Refuse(b, -1) // without Retry-After it is found out after seconds
		if s := b.State(); !s.ResetsAt.Equal(time.Now().Add(5 * time.Second)) {
			t.Errorf("after a 429 without words: %+v", s)
		}
		settle, _ = rest.Take(rest.NewBudget(rest.BudgetOptions{}), t.Context())
		settle(&http.Response{Header: header("Ratelimit", "nonsense;r=x")})
	})
}

// An answer 429 of the account closes the budget for every provider of it, one of
// a database for nobody.
func TestA429ClosesTheAccount(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	b := rest.NewBudget(rest.BudgetOptions{})
	shared := func(o *rest.Options) { o.Budget, o.Pause = b, time.Millisecond }
	one, two := provider(t, x.URL, shared), provider(t, x.URL, shared)
	x.Next(front.Overloaded, front.Overloaded, front.Overloaded)
	if _, err := one.List(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an overloaded database: %v", err)
	}
	if _, err := two.List(t.Context()); err != nil {
		t.Error(err)
	}
	x.Next(front.LimitedFor)
	if _, err := one.List(t.Context()); !fault.Is(err, fault.Limited) {
		t.Errorf("the account's limit: %v", err)
	}
	seen := x.Seen()
	if _, err := two.List(t.Context()); !fault.Is(err, fault.Limited) || x.Seen() != seen {
		t.Errorf("a call of another provider: %v", err)
	}
	if s := b.State(); !s.Closed {
		t.Errorf("%+v", s)
	}
}

// What Cloudflare asks to wait has an end.
func TestOneOddAnswerDoesNotCloseTheAccountForGood(t *testing.T) {
	t.Parallel()
	for name, h := range map[string][2]string{
		"Retry-After of a year":    {"Retry-After", "31536000"},
		"a rate limit of a year":   {"Ratelimit", `"default";r=0;t=31536000`},
		"Retry-After that is huge": {"Retry-After", "9999999999999"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set(h[0], h[1])
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, `{"success":false,"errors":[{"code":10429,"message":"wait"}]}`)
			}))
			defer srv.Close()
			b := rest.NewBudget(rest.BudgetOptions{})
			p := provider(t, srv.URL+"/client/v4/", func(o *rest.Options) { o.Budget = b })
			c, _ := p.Open(t.Context(), "00000000-0000-0000-0000-000000000000")
			_, _ = c.Query(t.Context(), d1.Query("select 1"))
			if s := b.State(); s.ResetsAt.After(time.Now().Add(rest.Window)) {
				t.Errorf("nobody may call before %s", s.ResetsAt)
			}
			if _, err := rest.Take(b, t.Context()); !fault.Is(err, fault.Limited) ||
				!strings.Contains(fault.Message(err), "Calls are possible again at") {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}

// Cloudflare has several policies; what is left is told of one of them.
func TestWhatIsLeftIsOfThePolicyOfThatName(t *testing.T) {
	const both = `"burst";q=100;w=60, "default";q=1200;w=300`
	for _, c := range []struct {
		limit, policy string
		used          int
	}{
		{`"default";r=600;t=30`, both, 600},
		{`"default";r=600;t=30`, `"burst";q=100;w=60`, 600},
		{`"default";r=600;t=30`, "", 600},
		{`"default";r=300;t=30`, `"default";q=600;w=300`, 600},
		{`"burst";r=1;t=30`, both, 1},
		{`"burst";r=1;t=30, "default";r=600;t=30`, both, 600},
		{`"default";r=9223372036854775807;t=9223372036854775807`, `"default";q=9223372036854775807;w=300`, 1},
		{`"default";r=9223372036854775807;t=1`, "", 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := rest.NewBudget(rest.BudgetOptions{})
			settle, err := rest.Take(b, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			settle(&http.Response{Header: header("Ratelimit", c.limit, "Ratelimit-Policy", c.policy)})
			if s := b.State(); s.Used != c.used || s.ResetsAt.After(time.Now().Add(rest.Window)) {
				t.Errorf("%s of %s: %+v", c.limit, c.policy, s)
			}
			if _, err := rest.Take(b, t.Context()); err != nil {
				t.Errorf("%s of %s: %v", c.limit, c.policy, err)
			}
		})
	}
}
