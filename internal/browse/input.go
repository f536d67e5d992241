package browse

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/orm"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// As says what a person means a cell to hold.
type As string

// What a cell can be made.
const (
	// AsKeep leaves it as it is; in a new row it is AsDefault.
	AsKeep As = "keep"
	// AsValue is the typed text, by the column's affinity: a number where the
	// column keeps numbers and the text spells one, else the text. In a column
	// without a type a number stays a number.
	AsValue As = "value"
	// AsNumber is the typed number, for a column without a type.
	AsNumber As = "number"
	// AsText is the typed text, whatever it spells.
	AsText As = "text"
	// AsBlob is bytes, typed as hexadecimal digits.
	AsBlob As = "blob"
	// AsNull, AsEmpty and AsDefault are NULL, the empty text and the column's
	// default.
	AsNull    As = "null"
	AsEmpty   As = "empty"
	AsDefault As = "default"
	// AsNow is this moment: milliseconds in a column of integers, else
	// "2006-01-02 15:04:05" in UTC, which is what CURRENT_TIMESTAMP gives.
	AsNow As = "now"
	// AsUUID is a new random UUID in text.
	AsUUID As = "uuid"
)

// Input is what was typed for a cell.
type Input struct {
	As   As
	Text string
}

// Typed reports whether it is made of what was typed.
func (as As) Typed() bool {
	return as == AsValue || as == AsNumber || as == AsText || as == AsBlob
}

// maxTyped is how many bytes may be typed for a cell, D1's limit; of a BLOB those
// that its digits stand for.
const maxTyped = d1.MaxValue

// resolve returns what an input makes of a cell: a d1.Value or orm.Default, nil for
// what is left as it is. old is what the cell held.
func (c Column) resolve(in Input, old Seen, now time.Time) (any, error) {
	bad := func(format string, args ...any) (any, error) {
		return nil, fault.New(fault.Invalid, c.Name+": "+format, args...).At(c.Name)
	}
	if c.Generated && in.As != AsKeep {
		return bad("this column is computed by the database and can't be written.")
	}
	if len(in.Text) > maxTyped && in.As != AsBlob {
		return bad("%d bytes are more than the %d that a value may have.", len(in.Text), maxTyped)
	}
	switch in.As {
	case AsKeep, "":
		return nil, nil //nolint:nilnil // nothing is written
	case AsValue:
		v, why := c.typedValue(in.Text, old)
		if why != "" {
			return bad("%s", why)
		}
		return v, nil
	case AsNumber:
		n, ok := orm.Number(in.Text)
		if !ok {
			return bad("%.40q is not a number.", in.Text)
		}
		return n, nil
	case AsText:
		return d1.Str(in.Text), nil
	case AsBlob:
		b, err := hex.DecodeString(strings.Join(strings.Fields(in.Text), ""))
		if err != nil {
			return bad("a BLOB is an even number of hexadecimal digits, for instance 00ff.")
		}
		if len(b) > maxTyped {
			return bad("%d bytes are more than the %d that a value may have.", len(b), maxTyped)
		}
		return d1.Bytes(b), nil
	case AsNull:
		return d1.Value{}, nil
	case AsEmpty:
		return d1.Str(""), nil
	case AsDefault:
		return orm.Default{}, nil
	case AsNow:
		if c.Affinity == live.Integer {
			return d1.Int(now.UnixMilli()), nil
		}
		return d1.Str(now.UTC().Format(time.DateTime)), nil
	case AsUUID:
		return d1.Str(uuid.NewString()), nil
	}
	return bad("%.20q is not what a cell can be made.", string(in.As))
}

// typedValue is what a text becomes in the column, or why it becomes nothing. A
// number stays a text where the column keeps texts. Where it has no type, what
// was a number stays one and all else is text: more would be a guess.
func (c Column) typedValue(s string, old Seen) (v d1.Value, why string) {
	n, isNumber := orm.Number(s)
	trimmed := strings.TrimSpace(s)
	whole := wholeForm.MatchString(trimmed) && c.Affinity != live.Real
	exact := !whole || n.Kind() == d1.Integer && !zeroForm.MatchString(trimmed)
	switch c.Affinity {
	case live.Text:
		return d1.Str(s), ""
	case live.None:
		if k := old.value.Kind(); isNumber && exact && (k == d1.Integer || k == d1.Real) {
			return n, ""
		}
		return d1.Str(s), ""
	}
	switch {
	case trimmed == "" && c.NotNull && !c.RowID:
		return v, "the column keeps numbers and can't be NULL, and nothing is no number. Type a number."
	case trimmed == "":
		return d1.Value{}, ""
	case !exact && n.Kind() == d1.Real:
		return v, fmt.Sprintf("%.40s is beyond the integers a database keeps, -9223372036854775808 to 9223372036854775807. "+
			"It would lose digits.", trimmed)
	case !exact:
		return v, fmt.Sprintf("%.40s would be stored as %s, because the column keeps numbers. "+
			"Type it without the zeros before it.", trimmed, n.Text())
	case isNumber:
		return n, ""
	}
	return d1.Str(s), ""
}

var (
	wholeForm = regexp.MustCompile(`^[+-]?\d+$`)
	zeroForm  = regexp.MustCompile(`^[+-]?0\d`)
)

// Says reports whether an input leaves a cell what was seen in it.
func (c Column) Says(in Input, old Seen) bool {
	switch in.As {
	case AsKeep, "":
		return true
	case AsDefault, AsNow, AsUUID:
		return false
	}
	v, err := c.value(in, old)
	return err == nil && old.matches(v)
}

// value is what an input that was typed makes of a cell.
func (c Column) value(in Input, old Seen) (d1.Value, error) {
	v, err := c.resolve(in, old, time.Time{})
	if err != nil {
		return d1.Value{}, err
	}
	value, ok := v.(d1.Value)
	if !ok {
		return d1.Value{}, fault.New(fault.Invalid, "%s isn't typed.", c.Name)
	}
	return value, nil
}

// InputOf returns the input that keeps a cell of the column what it is, v, and
// false for a value that can't be typed: bytes that are no text. Such a cell is
// kept or replaced.
func (c Column) InputOf(v d1.Value) (Input, bool) {
	switch v.Kind() {
	case d1.Null:
		return Input{As: AsNull}, true
	case d1.Blob:
		return Input{As: AsBlob, Text: hex.EncodeToString([]byte(v.Text()))}, v.Len() <= maxBlobTyped
	}
	if v == d1.Str("") {
		return Input{As: AsEmpty}, true
	}
	if strings.ContainsFunc(v.Text(), func(r rune) bool { return r == 0 || r == '\uFFFD' || r == '\r' }) {
		return Input{As: AsKeep}, false
	}
	for _, as := range []As{AsValue, AsText} {
		in := Input{As: as, Text: v.Text()}
		if is, err := c.value(in, See(v)); err == nil && is == v {
			return in, true
		}
	}
	return Input{As: AsKeep}, false
}

// maxBlobTyped is how many bytes of a BLOB a form shows as digits.
const maxBlobTyped = 4096

// Kinds of fields that a column is typed into.
const (
	FieldText    = "text"
	FieldNumber  = "number"
	FieldBoolean = "boolean"
	FieldLong    = "long"
)

// Field returns the kind of field for the column: by its declared type, where
// boolean is 1 or 0, and long is text of several lines.
func (c Column) Field() string {
	t := sqltext.Fold(c.Type)
	switch {
	case strings.Contains(t, "bool"):
		return FieldBoolean
	case strings.Contains(t, "json"):
		return FieldLong
	}
	switch c.Affinity {
	case live.Integer, live.Real, live.Numeric:
		return FieldNumber
	}
	return FieldText
}
