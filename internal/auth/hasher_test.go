package auth_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

var cheap = auth.Params{Memory: 64, Time: 1, Threads: 1, Salt: 16, Key: 32}

func newHasher(t *testing.T, p auth.Params) *auth.Hasher {
	t.Helper()
	h, err := auth.NewHasher(p)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func mustHash(t *testing.T, h *auth.Hasher, password string) string {
	t.Helper()
	s, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	stored := mustHash(t, h, "tulip-9-anvil")
	if stored == mustHash(t, h, "tulip-9-anvil") {
		t.Error("two hashes of one password are equal: no salt")
	}
	for password, want := range map[string]bool{
		"tulip-9-anvil":                         true,
		"tulip-9-anvil ":                        false,
		"Tulip-9-anvil":                         false,
		"":                                      false,
		strings.Repeat("x", auth.MaxPassword+1): false,
	} {
		ok, rehash, err := h.Verify(t.Context(), stored, password)
		if ok != want || rehash || err != nil {
			t.Errorf("Verify(%.20q) = %v, %v, %v; want %v", password, ok, rehash, err, want)
		}
	}
}

func TestDefaultHashHasTheDocumentedForm(t *testing.T) {
	t.Parallel()
	h := newHasher(t, auth.DefaultParams())
	stored := mustHash(t, h, "tulip-9-anvil")
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=47104,t=1,p=1$") {
		t.Errorf("hash %q", stored)
	}
	if ok, rehash, err := h.Verify(t.Context(), stored, "tulip-9-anvil"); !ok || rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
	}
}

// The hash was made with the reference implementation: test.c of
// P-H-C/phc-winner-argon2, version 19, argon2id, t=2, m=256 KiB, p=1.
func TestVerifyAgreesWithTheReference(t *testing.T) {
	t.Parallel()
	const stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	ok, rehash, err := newHasher(t, cheap).Verify(t.Context(), stored, "password")
	if !ok || !rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v; want a match to rehash", ok, rehash, err)
	}
}

func TestVerifyAsksForRehashWhenTheCostChanges(t *testing.T) {
	t.Parallel()
	stored := mustHash(t, newHasher(t, cheap), "tulip-9-anvil")
	for name, change := range map[string]func(*auth.Params){
		"memory": func(p *auth.Params) { p.Memory = 128 },
		"passes": func(p *auth.Params) { p.Time = 2 },
		"salt":   func(p *auth.Params) { p.Salt = 8 },
		"key":    func(p *auth.Params) { p.Key = 16 },
	} {
		p := cheap
		change(&p)
		h := newHasher(t, p)
		if ok, rehash, err := h.Verify(t.Context(), stored, "tulip-9-anvil"); !ok || !rehash || err != nil {
			t.Errorf("%s: Verify = %v, %v, %v; want a match to rehash", name, ok, rehash, err)
		}
		if _, rehash, _ := h.Verify(t.Context(), stored, "wrong"); rehash {
			t.Errorf("%s: a wrong password asks for a rehash", name)
		}
	}
}

func TestHashRefusesHugePasswords(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	h.Derive(func(auth.Params) []byte { t.Error("work was done"); return nil })
	huge := strings.Repeat("x", auth.MaxPassword+1)
	_, err := h.Hash(t.Context(), huge)
	wantFault(t, err, fault.Invalid, "password")
	if err := h.VerifyUnknown(t.Context(), huge); err != nil {
		t.Error(err)
	}
}

func TestUnknownOperatorsCostTheSame(t *testing.T) {
	t.Parallel()
	h := newHasher(t, cheap)
	stored := mustHash(t, h, "tulip-9-anvil")
	var work []auth.Params
	h.Derive(func(p auth.Params) []byte { work = append(work, p); return nil })
	if _, _, err := h.Verify(t.Context(), stored, "wrong"); err != nil {
		t.Fatal(err)
	}
	if err := h.VerifyUnknown(t.Context(), "wrong"); err != nil {
		t.Fatal(err)
	}
	if len(work) != 2 || work[0] != work[1] {
		t.Errorf("work %v: want the same twice", work)
	}
}

func TestNoMoreThanFourHashesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheap)
		var under, done atomic.Int32
		step := make(chan struct{})
		h.Derive(func(auth.Params) []byte {
			under.Add(1)
			<-step
			under.Add(-1)
			return make([]byte, 32)
		})
		const callers = 20
		for range callers {
			go func() {
				defer done.Add(1)
				if _, err := h.Hash(t.Context(), "tulip-9-anvil"); err != nil {
					t.Error(err)
				}
			}()
		}
		for i := range int32(callers) {
			synctest.Wait()
			if got, want := under.Load(), min(int32(auth.MaxHashes), callers-i); got != want {
				t.Errorf("%d under way after %d, want %d", got, i, want)
			}
			step <- struct{}{}
		}
		synctest.Wait()
		if done.Load() != callers {
			t.Errorf("%d of %d done", done.Load(), callers)
		}
	})
}

func TestWaitingForAHashEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(t, cheap)
		release := make(chan struct{})
		h.Derive(func(auth.Params) []byte { <-release; return nil })
		for range auth.MaxHashes {
			go func() { _, _ = h.Hash(t.Context(), "tulip-9-anvil") }()
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan error)
		go func() { waiting <- h.VerifyUnknown(ctx, "x") }()
		synctest.Wait()
		cancel()
		err := <-waiting
		wantFault(t, err, fault.Unavailable, "")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v hides its cause", err)
		}
		close(release)
		synctest.Wait()
		for range 50 { // slots are free, the context has ended
			_, err = h.Hash(ctx, "x")
			wantFault(t, err, fault.Unavailable, "")
		}
	})
}

func TestNewHasherRefusesAbsurdCosts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*auth.Params){
		"no passes":     func(p *auth.Params) { p.Time = 0 },
		"many passes":   func(p *auth.Params) { p.Time = 17 },
		"no threads":    func(p *auth.Params) { p.Threads = 0 },
		"many threads":  func(p *auth.Params) { p.Threads = 17 },
		"little memory": func(p *auth.Params) { p.Memory = 7 },
		"over 1 GiB":    func(p *auth.Params) { p.Memory = 1<<20 + 1 },
		"short salt":    func(p *auth.Params) { p.Salt = 7 },
		"short key":     func(p *auth.Params) { p.Key = 15 },
	} {
		p := cheap
		change(&p)
		if _, err := auth.NewHasher(p); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
