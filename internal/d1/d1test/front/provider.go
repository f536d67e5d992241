package front

import (
	"net/http"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1/rest"
)

// Provider returns f's account as a rest.Provider that may edit, through base: f.URL
// or that of a Faults. Its budget is more than a test uses up, its folder and its
// connections end with the test; change may alter the options.
func Provider(t testing.TB, base string, change ...func(*rest.Options)) *rest.Provider {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	o := rest.Options{
		Account: Account, Token: Token, BaseURL: base, Dir: t.TempDir(), HTTPClient: &http.Client{Transport: tr},
		Poll: time.Millisecond, Settle: time.Second, Follow: time.Second, Budget: rest.NewBudget(rest.BudgetOptions{Calls: 1 << 20}),
	}
	for _, c := range change {
		c(&o)
	}
	p, err := rest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
