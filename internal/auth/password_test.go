package auth_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestCheckNewAccepts(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"tulip-9-anvil",
		"four words without sense",
		"        x", // spaces count (ASVS 6.2.8)
		"日本語のパスワード",
		strings.Repeat("long", 256),
	} {
		if err := auth.CheckNew(p, "ann@example.com"); err != nil {
			t.Errorf("%.30q is refused: %v", p, err)
		}
	}
	if err := auth.CheckNew("tulip-9-anvil", ""); err != nil {
		t.Errorf("without an e-mail: %v", err)
	}
}

func TestCheckNewRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ password, email, says string }{
		"empty":             {"", "", "at least 8"},
		"seven":             {"abcdefg", "", "at least 8"},
		"seven runes":       {"日本語日本語日", "", "at least 8"},
		"over 1024 bytes":   {strings.Repeat("ab", 512) + "c", "", "1,024 bytes"},
		"e-mail":            {"ann@example.com", "ann@example.com", "e-mail"},
		"e-mail in capital": {"Ann@Example.Com ", "ann@example.com", "e-mail"},
		"local part":        {"annabella.x", "annabella.x@example.com", "e-mail"},
		"common":            {"password123", "", "tried first"},
		"common in capital": {"PassWord123", "", "tried first"},
		"common, spaced":    {" password123 ", "", "tried first"},
		"own name":          {"kuratchi123", "", "tried first"},
		"repeated":          {"mmmmmmmmmmmmmmmm", "", "repeated"},
		"repeated rune":     {"éééééééééé", "", "repeated"},
		"blank":             {"          ", "", "repeated"},
		"not text":          {"abcdefgh\xff", "", "valid text"},
	} {
		err := auth.CheckNew(c.password, c.email)
		wantFault(t, err, fault.Invalid, "password")
		if msg := fault.Message(err); !strings.Contains(msg, c.says) {
			t.Errorf("%s: message %q, want %q in it", name, msg, c.says)
		} else if len(c.password) > 2 && strings.Contains(msg, c.password) {
			t.Errorf("%s: the message shows the password", name)
		}
	}
}

func TestCommonPasswordsAreAllRefused(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(auth.CommonPasswords(), "\n"), "\n")
	if len(lines) < 300 {
		t.Fatalf("%d common passwords", len(lines))
	}
	if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) {
		t.Error("common.txt is not sorted or not unique")
	}
	for _, p := range lines {
		if p != strings.ToLower(p) || utf8.RuneCountInString(p) < auth.MinPassword {
			t.Errorf("%q: want lower case and at least 8 characters", p)
		}
		if auth.CheckNew(p, "") == nil {
			t.Errorf("%q is accepted", p)
		}
	}
}
