package live

import (
	"errors"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// lacks are what the engine says of what a program had that wrote the file and the engine
// hasn't, and how it is said here.
var lacks = []struct{ engine, words string }{
	{"no such module: ", "%s can't be opened: it is of the module %s"},
	{"no such collation sequence: ", "%s can't be read in that order, or compared so: it uses the collation %s"},
	{"no such tokenizer: ", "%s can't be opened: it splits texts by the tokenizer %s"},
}

// Explain returns an error about a table for which the engine lacks something in words that
// name it; any other error as it is.
func Explain(table string, err error) error {
	e, ok := errors.AsType[*d1.Error](err)
	if !ok {
		return err
	}
	for _, l := range lacks {
		if name, ok := strings.CutPrefix(d1.Said(e.Text), l.engine); ok {
			return fault.Wrap(err, fault.Invalid, l.words+", which neither D1 nor this engine has. A program that has it can read it.", table, name)
		}
	}
	return err
}
