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
	{browse.AsUUID, "new UUID"}, {browse.AsText, "text"}, {browse.AsBlob, "BLOB, as hex"},
}

// way reports whether a choice makes sense for a column.
func (v RowForm) way(i int, as browse.As) bool {
	c := v.Record.Columns[i]
	switch as {
	case browse.AsNull:
		return !c.NotNull || v.Inputs[i].As == browse.AsNull
	case browse.AsDefault:
		return v.Insert || c.Default != ""
	case browse.AsText:
		return c.Field() == browse.FieldNumber || c.Field() == browse.FieldBoolean
	case browse.AsUUID:
		return c.Field() == browse.FieldText
	}
	return true
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
	return "holds bytes that can't be typed: kept as it is"
}

// shown is a value in a conflict.
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
	if len(text) > 300 {
		return strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}

func wasShown(c browse.Conflict) string {
	if v, ok := c.Old.Value(); ok {
		return shown(v)
	}
	return "a long value"
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
		"data-key": c.Key, "data-column": c.Column.Name, "data-now-kind": c.Now.Kind().String(), "data-now": shown(c.Now), "data-seen": browse.See(c.Now).String(),
	}
}

// DeleteRows asks whether to delete rows.
type DeleteRows struct {
	Database, Table string
	Page            *browse.Page
	Keys            []string
	Dependents      []browse.Dependents
	Error           string
	SQL             string
	Back            string
}

func (v DeleteRows) backHref() string { return BackHref(v.Database, v.Table, v.Back) }

// dependentWords say what happens to rows that point at those to be deleted.
func dependentWords(d browse.Dependents) string {
	n := textual.Plural(d.Rows, "row")
	if d.Rows > browse.MaxDependents {
		n = "more than " + textual.Plural(browse.MaxDependents, "row")
	}
	switch strings.ToUpper(d.Action) {
	case "CASCADE":
		return "Deleted with them: " + n + " of " + d.Table
	case "SET NULL", "SET DEFAULT":
		return "Changed by " + strings.ToUpper(d.Action) + ": " + n + " of " + d.Table + " that point at them"
	}
	return "Forbidden as it stands: " + n + " of " + d.Table + " point at them (" + strings.ToUpper(d.Action) + ")"
}

// Saved is the answer to changes that were saved: the rows as they are now.
type Saved struct {
	Table Table
	// Rows are the places of the rows on the page.
	Rows []int
}

// Changes is the answer to changes that weren't saved.
type Changes struct {
	Error     string
	Conflicts []browse.Conflict
	SQL       string
}
