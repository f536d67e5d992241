package auth

import (
	"net/mail"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	// MaxEmail is the longest e-mail address, in bytes (RFC 5321 section
	// 4.5.3.1.3 allows a path of 256 with its brackets).
	MaxEmail = 254
	// maxLocal and maxLabel are of RFC 5321 section 4.5.3.1.1 and RFC 1035
	// section 2.3.4, in bytes.
	maxLocal = 64
	maxLabel = 63
)

// NormalizeEmail returns the one spelling of an e-mail address under which an
// operator is stored and found: without surrounding space and in lower case.
// The part before the @ is lowered too; RFC 5321 lets a server tell Ann@ from
// ann@, but none in use does, and two operators who differ in that alone would
// be mistaken for each other. For the same reason only ASCII is taken (an
// international domain goes in as xn--...). A name, a comment, a quoted part
// and an address in brackets are refused; a domain without a dot is fine, for
// networks of one's own.
//
// The error is [fault.Invalid] at field "email".
func NormalizeEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if msg := emailFlaw(s); msg != "" {
		return "", fault.New(fault.Invalid, "%s", msg).At("email")
	}
	return strings.ToLower(s), nil
}

// emailFlaw says what is wrong with an address, "" if nothing is.
func emailFlaw(s string) string {
	switch {
	case s == "":
		return "Enter an e-mail address."
	case len(s) > MaxEmail:
		return "This e-mail address is longer than 254 characters."
	case !isPrintableASCII(s):
		return "Use only plain letters, digits and signs in an e-mail address, and no space; write an international domain in its xn-- form."
	case strings.Count(s, "@") != 1:
		return "An e-mail address has exactly one @, as in ann@example.com."
	}
	local, domain, _ := strings.Cut(s, "@")
	switch {
	case local == "":
		return "The part before the @ is missing."
	case len(local) > maxLocal:
		return "The part before the @ is longer than 64 characters."
	case !isDomain(domain):
		return "The part after the @ is not a domain name, as in ann@example.com."
	case !isBareAddress(s):
		return "This is not an e-mail address, as in ann@example.com. Leave out names, quotes and brackets."
	}
	return ""
}

func isBareAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.Contains(s, `"`)
}

func isPrintableASCII(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func isDomain(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20 // lower case, for letters
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' {
			return false
		}
	}
	return true
}
