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

// last is the id made last; of one millisecond, each is one higher than the
// one before, so the ids of one process sort in the order they were made.
var last struct {
	sync.Mutex
	bytes [16]byte
}

// At returns a new id of type T for that moment.
func At[T ~string](t time.Time) T {
	var b [16]byte
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	last.Lock()
	if [6]byte(b[:6]) == [6]byte(last.bytes[:6]) {
		b = last.bytes
		for i := 15; i > 5; i-- {
			if b[i]++; b[i] != 0 {
				break
			}
		}
	} else {
		_, _ = rand.Read(b[6:]) // never fails (crypto/rand)
	}
	last.bytes = b
	last.Unlock()
	return T(crockford.EncodeToString(b[:]))
}
