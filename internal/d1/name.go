package d1

import (
	"regexp"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
)

// NameRule is what D1 accepts as a database's name (Cloudflare's OpenAPI).
var NameRule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]*$`)

// MaxName keeps "kuratchi-d1-<name>" within a DNS label's 63 characters: the
// gateway's Worker for a database is named so.
const MaxName = 63 - len("kuratchi-d1-")

// CheckName returns nil for a name a database may have, else a fault.Invalid at
// field "name" that says what is wrong with it.
func CheckName(name string) error {
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At("name")
	}
	switch {
	case name == "":
		return bad("Give the database a name.")
	case len(name) > MaxName:
		return bad("The name is %d characters long; at most %d fit, because the database's Worker is named after it.", len(name), MaxName)
	case strings.Contains(name, "."):
		return bad("A name can't hold a \".\": the parts of a database's token are separated by dots, so its token could never be read.")
	case !NameRule.MatchString(name):
		return bad("Use letters, digits, - and _, starting with a letter or digit.")
	}
	return nil
}
