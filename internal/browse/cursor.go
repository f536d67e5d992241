package browse

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

const (
	cursorVersion = 1
	// maxCarried is how long a sort value may be to be carried in a cursor. A
	// longer one is read from its row again.
	maxCarried = 512
	maxCursor  = 16 << 10
)

// position is a place between rows: the order's values of the row it is at.
type position struct {
	values []d1.Value
	// lookup marks the values that the row has to be asked for.
	lookup []bool
}

// cursor returns the token of the row that get reads, "" for one whose key is
// too long to carry.
func (r *relation) cursor(o order, get func(col int) d1.Value) string {
	sum := r.sum(o)
	b := append([]byte{cursorVersion}, sum[:]...)
	for _, t := range o.terms {
		v := get(t.col)
		switch {
		case v.Len() <= maxCarried:
			b = appendValue(b, v)
		case !slices.Contains(r.tie(), t.col):
			b = append(b, tagLookup)
		case v.Len() > MaxKey:
			return ""
		default:
			b = appendValue(b, v)
		}
	}
	if url64.EncodedLen(len(b)) > maxCursor {
		return ""
	}
	return url64.EncodeToString(b)
}

// position reads a cursor made for that order. Everything else is
// fault.Invalid: a place in one order means nothing in another.
func (r *relation) position(o order, token string) (position, error) {
	bad := fault.New(fault.Invalid, "This link leads into the middle of %s in another order, or as the table was before. Start from the first page.", r.Name)
	if len(token) > maxCursor || len(o.terms) == 0 {
		return position{}, bad
	}
	b, sound := decode64(token)
	sum := r.sum(o)
	rest, ok := strings.CutPrefix(string(b), string(append([]byte{cursorVersion}, sum[:]...)))
	if !sound || !ok {
		return position{}, bad
	}
	p := position{}
	left := []byte(rest)
	for _, t := range o.terms {
		v, lookup, more, ok := readValue(left)
		if !ok || lookup && slices.Contains(r.tie(), t.col) {
			return position{}, bad
		}
		p.values, p.lookup, left = append(p.values, v), append(p.lookup, lookup), more
	}
	if len(left) > 0 {
		return position{}, bad
	}
	return p, nil
}

// bound is a position within a statement: for each term its SQL, or NULL.
type bound struct {
	sql    []string
	isNull []bool
	// exists is the condition of the row that is asked for values, "" when none
	// is.
	exists string
}

func (r *relation) bind(o order, p position, a *args) bound {
	var b bound
	row := r.rowOf(o, p, a)
	for n, t := range o.terms {
		switch {
		case p.lookup[n]:
			b.exists = row("t")
			b.sql = append(b.sql, "(SELECT "+r.ref("k", t.col)+" FROM "+sqltext.Quote(r.Name)+" AS k WHERE "+row("k")+")")
		default:
			b.sql = append(b.sql, a.add(p.values[n]))
		}
		b.isNull = append(b.isNull, !p.lookup[n] && p.values[n].IsNull())
	}
	return b
}

// rowOf returns the condition of a position's row, by its tie, as a function of
// the table's alias. Its values are added to the statement when it is called first.
func (r *relation) rowOf(o order, p position, a *args) func(alias string) string {
	var params []string
	return func(alias string) string {
		tie := r.tie()
		if params == nil {
			for _, col := range tie {
				n := slices.IndexFunc(o.terms, func(t term) bool { return t.col == col })
				params = append(params, a.add(p.values[n]))
			}
		}
		return r.same(alias, tie, params)
	}
}

// beyond returns the conditions of the rows that come after the bound, one an
// arm, in the order of the rows. Each arm is a range of an index where there is
// an index by the order.
//
// Rows after (v1, v2) are those with c1 = v1 and c2 after v2, and those with c1
// after v1. Neighbouring levels become one comparison of row values where no
// NULL comes between: NULL is first ascending and last descending, and equal to
// nothing in a row value.
func (r *relation) beyond(o order, b bound) []string {
	var arms []string
	cmp := " > "
	if o.desc {
		cmp = " < "
	}
	for j := len(o.terms) - 1; j >= 0; {
		if b.isNull[j] {
			if !o.desc {
				arms = append(arms, r.arm(o, b, j, r.termSQL(o.terms[j])+" IS NOT NULL"))
			}
			j--
			continue
		}
		i := j
		for i > 0 && !b.isNull[i-1] && !o.terms[i].apart && !(o.desc && r.mayBeNull(o.terms[i].col)) {
			i--
		}
		left := make([]string, 0, j-i+1)
		for _, t := range o.terms[i : j+1] {
			left = append(left, r.termSQL(t))
		}
		arms = append(arms, r.arm(o, b, i, tuple(left)+cmp+tuple(b.sql[i:j+1])))
		if o.desc && r.mayBeNull(o.terms[i].col) {
			arms = append(arms, r.arm(o, b, i, r.termSQL(o.terms[i])+" IS NULL"))
		}
		j = i - 1
	}
	return arms
}

// arm adds to a condition on term i that the terms before are the bound's.
func (r *relation) arm(o order, b bound, i int, cond string) string {
	conds := make([]string, 0, i+1)
	for n, t := range o.terms[:i] {
		if b.isNull[n] {
			conds = append(conds, r.termSQL(t)+" IS NULL")
		} else {
			conds = append(conds, r.termSQL(t)+" = "+b.sql[n])
		}
	}
	return and(append(conds, cond))
}

func tuple(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
