package views

import "github.com/kuratchi/dashboard/internal/account"

// Installation is what the dashboard itself is set up with.
type Installation struct {
	State account.State
	// ID is the account's as it was typed.
	ID string
	// Error is why something was refused, Errors by field.
	Error  string
	Errors map[string]string
	// Found is what a test of the tokens found; Typed says that it was of tokens
	// that are not saved.
	Found []account.Permission
	Typed bool
	// Saved says that they were saved although not all of it could be seen.
	Saved bool
	// Databases is how many live on D1.
	Databases int
}

func (v Installation) allOK() bool {
	for _, p := range v.Found {
		if !p.Granted {
			return false
		}
	}
	return true
}

func (v Installation) foundWords() string {
	words := "something is missing"
	if v.allOK() {
		words = "everything is as it should be"
	}
	if v.Typed {
		words += "; what was typed is not saved: type it again, and save it"
	}
	return words
}
