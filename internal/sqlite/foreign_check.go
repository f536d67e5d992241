package sqlite

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	driver "zombiezen.com/go/sqlite"

	"github.com/kuratchi/dashboard/internal/fault"
)

// foreignFindings is how much of what is wrong with a file is asked for: what is wrong
// with pages comes before what is wrong with rows.
const foreignFindings = 1000

// indexFindings are no damage of a file from outside: its indexes are made anew.
var indexFindings = regexp.MustCompile(`^wrong # of entries in index |^row \d+ missing from index |^non-unique entry in index `)

// Pending is the check of a whole file that goes on.
type Pending struct {
	done, stop chan struct{}
	once       sync.Once
	f          Foreign
	err        error
}

func beginCheck(path string, f Foreign) *Pending {
	p := &Pending{done: make(chan struct{}), stop: make(chan struct{}), f: f}
	go func() {
		defer close(p.done)
		p.err = checkForeign(path, &p.f, p.stop)
	}()
	return p
}

// Encoding is that of the file's texts, which is known before the rest.
func (p *Pending) Encoding() string { return p.f.Encoding }

// Wait returns what the file is, and fault.Invalid for one that isn't whole.
func (p *Pending) Wait() (Foreign, error) {
	<-p.done
	return p.f, p.err
}

// Stop ends the check and returns when it has ended.
func (p *Pending) Stop() {
	p.once.Do(func() { close(p.stop) })
	<-p.done
}

// checkForeign returns nil when every page of a file is what it has to be. What only a
// program has that wrote the file (collations, functions, modules) has a stand-in, since
// the check compiles all tables and would fail on the first one that needs it: pages and
// records don't depend on them.
func checkForeign(path string, f *Foreign, stop <-chan struct{}) error {
	db, err := openImmutable(path)
	if err != nil {
		return err
	}
	defer func() { _ = closeDriver(db) }()
	db.SetInterrupt(stop)
	raw := rawOf(db)
	if err := raw.dropModules(); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	raw.allowDoubleQuotedStrings()
	for _, sql := range []string{"PRAGMA cell_size_check=ON", "PRAGMA ignore_check_constraints=ON", "PRAGMA cache_size=-500"} {
		if err := exec(db, sql); err != nil {
			return foreignFailure(err, raw.message(), *f)
		}
	}
	for {
		found, odd, err := quickCheck(db)
		f.Odd = odd
		switch {
		case err == nil && found != "":
			return damaged(found, *f)
		case err == nil:
			return nil
		}
		words := raw.message()
		if driver.ErrCode(err).ToPrimary() != driver.ResultError || !standIn(db, words) {
			return foreignFailure(err, words, *f)
		}
	}
}

// oddValues are findings about values that a column of that type would have converted
// when they were written.
var oddValues = regexp.MustCompile(`^(?:NUMERIC|TEXT) value in (.*)$`)

// quickCheck returns what is wrong with the pages, "" for nothing, and the columns that
// have values of another type.
func quickCheck(db *driver.Conn) (found string, odd []string, err error) {
	st, _, err := db.PrepareTransient(fmt.Sprintf("PRAGMA quick_check(%d)", foreignFindings))
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = st.Finalize() }()
	for {
		row, err := st.Step()
		if err != nil || !row {
			return "", odd, err
		}
		words := st.ColumnText(0)
		if m := oddValues.FindStringSubmatch(words); m != nil && !slices.Contains(odd, m[1]) {
			odd = append(odd, m[1])
		}
		if words != "ok" && !noDamage.MatchString(words) && !indexFindings.MatchString(words) {
			return words, nil, nil
		}
	}
}

// lacking is how the engine says what it hasn't.
var lacking = regexp.MustCompile(`^(no such collation sequence|no such function|unknown function): (.+?)(?:\(\))?$`)

// standIn makes what a file's schema needs and the engine hasn't, and reports whether
// it could.
func standIn(db *driver.Conn, words string) bool {
	m := lacking.FindStringSubmatch(words)
	if m == nil {
		return false
	}
	if m[1] == "no such collation sequence" {
		return db.SetCollation(m[2], strings.Compare) == nil
	}
	return db.CreateFunction(m[2], &driver.FunctionImpl{NArgs: -1, Deterministic: true, AllowIndirect: true,
		Scalar: func(driver.Context, []driver.Value) (driver.Value, error) { return driver.Value{}, nil }}) == nil
}

// foreignFailure gives an error of SQLite's about a file its words, which are SQLite's
// where it says what is wrong with the file.
func foreignFailure(err error, words string, f Foreign) error {
	switch driver.ErrCode(err).ToPrimary() {
	case driver.ResultCorrupt:
		return damaged(words, f)
	case driver.ResultNotADB:
		return fault.Wrap(err, fault.Invalid, "The file is no SQLite database, an encrypted one, or of a later format.")
	case driver.ResultError:
		return fault.Wrap(err, fault.Invalid, "The file can't be checked. SQLite says: %s", quoted(words))
	case driver.ResultFull:
		return fault.Wrap(err, fault.Unavailable, "There is no room on the disk to read the file.")
	default:
		return fmt.Errorf("sqlite: %w", err)
	}
}

func damaged(words string, f Foreign) error {
	switch {
	case f.Log:
		return fault.New(fault.Invalid, "The file and its log (-wal) don't belong together, or one of them is damaged. SQLite says: %s",
			quoted(words))
	case f.Journal:
		return fault.New(fault.Invalid, "The file and its journal don't belong together, or one of them is damaged. SQLite says: %s",
			quoted(words))
	}
	return fault.New(fault.Invalid, "The file is damaged. SQLite says: %s", quoted(words))
}

// maxQuoted is how much of what SQLite says is shown, in bytes.
const maxQuoted = 300

// quoted is what SQLite says, in one line.
func quoted(words string) string {
	_, rest, several := strings.Cut(words, " ***\n") // *** in database main ***
	if several {
		words = rest
	}
	words = strings.Join(strings.Split(strings.TrimSpace(words), "\n"), "; ")
	if len(words) > maxQuoted {
		words = strings.ToValidUTF8(words[:maxQuoted], "") + "…"
	}
	return words
}
