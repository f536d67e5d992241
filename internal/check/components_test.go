package check_test

import (
	"regexp"
	"testing"
)

// byHand is what web/templates/ui has a component for: a card, the head of a page, and
// what stands where a list would be; and a refusal, told by a notice with nothing else in it.
var byHand = regexp.MustCompile(`class="(card|card-head|card-body|page-head|empty-state)[ "]|` +
	`@ui\.Notice\("bad"\) \{\s*\{ [\w.\[\]"]+ \}\s*\}`)

func TestPagesAreMadeOfComponents(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `^web/templates/views/.*\.templ$`) {
		text := read(t, p)
		for _, at := range byHand.FindAllStringIndex(text, -1) {
			t.Errorf("%s:%d: %s has a component in web/templates/ui", p, lineOf(text, at[0]), text[at[0]:at[1]])
		}
	}
}
