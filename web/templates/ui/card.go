package ui

import "github.com/a-h/templ"

// Heading is what the head of a page says.
type Heading struct {
	Title templ.Component
	// Mono says that the title is a name of a database's.
	Mono bool
	// Sub says more of it, nil for nothing.
	Sub templ.Component
	// Beside puts Sub beside the title, where the page needs its height.
	Beside bool
}

// CardHead is what a card is about. What is zero isn't there.
type CardHead struct {
	// Title is its heading; without one it has no head.
	Title string
	// Sub says more of it, End is what can be done with it as a whole.
	Sub, End templ.Component
	// Foot is what can be done after it was read.
	Foot templ.Component
	// ID is the card's, Role what it is to who hears it: alert, status or alertdialog.
	ID, Role string
	// Named is the heading's id: it names the card, and can be gone to.
	Named string
	// Danger marks what can't be taken back, Flush what fills it to its edges.
	Danger, Flush bool
}

func (h CardHead) attributes() templ.Attributes {
	all := templ.Attributes{}
	for name, value := range map[string]string{"id": h.ID, "role": h.Role, "aria-labelledby": h.Named} {
		if value != "" {
			all[name] = value
		}
	}
	return all
}

func (h CardHead) named() templ.Attributes {
	if h.Named == "" {
		return nil
	}
	return templ.Attributes{"id": h.Named, "tabindex": "-1"}
}

// Variant is a button's look, "" for the plain one.
func Variant(name string) templ.Attributes {
	if name == "" {
		return nil
	}
	return templ.Attributes{"data-variant": name}
}

// class is a class that an element may have, beside none.
func class(name string, has bool) templ.Attributes {
	if !has {
		return nil
	}
	return templ.Attributes{"class": name}
}
