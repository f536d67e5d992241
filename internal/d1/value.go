package d1

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Kind is one of SQLite's five storage classes.
type Kind uint8

// The storage classes, as typeof() calls them.
const (
	Null Kind = iota
	Integer
	Real
	Text
	Blob
)

func (k Kind) String() string {
	return [...]string{"null", "integer", "real", "text", "blob"}[k]
}

// Value is one stored value. It keeps what JSON loses: the storage class,
// 64-bit integers, BLOBs and bytes that are not UTF-8. Values are comparable
// with ==, which tells storage classes apart; the zero Value is NULL.
type Value struct {
	kind Kind
	num  uint64 // the integer, or the real's bits
	str  string // the text, or the BLOB's bytes
}

// Int returns an INTEGER.
func Int(i int64) Value { return Value{kind: Integer, num: uint64(i)} }

// Float returns a REAL, and NULL for NaN, as SQLite does.
func Float(f float64) Value {
	if math.IsNaN(f) {
		return Value{}
	}
	return Value{kind: Real, num: math.Float64bits(f)}
}

// Str returns a TEXT.
func Str(s string) Value { return Value{kind: Text, str: s} }

// Bytes returns a BLOB.
func Bytes(b []byte) Value { return Value{kind: Blob, str: string(b)} }

// BlobOf returns a BLOB of a string's bytes.
func BlobOf(s string) Value { return Value{kind: Blob, str: s} }

// Bool returns the INTEGER 1 or 0.
func Bool(b bool) Value {
	if b {
		return Int(1)
	}
	return Int(0)
}

// OptStr returns a TEXT, or NULL for "".
func OptStr(s string) Value {
	if s == "" {
		return Value{}
	}
	return Str(s)
}

// Kind returns the storage class.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether the value is NULL.
func (v Value) IsNull() bool { return v.kind == Null }

// Int returns the integer, a real cut to one, the integer a text starts as, else 0.
func (v Value) Int() int64 {
	switch v.kind {
	case Integer:
		return int64(v.num)
	case Real:
		return int64(math.Float64frombits(v.num))
	case Text:
		i, _ := strconv.ParseInt(v.str, 10, 64)
		return i
	}
	return 0
}

// Float returns the number as a float64, 0 for what is none.
func (v Value) Float() float64 {
	switch v.kind {
	case Integer:
		return float64(int64(v.num))
	case Real:
		return math.Float64frombits(v.num)
	case Text:
		f, _ := strconv.ParseFloat(v.str, 64)
		return f
	}
	return 0
}

// Text returns the value as people read it: text as it is, numbers in decimal
// (a REAL always with a point or an exponent), "" for NULL, bytes for a BLOB.
func (v Value) Text() string {
	switch v.kind {
	case Integer:
		return strconv.FormatInt(int64(v.num), 10)
	case Real:
		return string(appendReal(nil, math.Float64frombits(v.num)))
	}
	return v.str
}

// Len returns the number of bytes of a text or BLOB.
func (v Value) Len() int { return len(v.str) }

// AppendText appends Text, without making a string of a number.
func (v Value) AppendText(b []byte) []byte {
	switch v.kind {
	case Integer:
		return strconv.AppendInt(b, int64(v.num), 10)
	case Real:
		return appendReal(b, math.Float64frombits(v.num))
	}
	return append(b, v.str...)
}

func appendReal(b []byte, f float64) []byte {
	if math.IsInf(f, 0) {
		return append(b, strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+")...)
	}
	form, from := byte('g'), len(b)
	if abs := math.Abs(f); abs >= 1e-5 && abs < 1e15 {
		form = 'f'
	}
	b = strconv.AppendFloat(b, f, form, -1, 64)
	if !bytes.ContainsAny(b[from:], ".e") {
		b = append(b, ".0"...)
	}
	return b
}

// Literal returns the value as an SQL literal that evaluates to it. A text with
// a NUL character becomes a cast of its bytes, since SQL text ends at a NUL; so
// does one that is not UTF-8, since not every transport can carry it.
func (v Value) Literal() string {
	switch v.kind {
	case Null:
		return "NULL"
	case Integer:
		if int64(v.num) == math.MinInt64 { // the positive part of the literal would be a REAL
			return "(-9223372036854775807-1)"
		}
		return v.Text()
	case Real:
		switch f := v.Float(); {
		case math.IsInf(f, 1):
			return "9e999"
		case math.IsInf(f, -1):
			return "-9e999"
		}
		return v.Text()
	case Blob:
		return "x'" + hex.EncodeToString([]byte(v.str)) + "'"
	}
	if strings.ContainsRune(v.str, 0) || !utf8.ValidString(v.str) {
		return "CAST(x'" + hex.EncodeToString([]byte(v.str)) + "' AS TEXT)"
	}
	return sqltext.QuoteText(v.str)
}

// MarshalJSON writes the value so that nothing is lost: numbers, strings and
// null as JSON has them, an integer beyond 2^53 as a string, a BLOB as
// {"blob":"hex"}.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case Null:
		return []byte("null"), nil
	case Integer:
		if i := int64(v.num); i > 1<<53 || i < -(1<<53) {
			return json.Marshal(v.Text())
		}
		return []byte(v.Text()), nil
	case Real:
		if math.IsInf(v.Float(), 0) {
			return []byte("null"), nil // what D1 answers
		}
		return json.Marshal(v.Float())
	case Blob:
		return json.Marshal(map[string]string{"blob": hex.EncodeToString([]byte(v.str))})
	}
	return json.Marshal(v.str)
}
