package rest

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// exactCell is what a column C is asked as, so that one JSON value keeps its
// storage class: i… an integer, s… a text, h… a text's bytes, r… a real that
// JSON can't write, a number any other real, a list a BLOB.
const exactCell = "case typeof(C) when 'integer' then 'i'||C" +
	" when 'real' then case when C=0 then iif(atan2(C,-1)<0,'r-0.0','r0.0') when abs(C)=9e999 then iif(C>0,'r+Inf','r-Inf') else C end" +
	" when 'text' then TEXT else C end"

// A text of up to 1,999,999 bytes gets its prefix: with it, it still fits D1's longest
// value. No row can hold a longer one, only an expression make it.
const (
	textPrefixed = "case when octet_length(C)<=1999999 then 's'||C else C end"
	textHex      = "case when octet_length(C)<=999999 then 'h'||hex(C) when octet_length(C)<=1999999 then 's'||C else C end"
)

// exact wraps a reading statement. The subquery's limit and the outer where keep
// SQLite from folding the two into one, so that each value is computed once and
// the order stays. A limit of rows is how many of them are read at all, -1 for all: an
// ORDER BY within holds, since SQLite leaves one out only where the select around it
// sorts, joins or counts.
func exact(w wire, columns []string, hexTexts bool, rows int) wire {
	text := textPrefixed
	if hexTexts {
		text = textHex
	}
	cell := strings.Replace(exactCell, "TEXT", text, 1)
	names, cells := make([]string, len(columns)), make([]string, len(columns))
	for i := range columns {
		names[i] = "c" + strconv.Itoa(i)
		cells[i] = replaceColumn(cell, names[i])
	}
	before := "with kuratchi_q(" + strings.Join(names, ",") + ") as (select * from ("
	after := "\n) limit " + strconv.Itoa(rows) + ") select " + strings.Join(cells, ",") + " from kuratchi_q where 1"
	body := w.SQL[:sqltext.End(w.SQL)]
	w.SQL, w.prefix, w.columns = before+body+after, len(before), columns
	return w
}

// replaceColumn puts a column's name in the place of every C that stands alone.
func replaceColumn(s, name string) string {
	var b strings.Builder
	for i := range len(s) {
		alone := s[i] == 'C' && (i == 0 || !isLetter(s[i-1])) && (i+1 == len(s) || !isLetter(s[i+1]))
		if alone {
			b.WriteString(name)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

// errShape is an answer whose form isn't the one Cloudflare documents.
var errShape = errors.New("the answer has an unknown form")

// cells cuts a row, a JSON list, into its values.
func cells(row json.RawMessage, columns int) ([]json.RawMessage, error) {
	out := make([]json.RawMessage, 0, columns)
	b := bytes.TrimSpace(row)
	if len(b) < 2 || b[0] != '[' {
		return nil, errShape
	}
	depth, start, inString := 0, 1, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			depth++
		case (c == ']' || c == '}') && depth > 1:
			depth--
		case c == ',' && depth == 1, c == ']':
			if cell := bytes.TrimSpace(b[start:i]); len(cell) > 0 {
				out = append(out, cell)
			}
			start = i + 1
		}
	}
	if columns >= 0 && len(out) != columns {
		return nil, errShape
	}
	return out, nil
}

// plainValue reads a cell as well as JSON allows.
func plainValue(cell json.RawMessage) (d1.Value, error) {
	switch c := cell[0]; {
	case c == 'n':
		return d1.Value{}, nil
	case c == '"':
		var s string
		err := json.Unmarshal(cell, &s)
		return d1.Str(s), err
	case c == '[':
		return byteList(cell)
	case c == '-' || c >= '0' && c <= '9':
		return plainNumber(string(cell))
	}
	return d1.Value{}, errShape
}

func plainNumber(s string) (d1.Value, error) {
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return d1.Int(i), nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return d1.Value{}, errShape
	}
	return d1.Float(f), nil
}

// byteList reads a BLOB, a list of numbers from 0 to 255.
func byteList(cell json.RawMessage) (d1.Value, error) {
	out := make([]byte, 0, len(cell)/3)
	n, digits := 0, false
	for _, c := range cell[1:] {
		switch {
		case c >= '0' && c <= '9':
			if n, digits = n*10+int(c-'0'), true; n > 255 {
				return d1.Value{}, errShape
			}
		case c == ',' || c == ']':
			if digits {
				out = append(out, byte(n))
			}
			n, digits = 0, false
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
		default:
			return d1.Value{}, errShape
		}
	}
	return d1.Bytes(out), nil
}

// errBroken is a text that isn't UTF-8, of which JSON has lost bytes; asked for
// in hexadecimal they arrive.
var errBroken = errors.New("a text may not be UTF-8")

// exactValue reads a cell of an exact statement.
func exactValue(cell json.RawMessage) (d1.Value, error) {
	switch c := cell[0]; {
	case c == '-' || c >= '0' && c <= '9':
		f, err := strconv.ParseFloat(string(cell), 64)
		if err != nil {
			return d1.Value{}, errShape
		}
		return d1.Float(f), nil
	case c != '"':
		return plainValue(cell)
	}
	var s string
	if err := json.Unmarshal(cell, &s); err != nil {
		return d1.Value{}, errShape
	}
	if s == "" {
		return broken(s)
	}
	switch kind, rest := s[0], s[1:]; kind {
	case 'i':
		i, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return d1.Value{}, errShape
		}
		return d1.Int(i), nil
	case 's':
		return broken(rest)
	case 'h':
		return hexText(rest)
	case 'r':
		f, err := strconv.ParseFloat(rest, 64)
		if err != nil || !math.IsInf(f, 0) && f != 0 {
			return d1.Value{}, errShape
		}
		return d1.Float(f), nil
	}
	return broken(s) // longer than a prefix allows, in bytes JSON doesn't show
}

// hexText reads a text's bytes.
func hexText(s string) (d1.Value, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		return d1.Value{}, errShape
	}
	return d1.Str(string(b)), nil
}

// broken returns a text, with errBroken when it holds the character that stands
// in JSON for bytes that are not UTF-8.
func broken(s string) (d1.Value, error) {
	if strings.ContainsRune(s, utf8.RuneError) {
		return d1.Str(s), errBroken
	}
	return d1.Str(s), nil
}
