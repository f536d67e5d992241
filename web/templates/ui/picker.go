package ui

import "github.com/a-h/templ"

// MaxOptions is up to how many things are printed to choose from. Of more, these are
// proposals, and any of them is chosen by typing.
const MaxOptions = 100

// Option is one of them.
type Option struct{ Value, Text string }

// Picker is a field for one of a list that may be long.
type Picker struct {
	// ID is the field's id and name.
	ID    string
	Value string
	// Options are the first of Total.
	Options []Option
	Total   int
	// None is what no value means, "" where there has to be one.
	None string
	// Last puts that behind the options.
	Last bool
	// Source is where options are read while somebody types, "" for nowhere.
	Source string
	// Placeholder says what can be typed, and Label names a field that has no label.
	Placeholder, Label string
	Attrs              templ.Attributes
}

// typed says that there are too many to print.
func (p Picker) typed() bool { return p.Total > MaxOptions }

func (p Picker) list() string { return p.ID + "-options" }

func (p Picker) label() templ.Attributes {
	if p.Label == "" {
		return nil
	}
	return templ.Attributes{"aria-label": p.Label}
}
