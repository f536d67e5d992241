package browse

import (
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// term is one column rows are ordered by.
type term struct {
	col int
	// binary orders by bytes what is equal by the column's collation.
	binary bool
	// apart keeps it out of a row value with the term before: that one has
	// duplicates and an index, and within a duplicate the index can be entered
	// at the rowid by an equality alone.
	apart bool
}

// order is what a page is sorted by. Every term goes the same way, and no two
// rows are equal, unless the relation is keyless.
type order struct {
	terms []term
	desc  bool
}

// order returns the order by that column, or by the key for "".
func (r *relation) order(column string, desc bool) (order, error) {
	base := r.keyOrder()
	if column == "" {
		return order{base, desc}, nil
	}
	i, ok := r.column(column)
	if !ok {
		return order{}, fault.New(fault.Invalid, "%s has no column %.100q to sort by.", r.Name, column).At("sort")
	}
	if len(base) > 0 && base[0].col == i {
		return order{base, desc}, nil
	}
	terms := []term{{col: i}}
	for _, t := range r.terms(r.tie()) {
		if t.col == i && !t.binary {
			continue
		}
		t.apart = (t.col == rowidColumn || r.Key.Alias) && r.columns[i].Indexed && !r.columns[i].Unique
		terms = append(terms, t)
	}
	return order{terms, desc}, nil
}

// keyOrder is the order of the key. A key of three and more columns that may be
// NULL is left to the rowid: going back through it takes two arms a column, and
// D1 has five.
func (r *relation) keyOrder() []term {
	switch {
	case r.keyless != "":
		return nil
	case r.rowid == "":
		return r.terms(r.pk)
	case r.exact || len(r.pk) < 3:
		return r.terms(append(slices.Clone(r.pk), rowidColumn))
	}
	return []term{{col: rowidColumn}}
}

// terms orders by the columns, and then by bytes where their collation alone
// would not tell two keys apart.
func (r *relation) terms(cols []int) []term {
	var out, after []term
	for _, i := range cols {
		out = append(out, term{col: i})
		if i != rowidColumn && r.columns[i].Collated && !r.exact && r.rowid == "" {
			after = append(after, term{col: i, binary: true})
		}
	}
	return append(out, after...)
}

func (r *relation) termSQL(t term) string {
	if t.binary {
		return r.ref("t", t.col) + " COLLATE BINARY"
	}
	return r.ref("t", t.col)
}

func (r *relation) orderSQL(o order) string {
	if len(o.terms) == 0 {
		return ""
	}
	parts := make([]string, len(o.terms))
	for n, t := range o.terms {
		parts[n] = r.termSQL(t)
		if o.desc {
			parts[n] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// sum tells an order of this relation from every other one. Cursors carry it.
func (r *relation) sum(o order) [6]byte {
	var b strings.Builder
	b.WriteString(sqltext.Fold(r.Name))
	if o.desc {
		b.WriteString("\x00desc")
	}
	for _, t := range o.terms {
		b.WriteString("\x00" + r.termSQL(t))
	}
	h := sha256.Sum256([]byte(b.String()))
	return [6]byte(h[:6])
}
