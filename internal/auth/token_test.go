package auth_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
)

func TestNewToken(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		plain, hash := auth.NewToken("kur_")
		secret, ok := strings.CutPrefix(plain, "kur_")
		raw, err := base64.RawURLEncoding.DecodeString(secret)
		if !ok || err != nil || len(raw) != 32 {
			t.Fatalf("token %q: want kur_ and 32 bytes of base64url", plain)
		}
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(hash) || hash != auth.HashToken(plain) {
			t.Fatalf("hash %q is not the hexadecimal sha256", hash)
		}
		if seen[plain] {
			t.Fatal("a token came twice")
		}
		seen[plain] = true
	}
}

func TestTokenMatchesOnlyItsOwnHash(t *testing.T) {
	t.Parallel()
	plain, hash := auth.NewToken("")
	other, _ := auth.NewToken("")
	for name, c := range map[string]struct {
		plain, hash string
		want        bool
	}{
		"own":         {plain, hash, true},
		"other":       {other, hash, false},
		"with prefix": {"kur_" + plain, hash, false},
		"empty hash":  {plain, "", false},
		"upper case":  {plain, strings.ToUpper(hash), false},
		"hash itself": {hash, hash, false},
	} {
		if got := auth.TokenMatches(c.plain, c.hash); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	// sha256("abc"), FIPS 180-2 appendix B.1
	if auth.HashToken("abc") != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error("the hash is not sha256")
	}
}
