package rest_test

import (
	"context"
	"net/http"
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

// burst is Cloudflare's limit of 100 calls in 60 s, the example of its documents, which says
// in each answer what it is and refuses what goes beyond.
type burst struct {
	mu      sync.Mutex
	arrived []time.Time
	refused int
}

func (s *burst) answer() *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	counting := 0
	for _, at := range s.arrived {
		if time.Since(at) < time.Minute {
			counting++
		}
	}
	h := header("Ratelimit-Policy", `"burst";q=100;w=60, "default";q=1200;w=300`)
	if counting >= 100 {
		s.refused++
		return &http.Response{StatusCode: http.StatusTooManyRequests, Header: h}
	}
	s.arrived = append(s.arrived, time.Now())
	return &http.Response{StatusCode: http.StatusOK, Header: h}
}

func (s *burst) call(ctx context.Context, b *rest.Budget) error {
	settle, err := rest.Take(b, ctx)
	if err != nil {
		return err
	}
	time.Sleep(20 * time.Millisecond)
	settle(s.answer())
	return nil
}

// TestEveryLimitThatIsNamedIsKept, and a share of each is kept for people: a page every 3 s
// is served while work asks as fast as it may.
func TestEveryLimitThatIsNamedIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s := rest.NewBudget(rest.BudgetOptions{}), &burst{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 100 {
					if err := s.call(d1.Background(t.Context()), b); err != nil {
						t.Error(err)
					}
				}
			})
		}
		pages := 0
		for began := time.Now(); time.Since(began) < 8*time.Minute; time.Sleep(3 * time.Second) {
			if err := s.call(t.Context(), b); err != nil {
				t.Errorf("page %d: %v", pages, err)
			}
			pages++
		}
		began := time.Now()
		wg.Wait()
		if s.refused > 0 || pages < 150 || time.Since(began) > 10*time.Minute {
			t.Errorf("%d refused, %d pages, %s more for the work", s.refused, pages, time.Since(began))
		}
	})
}

// TestALimitIsNamedInItsRefusal: a person is told which, and when there is room.
func TestALimitIsNamedInItsRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, s := rest.NewBudget(rest.BudgetOptions{}), &burst{}
		for range 100 {
			if err := s.call(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		err := s.call(t.Context(), b)
		if !fault.Is(err, fault.Limited) || !d1.NotRun(err) ||
			!strings.HasPrefix(fault.Message(err), "Cloudflare's limit of 100 calls in 1 minute is used up.") {
			t.Errorf("%v", err)
		}
		time.Sleep(time.Minute)
		if err := s.call(t.Context(), b); err != nil {
			t.Error(err)
		}
		// What others use up of it counts as well.
		settle, err := rest.Take(b, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		settle(&http.Response{Header: header("Ratelimit", `"burst";r=1;t=30`, "Ratelimit-Policy", `"burst";q=100;w=60`)})
		if err := call(t.Context(), b, 0); err != nil {
			t.Error(err)
		}
		if err := call(t.Context(), b, 0); !fault.Is(err, fault.Limited) {
			t.Errorf("nothing is left of it: %v", err)
		}
		began := time.Now()
		if err := call(d1.Background(t.Context()), b, 0); err != nil || time.Since(began) != 30*time.Second {
			t.Errorf("work after %s: %v", time.Since(began), err)
		}
		// A limit that isn't named any more is none after a while; odd ones hold nothing up for longer.
		settle, _ = rest.Take(b, t.Context())
		settle(&http.Response{Header: header("Ratelimit", `"year";r=0;t=31536000`, "Ratelimit-Policy",
			`"year";q=1;w=31536000, "none";q=0;w=60, "odd";q=1;w=-5`+strings.Repeat(`, "x";q=5000;w=7`, 100))})
		time.Sleep(rest.Window + time.Second)
		for range 150 {
			if err := call(t.Context(), b, 0); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestOneCallFindsOut whether a refusal that didn't say for how long is over.
func TestOneCallFindsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := rest.NewBudget(rest.BudgetOptions{})
		refused := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}}
		served := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}}
		var several []func(*http.Response)
		for range 5 {
			settle, err := rest.Take(b, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			several = append(several, settle)
		}
		for _, settle := range several { // all that were on their way
			settle(refused)
			rest.Refuse(b, -1)
		}
		for _, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
			if err := call(t.Context(), b, 0); !fault.Is(err, fault.Limited) || !d1.NotRun(err) {
				t.Errorf("while it is refused: %v", err)
			}
			if s := b.State(); !s.Closed || !s.ResetsAt.Equal(time.Now().Add(pause)) {
				t.Errorf("after the refusal: %+v, want %s", s, pause)
			}
			time.Sleep(pause)
			settle, err := rest.Take(b, t.Context())
			if err != nil {
				t.Fatal(err)
			}
			// The others wait for the one, people for some seconds.
			began := time.Now()
			if err := call(t.Context(), b, 0); !fault.Is(err, fault.Limited) || time.Since(began) > 6*time.Second {
				t.Errorf("beside the one, after %s: %v", time.Since(began), err)
			}
			settle(refused)
			rest.Refuse(b, -1)
		}
		time.Sleep(40 * time.Second)
		settle, err := rest.Take(b, t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			ctx := t.Context()
			if i%2 == 0 {
				ctx = d1.Background(ctx)
			}
			wg.Go(func() {
				if err := call(ctx, b, 0); err != nil {
					t.Errorf("once it is over: %v", err)
				}
			})
		}
		time.Sleep(time.Second)
		settle(served)
		wg.Wait()
		if s := b.State(); s.Closed {
			t.Errorf("%+v", s)
		}
	})
}

// TestARefusalWithoutWordsIsOverInSeconds, seen from who asks.
func TestARefusalWithoutWordsIsOverInSeconds(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	x := front.NewFaults(t, f)
	p := provider(t, x.URL)
	x.Next(front.Limited)
	if _, err := p.List(t.Context()); !fault.Is(err, fault.Limited) || !strings.Contains(fault.Message(err), "Try again in a few seconds.") {
		t.Errorf("refused: %v", err)
	}
	if _, err := p.List(d1.Background(t.Context())); err != nil {
		t.Error(err)
	}
	if s := p.Budget().State(); s.Closed {
		t.Errorf("%+v", s)
	}
}
