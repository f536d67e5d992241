package auth_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
)

func TestNormalizeEmail(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", 64) + "@" + strings.Repeat("d", 63) + "." + strings.Repeat("d", 63) + "." + strings.Repeat("d", 61)
	for in, want := range map[string]string{
		"ann@example.com":          "ann@example.com",
		"  Ann@Example.COM\t\n":    "ann@example.com",
		"a.b+tag@x-y.example":      "a.b+tag@x-y.example",
		"o'neil@example.com":       "o'neil@example.com",
		"root@localhost":           "root@localhost",
		"ann@xn--bcher-kva.exmple": "ann@xn--bcher-kva.exmple",
		longest:                    longest,
	} {
		got, err := auth.NormalizeEmail(in)
		if got != want || err != nil {
			t.Errorf("NormalizeEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestNormalizeEmailSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for in, says := range map[string]string{
		"":                                       "Enter",
		" \t":                                    "Enter",
		"ann":                                    "exactly one @",
		"a@b@example.com":                        "exactly one @",
		"@example.com":                           "before the @ is missing",
		"ann@":                                   "after the @",
		"ann@example..com":                       "after the @",
		"ann@-example.com":                       "after the @",
		"ann@example.com.":                       "after the @",
		"ann@[127.0.0.1]":                        "after the @",
		"ann@exam_ple.com":                       "after the @",
		".ann@example.com":                       "not an e-mail",
		"a..b@example.com":                       "not an e-mail",
		`"ann"@example.com`:                      "not an e-mail",
		"<ann@example.com>":                      "after the @",
		"Ann<ann@example.com":                    "not an e-mail",
		"ann@example.com(x)":                     "after the @",
		"ann b@example.com":                      "no space",
		"ann@example.com\nBcc:x":                 "no space",
		"ann\x00@example.com":                    "plain letters",
		"änn@example.com":                        "plain letters",
		"ann@ex\u200bample.com":                  "plain letters",
		strings.Repeat("a", 65) + "@example.com": "64 characters",
		"a@" + strings.Repeat("d", 64) + ".com":  "after the @",
		"a@" + strings.Repeat(strings.Repeat("d", 50)+".", 5): "longer than 254",
		"a@" + strings.Repeat("x", 100_000):                   "longer than 254",
	} {
		_, err := auth.NormalizeEmail(in)
		wantFault(t, err, fault.Invalid, "email")
		if !strings.Contains(fault.Message(err), says) {
			t.Errorf("%.40q: message %q, want %q in it", in, fault.Message(err), says)
		}
	}
}

func TestSystemActorIsNoOperator(t *testing.T) {
	t.Parallel()
	a := auth.SystemActor("purge")
	if !a.System() || a.Operator != "" || a.Email != "system:purge" {
		t.Errorf("%+v is not the system", a)
	}
	if _, err := auth.NormalizeEmail(a.Email); err == nil {
		t.Error("an operator could have the system's name")
	}
	if (auth.Actor{Operator: "1", Email: a.Email}).System() || (auth.Actor{}).System() {
		t.Error("somebody else is the system")
	}
}
