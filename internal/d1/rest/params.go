package rest

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// wire is a statement as it is sent.
type wire struct {
	SQL    string `json:"sql"`
	Params []any  `json:"params,omitempty"`
	edits  []edit
	// prefix is how many bytes stand before the caller's statement.
	prefix int
	// until is where what follows isn't the caller's text any more, 0 for nowhere.
	until int
	// columns are the names of an exact statement; nil for a plain one.
	columns []string
}

// edit is a place where the sent text differs from the caller's.
type edit struct {
	at, old, new int    // offset in the caller's text, lengths there and here
	was, is      string // the two texts
}

// hexPart is how many bytes of a BLOB go into one parameter: twice as many
// characters, which is the longest text D1 documents.
const hexPart = d1.MaxValue / 2

// forms are what a placeholder becomes, PARAM standing for it. A bare cast has
// the affinity INTEGER and would turn the other side of a comparison into a
// number; the + takes it away, so that it acts as a bound integer does and
// indexes are still used.
const (
	formInteger = "(+cast(PARAM as integer))"
	formReal    = "(+cast(PARAM as real))" // for infinities, which JSON hasn't
	formBlob    = "unhex(PARAM)"
	formBytes   = "(+cast(unhex(PARAM) as text))" // text that is not UTF-8
)

// encodeValue returns the form of a value and its JSON parameters.
func encodeValue(v d1.Value) (form string, params []any) {
	switch v.Kind() {
	case d1.Integer:
		return formInteger, []any{v.Text()}
	case d1.Real:
		if f := v.Float(); math.IsInf(f, 0) {
			return formReal, []any{strconv.Itoa(int(math.Copysign(9, f))) + "e999"}
		}
		return "PARAM", []any{v.Float()}
	case d1.Blob:
		return encodeBytes(v.Text(), formBlob, "(+cast(PARAMS as blob))")
	case d1.Text:
		if utf8.ValidString(v.Text()) {
			return "PARAM", []any{v.Text()}
		}
		return encodeBytes(v.Text(), formBytes, "(+cast(PARAMS as text))")
	}
	return "PARAM", []any{nil}
}

// encodeBytes sends bytes as hexadecimal, in parts when they are many.
func encodeBytes(s, one, several string) (form string, params []any) {
	if len(s) <= hexPart {
		return one, []any{hex.EncodeToString([]byte(s))}
	}
	var parts []string
	for len(s) > 0 {
		n := min(len(s), hexPart)
		parts, params = append(parts, "unhex(PARAM)"), append(params, hex.EncodeToString([]byte(s[:n])))
		s = s[n:]
	}
	return strings.Replace(several, "PARAMS", strings.Join(parts, "||"), 1), params
}

// bind rewrites a statement so that its values arrive as they are meant.
func bind(sql string, args []d1.Value) (wire, error) {
	places, count := sqltext.Params(sql, d1.MaxParams)
	if count != len(args) {
		return wire{}, d1.NewError("Wrong number of parameter bindings for SQL query.")
	}
	for _, p := range places {
		if p.Number > d1.MaxParams {
			return wire{}, d1.NewError("too many SQL variables at offset " + strconv.Itoa(p.Offset) + ": SQLITE_ERROR")
		}
	}
	forms, first := make([]string, count), make([]int, count)
	w := wire{}
	several := false
	for i, v := range args {
		form, params := encodeValue(v)
		forms[i], first[i] = form, len(w.Params)+1
		w.Params = append(w.Params, params...)
		several = several || len(params) > 1
	}
	if len(w.Params) > d1.MaxParams {
		return wire{}, d1.NewError("too many SQL variables: SQLITE_ERROR")
	}
	var b strings.Builder
	from := 0
	for _, p := range places {
		text, form := p.Text, forms[p.Number-1]
		n := first[p.Number-1]
		is := form
		for strings.Contains(is, "PARAM") {
			name := text
			if several { // one value is several parameters, so all get numbers
				name = "?" + strconv.Itoa(n)
				n++
			}
			is = strings.Replace(is, "PARAM", name, 1)
		}
		if is == text {
			continue
		}
		b.WriteString(sql[from:p.Offset])
		b.WriteString(is)
		from = p.Offset + len(text)
		w.edits = append(w.edits, edit{at: p.Offset, old: len(text), new: len(is), was: text, is: is})
	}
	b.WriteString(sql[from:])
	w.SQL = b.String()
	return w, nil
}

// offset turns an offset into the sent text into one into the caller's; one
// within a rewritten place is that place's.
func (w wire) offset(sent int) int {
	sent -= w.prefix
	if sent < 0 || w.until > 0 && sent >= w.until {
		return -1
	}
	shift := 0
	for _, e := range w.edits {
		if sent < e.at+shift {
			break
		}
		if sent < e.at+shift+e.new {
			return e.at
		}
		shift += e.new - e.old
	}
	return sent - shift
}

// name gives a result's column the name it has without rewriting: SQLite names
// an expression by its text.
func (w wire) name(column string) string {
	for _, e := range w.edits {
		column = strings.Replace(column, e.is, e.was, 1)
	}
	return column
}
