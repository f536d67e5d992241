package views

import (
	"strings"
	"time"
)

// Account is one's own account.
type Account struct {
	Email, Role string
	Since       time.Time
	Sessions    []Session
	// Done names what was just done: password or session.
	Done string
	// CurrentError and PasswordError are the form's.
	CurrentError, PasswordError string
}

// Session is a browser one is signed in with.
type Session struct {
	// Hash names it; the cookie can't be told from it.
	Hash, IP, UserAgent string
	SignedIn, LastUsed  time.Time
	// Current says that it is the one that looks at the page.
	Current bool
}

// browserName says which browser a User-Agent is of, in a word or two.
func browserName(userAgent string) string {
	system := "another system"
	for _, s := range []struct{ mark, name string }{{"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
		{"Android", "Android"}, {"Mac OS", "macOS"}, {"Linux", "Linux"}} {
		if strings.Contains(userAgent, s.mark) {
			system = s.name
			break
		}
	}
	for _, b := range []struct{ mark, name string }{{"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(userAgent, b.mark) {
			return b.name + " on " + system
		}
	}
	if userAgent == "" {
		return "unknown"
	}
	return "another program"
}
