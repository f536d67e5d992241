package sqltext

import "strconv"

// Param is a placeholder of a statement.
type Param struct {
	Token
	// Number is the one SQLite gives it, from 1: ?12 has its own, :name and its like
	// have one each, and ? has the one after the largest so far.
	Number int
}

// Params returns the placeholders of a statement in their order, and the largest
// number among them, which is how many values it wants. A number above most counts as
// most+1, so that nobody makes room for as many values as there are numbers.
func Params(sql string, most int) (places []Param, count int) {
	names := map[string]int{}
	for t := range Tokens(sql) {
		if t.Kind != Parameter {
			continue
		}
		n := names[t.Text]
		switch {
		case t.Text == "?":
			n = count + 1
		case t.Text[0] == '?':
			n, _ = strconv.Atoi(t.Text[1:])
			n = max(1, min(n, most+1))
		case n == 0:
			n = count + 1
			names[t.Text] = n
		}
		count = max(count, n)
		places = append(places, Param{t, n})
	}
	return places, count
}
