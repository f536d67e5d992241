package live

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// RowID stands for the rowid where the place of a column is meant.
const RowID = -1

// Key is what tells the rows of a table apart.
type Key struct {
	// Columns are the places of the primary key's columns, in the key's order.
	Columns []int
	// RowID is a word for the rowid that no column hides, "" when there is none or
	// when the primary key is the rowid.
	RowID string
	// Alias says that the primary key is the rowid.
	Alias bool
	// Exact says that the primary key alone tells rows apart: none of it is NULL
	// and it compares as ORDER BY does.
	Exact bool
	// Collates says that the key has a collation of its own.
	Collates bool
	// Missing says why nothing tells rows apart, "" when something does.
	Missing string
}

var (
	ftsModule  = regexp.MustCompile(`^\s*["'\[` + "`" + `]?fts5["'\]` + "`" + `]?\s*\(`)
	keyCollate = regexp.MustCompile(`(?s)primary\s+key\s*\([^)]*\bcollate\b`)
)

// primary is what a table's text says of its primary key.
type primary struct {
	// names are its columns, in order.
	names []string
	// alias says that it is the rowid. A column declared INTEGER PRIMARY KEY DESC is, by
	// an old mistake that SQLite keeps, not the rowid and may be NULL.
	alias bool
	// collates says that it has a collation of its own: it can hold rows that are equal
	// by the column's.
	collates bool
}

// primaryOf is the primary key of a table whose text was read.
func primaryOf(t *schema.Table) primary {
	return primary{
		names:    t.PrimaryKey,
		alias:    len(t.PrimaryKey) == 1 && t.RowIDAlias(t.PrimaryKey[0]),
		collates: slices.ContainsFunc(t.PrimaryTerms, func(c schema.IndexColumn) bool { return c.Collate != "" }),
	}
}

// guess is the primary key of a table whose text can't be read: as the database has it,
// but for a collation, which the words of the text tell.
func (t *Table) guess(info d1.TableInfo) primary {
	text := sqltext.Fold(sqltext.Unquoted(t.SQL))
	return primary{names: info.PrimaryKey(), alias: info.KeyIsRowID(), collates: keyCollate.MatchString(text)}
}

// findKey decides what tells the rows of a table apart.
func (t *Table) findKey(pk primary) {
	k := &t.Key
	for _, name := range pk.names {
		if i, ok := t.Column(name); ok {
			k.Columns = append(k.Columns, i)
		}
	}
	k.Collates = pk.collates
	switch {
	case t.Kind == KindView:
		k.Missing = "A view has no key, so only its first rows are shown."
		return
	case t.Kind == KindVirtual && !t.fullText():
		k.Missing = "This virtual table has no key, so only its first rows are shown."
		return
	case t.WithoutRowID:
		k.Exact = !k.Collates
		for _, i := range k.Columns {
			t.Columns[i].NotNull = true
		}
		return
	case pk.alias && len(k.Columns) == 1:
		k.Alias, k.Exact = true, true
		t.Columns[k.Columns[0]].NotNull, t.Columns[k.Columns[0]].RowID = true, true
		return
	}
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	k.RowID = sqltext.RowID(names)
	k.Exact = len(k.Columns) > 0 && !k.Collates &&
		!slices.ContainsFunc(k.Columns, func(i int) bool { return !t.Columns[i].NotNull })
	if k.RowID == "" && !k.Exact {
		k.Missing = "This table has no primary key that is never NULL, and columns called rowid, " +
			"_rowid_ and oid hide its row numbers, so only its first rows are shown."
	}
}

// fullText reports whether a virtual table is a full-text index, which has a rowid.
func (t *Table) fullText() bool {
	_, using, _ := strings.Cut(sqltext.Fold(t.SQL), "using")
	return t.Kind == KindVirtual && ftsModule.MatchString(using)
}

// Tie are the places of the columns that no two rows share, those an index ends in:
// the rowid wherever there is one.
func (k *Key) Tie() []int {
	switch {
	case k.Missing != "":
		return nil
	case k.RowID != "":
		return []int{RowID}
	}
	return k.Columns
}

// Places are the columns Of may ask for.
func (k *Key) Places() []int {
	if k.Missing != "" {
		return nil
	}
	if k.RowID != "" {
		return append(slices.Clone(k.Columns), RowID)
	}
	return k.Columns
}

// Of returns a row's key from a way to get its columns, nil without one: the primary
// key, then the rowid where that alone would be ambiguous.
func (k *Key) Of(get func(place int) d1.Value) []d1.Value { return k.AppendTo(nil, get) }

// AppendTo appends what Of returns.
func (k *Key) AppendTo(key []d1.Value, get func(place int) d1.Value) []d1.Value {
	if k.Missing != "" {
		return key
	}
	whole := len(k.Columns) > 0 && !k.Collates
	for _, i := range k.Columns {
		v := get(i)
		key = append(key, v)
		whole = whole && !v.IsNull()
	}
	if !whole && k.RowID != "" {
		key = append(key, get(RowID))
	}
	return key
}

// Match returns the columns that the values of a key stand for, and false when the key
// is none of this table's.
func (k *Key) Match(values int) ([]int, bool) {
	if k.Missing != "" || values == 0 {
		return nil, false
	}
	switch {
	case values == len(k.Columns):
		return k.Columns, true
	case values == len(k.Columns)+1 && k.RowID != "":
		return k.Places(), true
	}
	return nil, false
}
