package auth_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

const goodPHC = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

func TestDamagedHashesAreRefusedWithoutWork(t *testing.T) {
	t.Parallel()
	with := func(old, new string) string { return strings.Replace(goodPHC, old, new, 1) }
	for name, s := range map[string]string{
		"empty":              "",
		"plain text":         "tulip-9-anvil",
		"another function":   with("argon2id", "argon2i"),
		"bcrypt":             "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"another version":    with("v=19", "v=16"),
		"no version":         with("$v=19", ""),
		"memory over 1 GiB":  with("m=256", "m=1048577"),
		"memory overflows":   with("m=256", "m=4294967552"),
		"memory negative":    with("m=256", "m=-256"),
		"memory signed":      with("m=256", "m=+256"),
		"memory padded":      with("m=256", "m=0256"),
		"little memory":      with("m=256", "m=7"),
		"no passes":          with("t=2", "t=0"),
		"many passes":        with("t=2", "t=4294967295"),
		"no threads":         with("p=1", "p=0"),
		"threads overflow":   with("p=1", "p=257"),
		"fourth parameter":   with("p=1", "p=1,keyid=x"),
		"another order":      with("m=256,t=2", "t=2,m=256"),
		"short salt":         with("c29tZXNhbHQ", "c29t"),
		"long salt":          with("c29tZXNhbHQ", strings.Repeat("AAAA", 22)),
		"no salt":            with("c29tZXNhbHQ", ""),
		"padded salt":        with("c29tZXNhbHQ", "c29tZXNhbHQ="),
		"salt of other bits": with("c29tZXNhbHQ", "c29tZXNhbHR"),
		"newline in salt":    with("c29tZXNhbHQ", "c29tZXNh\nbHQ"),
		"short key":          "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQM",
		"no key":             "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$",
		"a part too many":    goodPHC + "$",
		"a space":            goodPHC + " ",
		"huge":               goodPHC + strings.Repeat("A", 1<<20),
	} {
		h := newHasher(t, cheap)
		h.Derive(func(auth.Params) []byte { t.Errorf("%s: work was done", name); return nil })
		ok, _, err := h.Verify(t.Context(), s, "password")
		if ok || !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v, %v; want an internal fault", name, ok, err)
		}
		if err != nil && len(s) > 20 && strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error shows the hash", name)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add(goodPHC)
	f.Add("$argon2id$v=19$m=47104,t=1,p=1$$")
	f.Add("$argon2id$v=19$m=1048576,t=16,p=16$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, s string) {
		if again, err := auth.RoundTripPHC(s); err == nil && again != s {
			t.Errorf("%q was read as %q", s, again)
		}
	})
}
