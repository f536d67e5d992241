package views

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// The ids of what is swapped when rows are changed.
const (
	ChangesID       = "changes"
	ChangesAnswerID = "changes-answer"
)

// RowID is the id of the n-th row of a page.
func RowID(n int) string { return "r" + strconv.Itoa(n) }

// RowForm is the form of one row, a new one or one that is there.
type RowForm struct {
	Database string
	Record   browse.Record
	// Insert says that it is a new one.
	Insert bool
	// Inputs are what each column's fields hold, Olds what was seen.
	Inputs []browse.Input
	Olds   []browse.Seen
	// Fixed marks values that can't be typed: they are kept or replaced.
	Fixed []bool
	// Error is why it was refused, ErrorColumn the column it is about.
	Error, ErrorColumn string
	// Conflicts are what changed meanwhile.
	Conflicts []browse.Conflict
	// SQL is what would run, when that was asked for.
	SQL string
	// Back is the query of the page of rows one came from.
	Back string
}

func (v RowForm) action() string {
	if v.Insert {
		return paths.Rows(v.Database, v.Record.Table)
	}
	return paths.Row(v.Database, v.Record.Table)
}

// BackHref is the page of rows one came from.
func (v RowForm) BackHref() string { return BackHref(v.Database, v.Record.Table, v.Back) }

// BackHref is a page of a table with that query, as far as it is one.
func BackHref(database, table, query string) string {
	q, err := url.ParseQuery(query)
	if err != nil || len(query) > 4000 {
		q = nil
	}
	req, err := browse.ParseRequest(table, q)
	if err != nil {
		return paths.Table(database, table)
	}
	return paths.With(paths.Table(database, table), req.Query())
}

// FieldName is the name of a column's field in a row's form; what is "v" for the
// text, "as" for what it is taken as, "old" for what was seen.
func FieldName(what, column string) string { return what + "." + browse.EncodeName(column) }

// ways are the choices of what a cell can be made, in the words of the form.
var ways = []struct {
	As   browse.As
	Text string
}{
	{browse.AsValue, "value"}, {browse.AsNull, "NULL"}, {browse.AsEmpty, "empty text"}, {browse.AsDefault, "default"}, {browse.AsNow, "now"},
	{browse.AsUUID, "new UUID"}, {browse.AsNumber, "number"}, {browse.AsText, "text"}, {browse.AsBlob, "BLOB, as hex"},
}

// way reports whether a choice makes sense for a column.
func (v RowForm) way(i int, as browse.As) bool {
	c := v.Record.Columns[i]
	switch as {
	case browse.AsNull:
		if v.Insert && c.Default == "" && v.Inputs[i].As != browse.AsNull {
			return false // that is what is left out
		}
		return !c.NotNull || v.Inputs[i].As == browse.AsNull
	case browse.AsDefault:
		return v.Insert || c.Default != ""
	case browse.AsText:
		return c.Field() == browse.FieldNumber || c.Field() == browse.FieldBoolean || c.Untyped()
	case browse.AsNumber:
		return c.Untyped()
	case browse.AsUUID:
		return c.Field() == browse.FieldText
	}
	return true
}

// wayText names a choice. What is left out of a new row becomes different things.
func (v RowForm) wayText(i int, as browse.As, text string) string {
	c := v.Record.Columns[i]
	switch {
	case as != browse.AsDefault || c.Default != "":
		return text
	case c.RowID:
		return "next number"
	case c.NotNull:
		return "nothing yet"
	}
	return "NULL"
}

func (v RowForm) problem(i int) string {
	if v.ErrorColumn != "" && v.ErrorColumn == v.Record.Columns[i].Name {
		return v.Error
	}
	return ""
}

// lines is how tall a field is: a long text has several lines.
func (v RowForm) lines(i int) int {
	text := v.Inputs[i].Text
	n := strings.Count(text, "\n") + 1 + len(text)/80
	if v.Record.Columns[i].Field() == browse.FieldLong {
		n = max(n, 3)
	}
	return min(n, 12)
}

func inputMode(c browse.Column) templ.Attributes {
	if c.Field() == browse.FieldNumber {
		return templ.Attributes{"inputmode": "decimal"}
	}
	return nil
}

func (v RowForm) fixedWords(i int) string {
	if v.Record.Long[i] {
		return "longer than " + textual.Size(browse.MaxTyped) + ": kept as it is"
	}
	return "holds what can't be typed as it is, such as bytes that are no text: kept as it is"
}

// shown is a value that a conflict lets take.
func shown(v d1.Value) string {
	switch v.Kind() {
	case d1.Null:
		return "NULL"
	case d1.Blob:
		return "BLOB " + textual.Size(int64(v.Len()))
	}
	if v == d1.Str("") {
		return "empty text"
	}
	text := strings.ToValidUTF8(v.Text(), "\uFFFD")
	if len(text) > maxConflict {
		return strings.ToValidUTF8(text[:maxConflict], "") + "… (" + textual.Size(int64(len(text))) + ")"
	}
	return text
}

// maxConflict is how many bytes of a text can be taken from a conflict.
const maxConflict = 1024

// cut reports whether shown doesn't give the value as it is.
func cut(v d1.Value) bool {
	return v.Kind() == d1.Blob || v.Kind() == d1.Text && (v.Len() > maxConflict || !survives(v.Text()))
}

// sides are what a conflict shows: what was seen, what is there now and what was
// typed. Long texts are shown from a little before they differ.
func sides(c browse.Conflict) (was, now, typed string) {
	old, carried := c.Old.Value()
	at := 0
	if carried {
		at = differAt(old.Text(), c.Now.Text())
		was = excerpt(old, at)
	} else {
		was = "a long value"
	}
	typed = inputShown(c.New)
	if c.New.As.Typed() {
		typed = excerpt(d1.Str(typed), differAt(typed, c.Now.Text()))
	}
	return was, excerpt(c.Now, at), typed
}

// differAt is where two texts begin to differ.
func differAt(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// excerptLength is how many bytes of a text a conflict shows.
const excerptLength = 160

func excerpt(v d1.Value, at int) string {
	text := v.Text()
	if v.Kind() != d1.Text || len(text) <= excerptLength {
		return shown(v)
	}
	from := max(0, min(at-40, len(text)-excerptLength))
	out := strings.ToValidUTF8(text[from:from+excerptLength], "\uFFFD")
	if from > 0 {
		out = "…" + strings.TrimLeft(out, "\uFFFD")
	}
	if from+excerptLength < len(text) {
		out = strings.TrimRight(out, "\uFFFD") + "…"
	}
	return out + " (" + textual.Size(int64(len(text))) + ")"
}

func inputShown(in browse.Input) string {
	switch in.As {
	case browse.AsNull:
		return "NULL"
	case browse.AsEmpty:
		return "empty text"
	case browse.AsDefault, browse.AsNow, browse.AsUUID:
		return string(in.As)
	}
	return in.Text
}

// nowOf is what a script needs to go on from what is there now.
func nowOf(c browse.Conflict) templ.Attributes {
	return templ.Attributes{
		"data-key": c.Key, "data-column": c.Column.Name, "data-now-kind": c.Now.Kind().String(), "data-now": shown(c.Now),
		"data-cut": cut(c.Now), "data-seen": browse.See(c.Now).String(),
	}
}

// DeleteRows asks whether to delete rows.
type DeleteRows struct {
	Database, Table string
	Page            *browse.Page
	Keys            []string
	// Sums say what the rows hold, "" for one that is gone.
	Sums    []string
	Effects browse.Effects
	Error   string
	SQL     string
	Back    string
}

func (v DeleteRows) backHref() string { return BackHref(v.Database, v.Table, v.Back) }

// dependentWords say what happens to rows that point at those to be deleted.
func (v DeleteRows) dependentWords(d browse.Dependents) string {
	n := textual.Plural(d.Rows, "row")
	if v.Effects.More {
		n = "at least " + n
	}
	switch d.Action {
	case "CASCADE":
		return "Deleted with them: " + n + " of " + d.Table
	case "SET NULL", "SET DEFAULT":
		return "Changed by " + d.Action + ": " + n + " of " + d.Table + " that point at them"
	}
	return "Forbidden as it stands: " + n + " of " + d.Table + " point at them (" + d.Action + ")"
}

// triggerWords say that more may happen than was counted.
func (v DeleteRows) triggerWords() string {
	names := v.Effects.Triggers
	if len(names) == 1 {
		return "The trigger " + names[0] + " will run. What it changes beside isn't counted here."
	}
	return "These triggers will run: " + join(names) + ". What they change beside isn't counted here."
}

// Saved is the answer to changes that were saved: the rows as they are now.
type Saved struct {
	Table Table
	Rows  []SavedRow
}

// SavedRow is a row at its place on the page.
type SavedRow struct {
	// Place is its number on the page, At in Table.Page, -1 when it isn't there.
	Place, At int
	// Gone says that there is no such row any more.
	Gone bool
}

func (r SavedRow) words() string {
	if r.Gone {
		return "The change was saved, and then the row was removed by a trigger."
	}
	return "The change was saved. The row has a key now by which it can't be shown here; load the page again."
}

// Changes is the answer to changes that weren't saved, or may not be.
type Changes struct {
	// Look is where the rows are to be looked at, because the outcome isn't known; ""
	// where it is: nothing was saved. Ref is then Cloudflare's id of the request, if there is one.
	Look, Ref string
	// SignIn is where to sign in again, "" while the session lasts.
	SignIn    string
	Error     string
	Conflicts []browse.Conflict
	SQL       string
}
