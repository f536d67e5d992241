package orm

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
)

const (
	cursorVersion = 1
	// maxCarried is how long a sort value may be to be carried in a cursor. A
	// longer one is read from its row again.
	maxCarried = 512
	maxCursor  = 16 << 10
)

// MaxKey is how many bytes of a row's key fit into a link.
const MaxKey = 2048

// url64 refuses padding bits that are not zero, so a text has one decoding.
var url64 = base64.RawURLEncoding.Strict()

// decode64 is strict: a text has one encoding. The decoder alone would skip line
// ends.
func decode64(s string) ([]byte, bool) {
	b, err := url64.DecodeString(s)
	return b, err == nil && !strings.ContainsAny(s, "\r\n")
}

// Position is a place between rows of an order: the order's values of the row it is at.
type Position struct {
	values []d1.Value
	// lookup marks the values that the row has to be asked for.
	lookup []bool
}

// Cursor returns the token of the row that get reads, "" for one whose key is too long
// to carry. It is safe in a URL.
func (o Order) Cursor(get func(place int) d1.Value) string {
	sum := o.sum()
	b := append([]byte{cursorVersion}, sum[:]...)
	for _, t := range o.terms {
		v := get(t.place)
		switch {
		case v.Len() <= maxCarried:
			b = AppendValue(b, v)
		case !o.t.tied(t.place):
			b = append(b, tagLookup)
		case v.Len() > MaxKey:
			return ""
		default:
			b = AppendValue(b, v)
		}
	}
	if url64.EncodedLen(len(b)) > maxCursor {
		return ""
	}
	return url64.EncodeToString(b)
}

// Position reads a cursor made for that order, and false for anything else: a place in
// one order means nothing in another.
func (o Order) Position(cursor string) (Position, bool) {
	if len(cursor) > maxCursor || len(o.terms) == 0 {
		return Position{}, false
	}
	b, sound := decode64(cursor)
	sum := o.sum()
	rest, ok := strings.CutPrefix(string(b), string(append([]byte{cursorVersion}, sum[:]...)))
	if !sound || !ok {
		return Position{}, false
	}
	p, left := Position{}, []byte(rest)
	for _, t := range o.terms {
		v, lookup, more, ok := readValue(left)
		if !ok || lookup && o.t.tied(t.place) {
			return Position{}, false
		}
		p.values, p.lookup, left = append(p.values, v), append(p.lookup, lookup), more
	}
	return p, len(left) == 0
}

// bound is a position within a statement: for each term its SQL, or NULL.
type bound struct {
	sql    []string
	isNull []bool
}

func (c *compiler) bound(o Order, p Position) bound {
	var b bound
	row := c.rowOf(o, p)
	for n, t := range o.terms {
		if p.lookup[n] {
			b.sql = append(b.sql, "(SELECT "+c.table.ref("k", t.place)+" FROM "+c.table.quoted()+" AS k WHERE "+row("k")+")")
		} else {
			b.sql = append(b.sql, c.add(p.values[n]))
		}
		b.isNull = append(b.isNull, !p.lookup[n] && p.values[n].IsNull())
	}
	return b
}

// rowOf returns the condition of a position's row, by its tie, as a function of the
// table's alias. Its values are added to the statement when it is called first.
func (c *compiler) rowOf(o Order, p Position) func(alias string) string {
	var params []string
	return func(alias string) string {
		tie := c.table.Key.Tie()
		if params == nil {
			for _, place := range tie {
				n := slices.IndexFunc(o.terms, func(t term) bool { return t.place == place })
				params = append(params, c.add(p.values[n]))
			}
		}
		return c.same(alias, tie, params)
	}
}
