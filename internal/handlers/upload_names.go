package handlers

import (
	"slices"
	"strings"
	"unicode"

	"github.com/kuratchi/dashboard/internal/fault"
)

// pairing says which of several files is the database, and which stand beside it: the
// numbers of files, -1 for none.
type pairing struct{ database, log, journal int }

// besides are the ends of the names that SQLite gives what it lays beside a database.
var besides = []string{"-wal", "-shm", "-journal"}

// splitName returns the name of the database that a file stands beside, and the end of
// its own; "" for a name that has none.
func splitName(name string) (database, end string) {
	for _, end := range besides {
		if database, ok := strings.CutSuffix(name, end); ok && database != "" {
			return database, end
		}
	}
	return name, ""
}

// pairFiles finds the database among files by their names: NAME, and beside it NAME-wal,
// NAME-shm and NAME-journal. A file alone is the database, whatever its name.
func pairFiles(names []string) (pairing, *fault.Error) {
	p := pairing{database: -1, log: -1, journal: -1}
	if len(names) == 0 {
		return p, fault.New(fault.Invalid, "Choose a file. Nothing was changed.")
	}
	if len(names) == 1 {
		p.database = 0
		return p, nil
	}
	var databases []string
	for i, name := range names {
		if _, end := splitName(name); end == "" {
			p.database, databases = i, append(databases, name)
		}
	}
	switch {
	case len(databases) == 0:
		of, _ := splitName(names[0])
		return p, fault.New(fault.Invalid, "%s stand beside a database %s, which isn't among the files. Choose it with them.", list(names), of)
	case len(databases) > 1:
		return p, fault.New(fault.Invalid, "One database at a time: these are %d, %s. Choose one, with its log (-wal) if it has one.",
			len(databases), list(databases))
	}
	for i, name := range names {
		of, end := splitName(name)
		switch {
		case end == "":
		case of != databases[0], slices.Index(names, name) != i:
			return p, fault.New(fault.Invalid, "%s doesn't stand beside %s: that would be %s. Choose the files of one database.",
				name, databases[0], databases[0]+end)
		case end == "-wal":
			p.log = i
		case end == "-journal":
			p.journal = i
		}
	}
	return p, nil
}

// list is names in a sentence.
func list(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// maxName is how much of a file's name is shown, in characters.
const maxName = 100

// baseName is the last part of what a browser says a file is called, fit to be shown. A
// cut is made in front, so that the end still tells what the file is.
func baseName(name string) string {
	name = name[strings.LastIndexAny(name, `/\\`)+1:]
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
	if r := []rune(name); len(r) > maxName {
		name = "…" + string(r[len(r)-maxName:])
	}
	return name
}
