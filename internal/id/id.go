package id

import (
	"crypto/rand"
	"encoding/base32"
	"sync"
	"time"
)

// Org is the id of an organization.
type Org string

// Database is the id of an organization's database; on D1 it is the uuid.
type Database string

// Operator is the id of a person who signs in.
type Operator string

// Plan is the id of a stored migration plan.
type Plan string

// Schema is the id of a named schema.
type Schema string

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// New returns a new id of type T.
func New[T ~string]() T { return At[T](time.Now()) }

// tail is what the id made last ended with: it is one higher from id to id, whatever moments
// they are of, so those of one millisecond sort in the order they were made.
var tail struct {
	sync.Mutex
	bytes [10]byte
}

func init() {
	_, _ = rand.Read(tail.bytes[:]) // never fails (crypto/rand); other processes begin elsewhere
	tail.bytes[0] &= 0x7f           // far from where it would begin anew
}

// At returns a new id of type T for that moment.
func At[T ~string](t time.Time) T {
	var b [16]byte
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	tail.Lock()
	for i := len(tail.bytes) - 1; i >= 0; i-- {
		if tail.bytes[i]++; tail.bytes[i] != 0 {
			break
		}
	}
	copy(b[6:], tail.bytes[:])
	tail.Unlock()
	return T(crockford.EncodeToString(b[:]))
}
