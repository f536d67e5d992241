package browse

import (
	"bytes"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/orm"
)

// MaxKey is how many bytes of a row's key fit into a link.
const MaxKey = orm.MaxKey

// EncodeKey writes the values of a row's key as one segment of a URL, exact in
// every storage class. It is "" for no values and for more than MaxKey bytes:
// such a row can't be linked.
func EncodeKey(values []d1.Value) string {
	b := encodeValues(values)
	if len(b) > MaxKey {
		return ""
	}
	return url64.EncodeToString(b)
}

// DecodeKey reads what EncodeKey wrote, and nothing else: anything else is
// fault.NotFound.
func DecodeKey(s string) ([]d1.Value, error) {
	bad := fault.New(fault.NotFound, "This is not the key of a row.")
	if s == "" || len(s) > url64.EncodedLen(MaxKey) {
		return nil, bad
	}
	b, ok := decode64(s)
	if !ok {
		return nil, bad
	}
	var out []d1.Value
	for rest := b; len(rest) > 0; {
		v, r, ok := orm.ReadValue(rest)
		if !ok {
			return nil, bad
		}
		out, rest = append(out, v), r
	}
	if !bytes.Equal(encodeValues(out), b) { // numbers have longer spellings
		return nil, bad
	}
	return out, nil
}

func encodeValues(values []d1.Value) []byte {
	b := make([]byte, 0, 32) // most keys are a number or an id
	for _, v := range values {
		b = orm.AppendValue(b, v)
	}
	return b
}
