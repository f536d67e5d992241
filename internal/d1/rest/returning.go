package rest

import (
	"slices"
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
	w.SQL, w.until, w.columns = w.SQL[:start]+" "+strings.Join(cells, ", "), start, columns
	return w
}

// returned reads the expressions after a statement's RETURNING, without the names that are
// given to them, and where they start. A * can't be read, whose columns only the table knows,
// and a ? that would be another parameter each time it is written.
func returned(sql string) (start int, list []string, ok bool) {
	depth := 0
	var item []sqltext.Token
	for t := range sqltext.Code(sql) {
		switch {
		case t.Text == ";":
			continue
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth--
		case depth > 0:
		case t.Is("returning"): // the last one: another is a name
			start, ok, list, item = t.End(), true, nil, nil
			continue
		case ok && t.Is(","):
			list, item = append(list, expression(sql, item)), nil
			continue
		}
		if ok {
			item = append(item, t)
			if t.Text == "?" {
				return 0, nil, false
			}
		}
	}
	if ok {
		list = append(list, expression(sql, item))
	}
	return start, list, ok && !slices.Contains(list, "") && !slices.Contains(list, "*")
}

// expression is the text of an item of a list, without the name that is given to it.
func expression(sql string, item []sqltext.Token) string {
	n := len(item)
	if n > 1 && named(item[n-2], item[n-1]) {
		if n--; n > 1 && item[n-1].Is("as") {
			n--
		}
	}
	if n == 0 {
		return ""
	}
	return sql[item[0].Offset:item[n-1].End()]
}

// named reports whether an item ends in a name that is given to it: a name or a text behind
// AS, or right behind the end of an expression.
func named(before, last sqltext.Token) bool {
	switch {
	case !last.IsName() && last.Kind != sqltext.String || isWord(last, operators) || isWord(last, endings):
		return false
	case before.Is("as"):
		return true
	}
	return before.Is(")") || before.Kind != sqltext.Symbol && !isWord(before, operators)
}

// operators are the words of an expression behind which it goes on, endings those that may
// end one and are no names.
var (
	operators = []string{
		"and", "or", "not", "is", "in", "like", "glob", "match", "regexp", "between", "escape", "collate", "distinct", "from",
		"case", "when", "then", "else", "exists", "filter", "over",
	}
	endings = []string{"isnull", "notnull", "null", "end"}
)

func isWord(t sqltext.Token, of []string) bool {
	return t.Kind == sqltext.Word && slices.Contains(of, sqltext.Fold(t.Text))
}
