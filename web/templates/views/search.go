package views

import (
	"slices"

	"github.com/kuratchi/dashboard/web/templates/keys"
	"github.com/kuratchi/dashboard/web/templates/layout"
	"github.com/kuratchi/dashboard/web/templates/paths"
)

// Search is what a search found.
type Search struct {
	Text string
	// Database is the one whose tables were searched too, "" for none.
	Database string
	Groups   []SearchGroup
}

// SearchGroup is what was found of one kind.
type SearchGroup struct {
	Title string
	Hits  []Hit
}

// Hit is one thing that was found.
type Hit struct {
	Text, Href, Icon string
	// Beside says more of it, Keys are its shortcut.
	Beside, Keys string
	Mono         bool
}

// Shortcut returns the keys of a page, for a hit.
func Shortcut(id string) string { return keys.Of(id) }

func keysOf(id string) string { return keys.Of(id) }

// shortcuts are those of the help page: without the pages that the operator may not see.
func shortcuts(may layout.Rights) []keys.Group {
	groups := keys.Groups()
	for i := range groups {
		groups[i].Shortcuts = slices.DeleteFunc(groups[i].Shortcuts, func(s keys.Shortcut) bool {
			return s.Go == paths.NewDatabase && !may.Create || s.Go == paths.Audit && !may.Audit
		})
	}
	return groups
}
