package orm

import (
	"encoding/binary"
	"math"

	"github.com/kuratchi/dashboard/internal/d1"
)

// The tags of encoded values. Each value is its tag and then: nothing, a zigzag
// varint, eight bytes, or a length and that many bytes.
const (
	tagNull byte = iota
	tagInt
	tagReal
	tagText
	tagBlob
	tagLookup // cursors only: a value too long to carry, read from the row again
)

// AppendValue appends a value, exact in every storage class: ReadValue reads it.
func AppendValue(b []byte, v d1.Value) []byte {
	switch v.Kind() {
	case d1.Integer:
		return binary.AppendVarint(append(b, tagInt), v.Int())
	case d1.Real:
		return binary.BigEndian.AppendUint64(append(b, tagReal), math.Float64bits(v.Float()))
	case d1.Text:
		return append(binary.AppendUvarint(append(b, tagText), uint64(v.Len())), v.Text()...)
	case d1.Blob:
		return append(binary.AppendUvarint(append(b, tagBlob), uint64(v.Len())), v.Text()...)
	}
	return append(b, tagNull)
}

// ReadValue reads one value that AppendValue wrote and returns what comes after it, and
// false for anything else.
func ReadValue(b []byte) (v d1.Value, rest []byte, ok bool) {
	v, lookup, rest, ok := readValue(b)
	return v, rest, ok && !lookup
}

// readValue reads a value of a cursor, too. lookup stands for one that isn't there.
func readValue(b []byte) (v d1.Value, lookup bool, rest []byte, ok bool) {
	if len(b) == 0 {
		return v, false, nil, false
	}
	tag, b := b[0], b[1:]
	switch tag {
	case tagNull, tagLookup:
		return v, tag == tagLookup, b, true
	case tagInt:
		if i, n := binary.Varint(b); n > 0 {
			return d1.Int(i), false, b[n:], true
		}
	case tagReal:
		if len(b) >= 8 {
			v = d1.Float(math.Float64frombits(binary.BigEndian.Uint64(b)))
			return v, false, b[8:], !v.IsNull()
		}
	case tagText, tagBlob:
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			break
		}
		s := string(b[n : n+int(size)])
		if tag == tagText {
			return d1.Str(s), false, b[n+int(size):], true
		}
		return d1.BlobOf(s), false, b[n+int(size):], true
	}
	return v, false, nil, false
}
