package rest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

// waiting is how a step begins that waits for the budget.
const waiting = "waiting for Cloudflare's limit"

// An import that was begun and can't be asked about, since the account's calls are
// used up, is not one of which nothing was sent.
func TestAnImportThatWasBegunIsNotSaidToBeUnsent(t *testing.T) {
	t.Parallel()
	path := sample(t, "create table t(a)", "insert into t values (1)")
	f := newFront(t, front.Options{})
	id := f.Add("acme")
	// One call to see that it is empty, init, ingest: the poll has no room.
	p := provider(t, f.URL, func(o *rest.Options) { o.Budget = rest.NewBudget(rest.BudgetOptions{Calls: 3}) })
	stopped, stop := context.WithCancel(t.Context())
	defer stop()
	ctx := d1.WithProgress(stopped, func(step string, _, _ int64) {
		if strings.HasPrefix(step, waiting) {
			stop()
		}
	})
	_, err := p.Fill(ctx, id, d1.FillInput{Path: path})
	conn, _ := provider(t, f.URL).Open(t.Context(), id)
	r, rerr := conn.Query(t.Context(), d1.Query("select count(*) from t"))
	if rerr != nil {
		t.Fatal(rerr)
	}
	if n := r.Rows[0][0].Int(); n != 1 {
		t.Fatalf("%d rows", n)
	}
	if err == nil || !fault.Is(err, fault.Unknown) || strings.Contains(fault.Message(err), "Nothing was sent") {
		t.Errorf("the rows are there, and the error says: %v", err)
	}
}

// Where the calls are used up in between, the questions wait for their turn.
func TestAnImportIsAskedAboutWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	path := sample(t, "create table t(a)", "insert into t values (1)")
	f := newFront(t, front.Options{})
	id := f.Add("acme")
	const calls = 40
	b := rest.NewBudget(rest.BudgetOptions{Calls: calls, Window: 5 * time.Second})
	p := provider(t, f.URL, func(o *rest.Options) { o.Budget = b })
	var begun sync.Once
	var waited bool
	ctx := d1.WithProgress(t.Context(), func(step string, _, _ int64) {
		waited = waited || strings.HasPrefix(step, waiting)
		if step == "Cloudflare imports the database" {
			begun.Do(func() { // somebody else uses up what is left
				for range calls {
					_ = call(t.Context(), b, 0)
				}
			})
		}
	})
	if _, err := p.Fill(ctx, id, d1.FillInput{Path: path}); err != nil || !waited {
		t.Errorf("waited %t: %v", waited, err)
	}
}
