package views

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// Tables is a database's list of tables.
type Tables struct {
	Database fleet.Database
	Latest   int
	Size     int64
	Tables   []live.Entry
}

// Table is a page of a table.
type Table struct {
	Database string
	Tables   []live.Entry
	Request  browse.Request
	Page     *browse.Page
	Indexes  int
	// Editable says that the operator may change rows, and that this table's can be.
	Editable bool
	// Took is all the time it took to read the page.
	Took time.Duration
}

func (v Table) path() string { return paths.Table(v.Database, v.Page.Table) }

func (v Table) href(r browse.Request) string { return paths.With(v.path(), r.Query()) }

func (v Table) without(i int) string {
	r := v.Request.First()
	r.Filters = slices.Delete(slices.Clone(r.Filters), i, i+1)
	return v.href(r)
}

func (v Table) unsorted() string {
	r := v.Request.First()
	r.Sort = ""
	return v.href(r)
}

func (v Table) next() string {
	r := v.Request.First()
	r.After = v.Page.Next
	return v.href(r)
}

func (v Table) prev() string {
	r := v.Request.First()
	r.Before = v.Page.Prev
	return v.href(r)
}

// numeric reports whether a column shows numbers and so stands to the right.
func (v Table) numeric(i int) bool {
	for _, row := range v.Page.Rows {
		switch row.Cells[i].Value.Kind() {
		case d1.Integer, d1.Real:
			return true
		case d1.Text, d1.Blob:
			return false
		}
	}
	return false
}

// sortState is how the page is sorted by a column: ascending, descending or none.
func (v Table) sortState(c browse.Column) string {
	column, desc, err := v.Request.SortColumn()
	switch {
	case err != nil || !strings.EqualFold(column, c.Name):
		return "none"
	case desc:
		return "descending"
	}
	return "ascending"
}

func (v Table) sortBy(c browse.Column) string {
	r := v.Request.First()
	r.Sort = browse.SortBy(c.Name, v.sortState(c) == "ascending")
	return v.href(r)
}

// sortWords say the page's order, "" for the order of the key.
func (v Table) sortWords() string {
	column, desc, err := v.Request.SortColumn()
	if err != nil || column == "" {
		return ""
	}
	if desc {
		return column + " ↓"
	}
	return column + " ↑"
}

// param is one parameter of an address.
type param struct{ name, value string }

// hidden are the parameters a filter form carries along, by name and then as they are
// given: the order of a map would make two pages of one.
func (v Table) hidden() []param {
	var out []param
	q := v.Request.First().Query()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		for _, value := range q[name] {
			out = append(out, param{name, value})
		}
	}
	return out
}

func typeWords(c browse.Column) string {
	words := []string{strings.ToLower(c.Type)}
	if c.PK {
		words = append(words, "· PK")
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// rules are cellRules where rows can be edited.
func (v Table) rules(c browse.Column) templ.Attributes {
	if !v.Editable {
		return nil
	}
	return cellRules(c)
}

// editable marks a table whose cells can be edited in place.
func editable(v Table) templ.Attributes {
	if !v.Editable {
		return nil
	}
	return templ.Attributes{"data-editable": "", "data-row-page": paths.Row(v.Database, v.Page.Table), "data-back": v.Request.Query().Encode()}
}

// cellRules tell the script how a column's cells are typed.
func cellRules(c browse.Column) templ.Attributes {
	rules := templ.Attributes{"data-column": c.Name, "data-field": c.Field()}
	for name, is := range map[string]bool{
		"data-notnull":   c.NotNull,
		"data-default":   c.Default != "",
		"data-untyped":   c.Untyped(),
		"data-generated": c.Generated,
	} {
		if is {
			rules[name] = ""
		}
	}
	return rules
}

func columnTitle(c browse.Column) string {
	var facts []string
	add := func(ok bool, s string) {
		if ok {
			facts = append(facts, s)
		}
	}
	add(c.NotNull, "not null")
	add(c.Unique, "unique")
	add(c.Indexed, "indexed")
	add(c.Generated, "generated")
	add(c.Default != "", "default "+c.Default)
	add(c.References != "", "→ "+c.References)
	return strings.Join(facts, ", ")
}

var opWords = map[browse.Op]string{
	browse.Eq: "is", browse.Ne: "is not", browse.Gt: ">", browse.Gte: "≥", browse.Lt: "<", browse.Lte: "≤", browse.Contains: "contains",
	browse.Starts: "starts with", browse.IsNull: "is NULL", browse.NotNull: "is not NULL", browse.Empty: "is empty", browse.In: "is one of",
}

// kindWord names what is no plain table.
func kindWord(t live.Entry) string {
	if t.Kind == live.KindTable {
		return ""
	}
	return t.Kind
}

func (v Table) sub() string {
	facts := []string{plural(len(v.Page.All), "column")}
	if v.Indexes > 0 {
		facts = append(facts, plural(v.Indexes, "index"))
	}
	if v.Page.Kind != live.KindTable {
		facts = append([]string{v.Page.Kind}, facts...)
	}
	return strings.Join(facts, " · ")
}

// rowsWords say how many rows are shown, without counting those that aren't.
func (v Table) rowsWords() string {
	n := len(v.Page.Rows)
	switch {
	case v.Page.HasNext && !v.Page.HasPrev:
		return textual.Count(n) + "+ rows"
	case v.Page.HasNext || v.Page.HasPrev:
		return plural(n, "row") + " on this page"
	}
	return plural(n, "row")
}

// tableRows writes the rows of a page, each through one buffer: see cells.go.
func tableRows(v Table) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b bytes.Buffer
		b.WriteString("<tbody>")
		for n := range v.Page.Rows {
			v.writeRow(&b, n, n)
			if _, err := w.Write(b.Bytes()); err != nil {
				return err
			}
			b.Reset()
		}
		_, err := io.WriteString(w, "</tbody>")
		return err
	})
}

// tableRow writes one row of a page, for a place on another one.
func tableRow(v Table, n, place int) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b bytes.Buffer
		v.writeRow(&b, n, place)
		_, err := w.Write(b.Bytes())
		return err
	})
}

const keyTooLong = "The key of this row is too long to edit or delete it here. Use the console."

// writeRow writes a row. One that can be edited has a box to choose it by, which
// holds its key. In HTML the next cell ends a cell and the next row a row: without
// end tags a page of a table has a tenth fewer bytes.
func (v Table) writeRow(b *bytes.Buffer, n, place int) {
	row := v.Page.Rows[n]
	if v.Editable && row.Key != "" {
		number := strconv.Itoa(place + 1)
		b.WriteString(`<tr id="` + RowID(place) + `"><td class="check"><input type="checkbox" name="key" value="` + row.Key +
			`" aria-label="Row ` + number + `">`)
	} else if v.Editable {
		b.WriteString(`<tr><td class="check"><input type="checkbox" disabled title="` + keyTooLong + `" aria-label="Row ` +
			strconv.Itoa(place+1) + `: ` + keyTooLong + `">`)
	} else {
		b.WriteString("<tr>")
	}
	for i, cell := range row.Cells {
		if text := cell.Value; text.Kind() == d1.Text && isPlain(text.Text()) {
			b.WriteString("<td>")
			b.WriteString(text.Text())
			continue
		}
		v.openCell(b, cell)
		v.writeCell(b, row.Key, v.Page.Columns[i].Name, cell)
	}
}

// isPlain reports whether a text stands in a page as it is: it is short, all of it is
// ASCII that can be seen and is none of HTML's, and no blank is at its edges. Most texts
// are, and this one look at them is a third of the time of the others.
func isPlain(s string) bool {
	if s == "" || len(s) > shownWidth || s[0] == ' ' || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '<', c == '>', c == '&', c == '"', c == '\'':
			return false
		}
	}
	return true
}

// openCell begins a cell. One whose value a page can't hold as it is, so that it
// can't be edited in place, is marked.
func (v Table) openCell(b *bytes.Buffer, cell browse.Cell) {
	if v.Editable && (cell.TooLarge > 0 || cell.Value.Kind() == d1.Text && !survives(cell.Value.Text())) {
		b.WriteString("<td data-whole>")
		return
	}
	if v := cell.Value; v.Kind() == d1.Text && v.Len() > shownWidth && v.Len() <= shownLength {
		b.WriteString(`<td title="` + templ.EscapeString(strings.ReplaceAll(v.Text(), "\x00", nulSign)) + `">`)
		return
	}
	openCell(b, cell.Value)
}

// nulSign stands for a NUL where no mark can: in a title.
const nulSign = "[NUL]"

// shownWidth is how many characters a column is wide at most. What is longer, and
// no link to the whole, is also the cell's title.
const shownWidth = 40

// survives reports whether a text comes back from a page as it is: HTML changes a
// CR, a NUL and what is not UTF-8, and what it changes it to can't be told apart.
func survives(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\r' || c == 0:
			return false
		case c >= utf8.RuneSelf:
			return strings.IndexByte(s, '\r') < 0 && strings.IndexByte(s, 0) < 0 && !strings.Contains(s, "\uFFFD") && utf8.ValidString(s)
		}
	}
	return true
}

// writeCell writes a cell. A text that is cut, here or by the database, and
// every BLOB lead to the whole; without a key the text opens in place.
func (v Table) writeCell(b *bytes.Buffer, key, column string, cell browse.Cell) {
	if cell.TooLarge > 0 {
		b.WriteString(`<span class="tone-warn">` + tooLarge(cell.TooLarge) + `</span>`)
		return
	}
	blob := cell.Value.Kind() == d1.Blob
	long := cell.Value.Kind() == d1.Text && cell.Value.Len() > shownLength
	if key == "" || !blob && !long {
		writeValue(b, cell.Value)
		return
	}
	class, text := "cut", ""
	if blob {
		class, text = "blob", "BLOB "+textual.Size(int64(cell.Value.Len()))
		if cell.Cut {
			text = "BLOB over " + textual.Size(browse.MaxCell)
		}
	} else {
		text, _ = cutValue(cell.Value)
		text += "…"
	}
	b.WriteString(`<a class="` + class + `" href="` + templ.EscapeString(paths.Cell(v.Database, v.Page.Table, key, column)) + `">`)
	writeText(b, text)
	b.WriteString("</a>")
}

// tooLarge tells a value that can't be read.
func tooLarge(size int) string { return "too large: " + textual.Size(int64(size)) }

// Cell is a whole value.
type Cell struct {
	Database, Table, Key string
	Content              browse.Content
}

func (v Cell) facts() string {
	if v.Content.TooLarge {
		return tooLarge(v.Content.Size)
	}
	facts := []string{v.Content.Value.Kind().String()}
	if v.Content.Type != "" {
		facts = append(facts, textual.Size(int64(v.Content.Size)), v.Content.Type)
	}
	return strings.Join(facts, " · ")
}

// maxCellShown is how many bytes of a text its page shows: pages of 2 MB, held for
// slow readers, fill the memory.
const maxCellShown = 256_000

// cut reports whether the page shows only the beginning.
func (v Cell) cut() bool {
	return v.Content.Value.Kind() == d1.Text && v.Content.Value.Len() > maxCellShown
}

// text is what the page shows. JSON that is too long when it is indented is shown
// as it is stored.
func (v Cell) text() string {
	if v.Content.JSON != "" && len(v.Content.JSON) <= maxCellShown {
		return v.Content.JSON
	}
	text := v.Content.Value.Text()
	if v.cut() {
		end := maxCellShown
		for end > maxCellShown-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func (v Cell) blob() bool { return v.Content.Value.Kind() == d1.Blob }

// Structure is how a database is made.
type Structure struct {
	Database string
	// All is everything; Chosen is the one that is shown.
	All    []live.Entry
	Chosen *live.Structure
	// Triggers are all of the database, for the overview.
	Triggers int
}

func (v Structure) href(name string) string {
	return paths.With(paths.Structure(v.Database), url.Values{"table": {name}})
}

func join(names []string) string { return strings.Join(names, ", ") }
