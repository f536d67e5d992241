package rest

import (
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// exactReturning asks for what a write returns so that every value comes back as it is
// stored: a key that was rounded would be another row's. Texts come as their bytes,
// since a write can't be asked twice. A list it can't read stays as it is.
func exactReturning(w wire, columns []string) wire {
	start, list, ok := returned(w.SQL)
	if !ok || len(list) != len(columns) {
		return w
	}
	cell := strings.Replace(exactCell, "TEXT", textHex, 1)
	cells := make([]string, len(list))
	for i, e := range list {
		cells[i] = replaceColumn(cell, "("+e+")")
	}
	w.SQL, w.columns = w.SQL[:start]+" "+strings.Join(cells, ", "), columns
	return w
}

// returned reads the expressions after a statement's RETURNING, and where they start.
func returned(sql string) (start int, list []string, ok bool) {
	depth, from, last := 0, 0, 0
	cut := func(to int) { list = append(list, strings.TrimSpace(sql[from:to])) }
	for t := range sqltext.Code(sql) {
		switch {
		case t.Text == ";":
			continue
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case depth > 0:
		case t.Is("returning"):
			start, ok = t.Offset+len(t.Text), true
			from, list = start, nil
		case ok && t.Is(","):
			cut(t.Offset)
			from = t.Offset + 1
		case ok && (t.Is("as") || t.Is("*")): // a name of its own, or all columns
			return 0, nil, false
		}
		last = t.Offset + len(t.Text)
	}
	if ok {
		cut(last)
	}
	return start, list, ok && from < last
}
