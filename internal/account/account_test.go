package account_test

import (
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/controlplane/controltest"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/vault"
)

const (
	someID  = "0123456789abcdef0123456789abcdef"
	otherID = "fedcba9876543210fedcba9876543210"
)

var ada = auth.Actor{Operator: "op1", Role: auth.RoleOwner, Scope: auth.Everything, Email: "ada@acme.test"}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

type world struct {
	t       *testing.T
	dir     string
	control d1.Conn
	store   *controlplane.Store
}

func newWorld(t *testing.T) *world {
	t.Helper()
	f := controltest.New(t, now, nil)
	return &world{t: t, dir: f.Dir, control: f.Control, store: f.Store}
}

func (w *world) vault(key string) *vault.Vault {
	w.t.Helper()
	v, err := vault.FromFile(filepath.Join(w.dir, key))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) open(v *vault.Vault, env account.Credentials) *account.Account {
	w.t.Helper()
	a, err := account.Open(w.t.Context(), account.Options{
		Store: w.store, Vault: v, Environment: env, URL: "http://127.0.0.1:1/", Dir: filepath.Join(w.dir, "d1"),
		Log: slog.New(slog.DiscardHandler), Now: now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func TestWhatIsSavedIsThereAfterAStart(t *testing.T) {
	w := newWorld(t)
	v := w.vault("key")
	a := w.open(v, account.Credentials{})
	if _, err := a.Provider(); !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.Message(err), "under Settings") {
		t.Errorf("without an account: %v", err)
	}
	if _, ok := a.Budget(); ok {
		t.Error("a budget without an account")
	}
	if _, err := a.Save(t.Context(), ada, account.Input{ID: someID, Token: "token", ReadToken: "reading"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Provider(); err != nil {
		t.Error(err)
	}
	again := w.open(v, account.Credentials{})
	if s := again.State(); s.ID != someID || !s.ReadToken || s.UpdatedBy != ada.Email || s.Problem != "" {
		t.Errorf("%+v", s)
	}

	// Another key can't open it: that is said, and the rest works.
	lost := w.open(w.vault("another"), account.Credentials{})
	if s := lost.State(); s.ID != someID || !strings.Contains(s.Problem, "enter the secret again") {
		t.Errorf("%+v", s)
	}
	if _, err := lost.Provider(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if _, err := lost.Save(t.Context(), ada, account.Input{ID: someID, Token: "token"}); err != nil {
		t.Errorf("it can't be entered again: %v", err)
	}
	if _, err := lost.Provider(); err != nil {
		t.Error(err)
	}
}

func TestTheEnvironmentWins(t *testing.T) {
	w := newWorld(t)
	v := w.vault("key")
	if _, err := w.open(v, account.Credentials{}).Save(t.Context(), ada, account.Input{ID: someID, Token: "token"}); err != nil {
		t.Fatal(err)
	}
	a := w.open(v, account.Credentials{ID: otherID, Token: config.NewSecret("env")})
	if s := a.State(); s.ID != otherID || !s.FromEnvironment {
		t.Errorf("%+v", s)
	}
	if _, err := a.Save(t.Context(), ada, account.Input{ID: someID, Token: "x"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if s := w.open(v, account.Credentials{ID: otherID}).State(); s.ID != someID { // half of it is none
		t.Errorf("%+v", s)
	}
}

func TestAnAccountWithDatabasesStays(t *testing.T) {
	w := newWorld(t)
	a := w.open(w.vault("key"), account.Credentials{})
	if _, err := a.Save(t.Context(), ada, account.Input{ID: someID, Token: "token"}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"insert into organizations (id, slug, name, created_at, created_by) values ('o', 'acme', 'Acme', 0, 'x')",
		"insert into databases (id, name, org_id, org_slug, org_name, provider, state, created_at, created_by, " +
			"updated_at) values ('d', 'acme-1', 'o', 'acme', 'Acme', 'd1', 'ready', 0, 'x', 0)",
		"update databases set provider_id = '00000000-0000-4000-8000-000000000001'",
	} {
		if _, err := w.control.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Save(t.Context(), ada, account.Input{ID: otherID, Token: "token"}); !fault.Is(err, fault.Unavailable) ||
		!strings.Contains(fault.Message(err), "1 databases") {
		t.Errorf("another account: %v", err)
	}
	if err := a.Forget(t.Context(), ada); !fault.Is(err, fault.Conflict) {
		t.Errorf("forgotten: %v", err)
	}
	if _, err := a.Save(t.Context(), ada, account.Input{ID: someID, Token: "another-token"}); err != nil {
		t.Errorf("another token: %v", err)
	}
}

func TestSecretsAreSealedAnew(t *testing.T) {
	w := newWorld(t)
	old := w.vault("key")
	if _, err := w.open(old, account.Credentials{}).
		Save(t.Context(), ada, account.Input{ID: someID, Token: "token", ReadToken: "reading"}); err != nil {
		t.Fatal(err)
	}
	both, err := old.WithNewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		n, err := account.Reseal(t.Context(), w.store, both, audit.Entry{ID: "e", At: now(), Action: audit.SecretsRotate, Outcome: audit.Done})
		if err != nil || n != want {
			t.Errorf("%d sealed anew, want %d: %v", n, want, err)
		}
	}
	if s := w.open(both.WithoutOldKeys(), account.Credentials{}).State(); s.Problem != "" || !s.ReadToken {
		t.Errorf("%+v", s)
	}
	if s := w.open(old, account.Credentials{}).State(); s.Problem == "" {
		t.Error("the old key still opens it")
	}
}

func TestItIsUsedWhileItChanges(t *testing.T) {
	w := newWorld(t)
	a := w.open(w.vault("key"), account.Credentials{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				_, _ = a.Provider()
				_ = a.State()
				_, _ = a.Budget()
			}
		})
		wg.Go(func() {
			for range 3 {
				if _, err := a.Save(t.Context(), ada, account.Input{ID: someID, Token: "token"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
