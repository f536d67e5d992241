package keys

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

// Shortcut is one line of the list.
type Shortcut struct {
	ID string `json:"id"`
	// Keys are a chord such as "Mod+K", where Mod is Command on a Mac and Ctrl
	// elsewhere, or keys one after the other such as "g f".
	Keys string `json:"keys"`
	// What it does, and Where it works.
	What  string `json:"what"`
	Where string `json:"where"`
	// Go is the page it leads to, Tab the tab of the database one is in; both are
	// empty for what isn't a place.
	Go  string `json:"go"`
	Tab string `json:"tab"`
}

//go:embed keys.json
var source []byte

// All returns every shortcut in the order of the help page. Nobody changes it.
var All = sync.OnceValue(func() []Shortcut {
	var all []Shortcut
	_ = json.Unmarshal(source, &all) // the file is part of the program, and a test reads it
	return all
})

// Group is the shortcuts that work in one place.
type Group struct {
	Where     string
	Shortcuts []Shortcut
}

// Groups returns the shortcuts by where they work.
func Groups() []Group {
	var out []Group
	for _, s := range All() {
		if len(out) == 0 || out[len(out)-1].Where != s.Where {
			out = append(out, Group{Where: s.Where})
		}
		g := &out[len(out)-1]
		g.Shortcuts = append(g.Shortcuts, s)
	}
	return out
}

// Words are a shortcut's keys as a keyboard has them, one a key: Ctrl and K. The
// page's script writes Command for Ctrl on a Mac.
func (s Shortcut) Words() []string {
	if strings.Contains(s.Keys, " ") {
		return strings.Fields(s.Keys)
	}
	words := strings.Split(s.Keys, "+")
	for i, w := range words {
		if w == "Mod" {
			words[i] = "Ctrl"
		}
	}
	return words
}

// Of returns the keys of a shortcut in one text, "" for an id there isn't.
func Of(id string) string {
	for _, s := range All() {
		if s.ID == id {
			return strings.Join(s.Words(), " ")
		}
	}
	return ""
}
