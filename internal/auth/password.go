package auth

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	// MinPassword is the least number of characters (ASVS 6.2.1).
	MinPassword = 8
	// RecommendedPassword is the number of characters to suggest (ASVS 6.2.1).
	RecommendedPassword = 15
	// MaxPassword is the most bytes. ASVS 6.2.9 asks for at least 64 characters;
	// 1 KiB leaves room for a passphrase and none for a flood.
	MaxPassword = 1024
)

//go:embed common.txt
var commonText string

// commonPasswords holds the lines of common.txt, which are lower case and at
// least MinPassword long; shorter ones are refused for their length already.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	set := map[string]struct{}{}
	for line := range strings.Lines(commonText) {
		set[strings.TrimSpace(line)] = struct{}{}
	}
	return set
})

// CheckNew returns nil if the password may be chosen by the operator with that
// e-mail, else [fault.Invalid] at field "password" with what to do about it.
// There are no rules on what kinds of characters it must have (ASVS 6.2.5).
// Characters are taken as sent: nothing is trimmed, cut or folded.
func CheckNew(password, email string) error {
	if len(password) > MaxPassword {
		return errTooLong()
	}
	if msg := passwordFlaw(password, email); msg != "" {
		return fault.New(fault.Invalid, "%s", msg).At("password")
	}
	return nil
}

func passwordFlaw(password, email string) string {
	if !utf8.ValidString(password) {
		return "The password is not valid text. Type it again."
	}
	if utf8.RuneCountInString(password) < MinPassword {
		return "Use at least 8 characters; 15 or more are recommended, such as four words."
	}
	lower := strings.ToLower(strings.TrimSpace(password))
	email = strings.ToLower(strings.TrimSpace(email))
	local, _, _ := strings.Cut(email, "@")
	if lower != "" && (lower == email || lower == local) {
		return "The password must not be the e-mail address or its first part."
	}
	if _, found := commonPasswords()[lower]; found {
		return "This is one of the passwords that are tried first. Choose another, such as four words that do not belong together."
	}
	if strings.Trim(password, password[:firstLen(password)]) == "" {
		return "The password is one character repeated. Choose another, such as four words that do not belong together."
	}
	return ""
}

// firstLen returns how many bytes the first character takes.
func firstLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

func errTooLong() error {
	return fault.New(fault.Invalid, "The password is longer than 1,024 bytes. Use a shorter one.").At("password")
}
