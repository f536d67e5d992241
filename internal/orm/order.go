package orm

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// term is one column rows are ordered by.
type term struct {
	place int
	// binary orders by bytes what is equal by the column's collation.
	binary bool
	// apart keeps it out of a row value with the term before: that one has
	// duplicates and an index, and within a duplicate the index can be entered
	// at the rowid by an equality alone.
	apart bool
}

// Order is what the rows of a table are sorted by. Every term goes the same way, and no
// two rows are equal, unless the table has no key.
type Order struct {
	t     *table
	terms []term
	desc  bool
}

// ByKey is the order of a table's key.
func ByKey(t *live.Table, desc bool) Order {
	tt := &table{Table: t}
	return Order{tt, tt.keyOrder(), desc}
}

// By is the order by the column at that place, and within it by what tells rows apart.
func By(t *live.Table, place int, desc bool) Order {
	o := ByKey(t, desc)
	if len(o.terms) > 0 && o.terms[0].place == place {
		return o
	}
	terms, key := []term{{place: place}}, o.t.Key
	for _, tied := range o.t.terms(key.Tie()) {
		if tied.place == place && !tied.binary {
			continue
		}
		tied.apart = (tied.place == live.RowID || key.Alias) && t.Columns[place].Indexed && !t.Columns[place].Unique
		terms = append(terms, tied)
	}
	o.terms = terms
	return o
}

// Places are the columns the rows are ordered by; live.RowID may be among them.
func (o Order) Places() []int {
	out := make([]int, len(o.terms))
	for n, t := range o.terms {
		out[n] = t.place
	}
	return out
}

// Back is the order the other way round.
func (o Order) Back() Order {
	o.desc = !o.desc
	return o
}

// keyOrder is the order of the key. A key of three and more columns that may be
// NULL is left to the rowid: going back through it takes two arms a column, and
// D1 has five.
func (t *table) keyOrder() []term {
	switch {
	case t.Key.Missing != "":
		return nil
	case t.Key.RowID == "":
		return t.terms(t.Key.Columns)
	case t.Key.Exact || len(t.Key.Columns) < 3:
		return t.terms(append(slices.Clone(t.Key.Columns), live.RowID))
	}
	return []term{{place: live.RowID}}
}

// terms orders by the columns, and then by bytes where their collation alone
// would not tell two keys apart.
func (t *table) terms(cols []int) []term {
	var out, after []term
	for _, i := range cols {
		out = append(out, term{place: i})
		if t.collated(i) && !t.Key.Exact && t.Key.RowID == "" {
			after = append(after, term{place: i, binary: true})
		}
	}
	return append(out, after...)
}

// sql is how a statement names a term.
func (o Order) sql(n int) string {
	ref := o.t.ref(self, o.terms[n].place)
	if o.terms[n].binary {
		return ref + " COLLATE BINARY"
	}
	return ref
}

// String is the ORDER BY, "" for no order.
func (o Order) String() string {
	parts := make([]string, len(o.terms))
	for n := range o.terms {
		parts[n] = o.sql(n)
		if o.desc {
			parts[n] += " DESC"
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// sum tells an order of this table from every other one. Cursors carry it.
func (o Order) sum() [6]byte {
	var b strings.Builder
	b.WriteString(sqltext.Fold(o.t.Name))
	if o.desc {
		b.WriteString("\x00desc")
	}
	for n := range o.terms {
		b.WriteString("\x00" + o.sql(n))
	}
	h := sha256.Sum256([]byte(b.String()))
	return [6]byte(h[:6])
}
