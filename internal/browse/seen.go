package browse

import (
	"crypto/sha256"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/orm"
)

// Seen is a value as a person saw it when they began to edit. A long one is its
// SHA-256, so that it doesn't travel forth and back.
type Seen struct {
	value d1.Value
	sum   string // "" for a value that is carried
}

// maxSeen is how many bytes of a value are carried.
const maxSeen = 1024

// See returns what is remembered of a value.
func See(v d1.Value) Seen {
	if v.Len() <= maxSeen {
		return Seen{value: v}
	}
	return Seen{sum: sumOf(v)}
}

func sumOf(v d1.Value) string {
	h := sha256.Sum256(orm.AppendValue(nil, v))
	return string(h[:])
}

// matches reports whether v is the value that was seen.
func (s Seen) matches(v d1.Value) bool {
	if s.sum != "" {
		return s.sum == sumOf(v)
	}
	return s.value == v
}

// Value returns the value, and false for one that is summed up.
func (s Seen) Value() (d1.Value, bool) { return s.value, s.sum == "" }

// String writes it for a form; ParseSeen reads it.
func (s Seen) String() string {
	if s.sum != "" {
		return "h" + url64.EncodeToString([]byte(s.sum))
	}
	return "v" + url64.EncodeToString(orm.AppendValue(nil, s.value))
}

// ParseSeen reads what Seen.String wrote, and reports whether it was that.
func ParseSeen(text string) (Seen, bool) {
	if rest, ok := strings.CutPrefix(text, "h"); ok {
		b, ok := decode64(rest)
		return Seen{sum: string(b)}, ok && len(b) == sha256.Size
	}
	rest, ok := strings.CutPrefix(text, "v")
	if !ok {
		return Seen{}, false
	}
	b, ok := decode64(rest)
	if !ok {
		return Seen{}, false
	}
	v, left, ok := orm.ReadValue(b)
	return Seen{value: v}, ok && len(left) == 0
}
