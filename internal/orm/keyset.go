package orm

import "strings"

// beyond returns the conditions of the rows that come after the bound, one an
// arm, in the order of the rows. Each arm is a range of an index where there is
// an index by the order.
//
// Rows after (v1, v2) are those with c1 = v1 and c2 after v2, and those with c1
// after v1. Neighbouring levels become one comparison of row values where no
// NULL comes between: NULL is first ascending and last descending, and equal to
// nothing in a row value.
func (o Order) beyond(b bound) []string {
	var arms []string
	cmp := " > "
	if o.desc {
		cmp = " < "
	}
	lastNull := func(n int) bool { return o.desc && o.t.nullable(o.terms[n].place) }
	for j := len(o.terms) - 1; j >= 0; {
		if b.isNull[j] {
			if !o.desc {
				arms = append(arms, o.arm(b, j, o.sql(j)+" IS NOT NULL"))
			}
			j--
			continue
		}
		i := j
		for i > 0 && !b.isNull[i-1] && !o.terms[i].apart && !lastNull(i) {
			i--
		}
		left := make([]string, 0, j-i+1)
		for n := i; n <= j; n++ {
			left = append(left, o.sql(n))
		}
		arms = append(arms, o.arm(b, i, tuple(left)+cmp+tuple(b.sql[i:j+1])))
		if lastNull(i) {
			arms = append(arms, o.arm(b, i, o.sql(i)+" IS NULL"))
		}
		j = i - 1
	}
	return arms
}

// arm adds to a condition on term i that the terms before are the bound's.
func (o Order) arm(b bound, i int, cond string) string {
	conds := make([]string, 0, i+1)
	for n := range o.terms[:i] {
		if b.isNull[n] {
			conds = append(conds, o.sql(n)+" IS NULL")
		} else {
			conds = append(conds, o.sql(n)+" = "+b.sql[n])
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
