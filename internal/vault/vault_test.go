package vault_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/vault"
)

var place = vault.Place{Table: "cloudflare", Column: "token", Row: "account"}

func open(t *testing.T, path string) *vault.Vault {
	t.Helper()
	v, err := vault.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestASecretOpensAtItsPlaceAlone(t *testing.T) {
	v := open(t, filepath.Join(t.TempDir(), "key"))
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.String().Draw(rt, "secret")
		p := vault.Place{Table: rapid.String().Draw(rt, "table"), Column: rapid.String().Draw(rt, "column"), Row: rapid.String().Draw(rt, "row")}
		sealed := v.Seal(p, secret)
		if got, err := v.Open(p, sealed); err != nil || got != secret {
			rt.Fatalf("%q %v", got, err)
		}
		if v.Seal(p, secret) == sealed {
			rt.Fatal("the same nonce twice")
		}
		for _, q := range []vault.Place{{p.Table + "x", p.Column, p.Row}, {p.Table, p.Column + "x", p.Row}, {p.Table, p.Column, p.Row + "x"}} {
			if _, err := v.Open(q, sealed); !fault.Is(err, fault.Unavailable) {
				rt.Fatalf("it opens at %v: %v", q, err)
			}
		}
		b := []byte(sealed)
		i := rapid.IntRange(0, len(b)-2).Draw(rt, "at") // the last character has bits that mean nothing
		b[i] ^= 1
		if got, err := v.Open(p, string(b)); err == nil {
			rt.Fatalf("a changed text opens: %q", got)
		}
	})
	// Where one ends and the next begins is told apart.
	sealed := v.Seal(vault.Place{Table: "ab", Column: "c"}, "s")
	if _, err := v.Open(vault.Place{Table: "a", Column: "bc"}, sealed); err == nil {
		t.Error("it opens at another place of the same letters")
	}
}

func TestKeysAreReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	old := open(t, path)
	sealed := old.Seal(place, "secret")
	both, err := old.WithNewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := both.Save(path); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	got, err := again.Open(place, sealed)
	if err != nil || got != "secret" || again.Current(sealed) {
		t.Fatalf("%q %v", got, err)
	}
	resealed := again.Seal(place, got)
	if !again.Current(resealed) {
		t.Error("sealed with an old key")
	}
	if err := again.WithoutOldKeys().Save(path); err != nil {
		t.Fatal(err)
	}
	last := open(t, path)
	if _, err := last.Open(place, sealed); err == nil {
		t.Error("the old key still opens")
	}
	if got, err := last.Open(place, resealed); err != nil || got != "secret" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := old.Open(place, resealed); err == nil {
		t.Error("the old vault opens what a new key sealed")
	}
}

func TestTheKeyFileIsItsOwnersAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.FromFile(path); !fault.Is(err, fault.Denied) || !strings.Contains(fault.Message(err), "chmod 600") {
		t.Errorf("%v", err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	for _, text := range []string{"", "short", "AAAA", strings.Repeat("A", 44), strings.Repeat("A", 43) + "=,x"} {
		_, err := vault.Parse(text)
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the key is in the message: %v", err)
		}
	}
	if _, err := vault.Parse(strings.Repeat("A", 43) + "=, " + strings.Repeat("-_", 21) + "8"); err != nil {
		t.Error(err)
	}
}
