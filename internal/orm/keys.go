package orm

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
)

// maxOrs is how many rows one statement looks at: D1 allows expressions a depth of 100.
const maxOrs = 40

// ByKeys compiles statements that read the rows with these keys, as few as D1's limits
// let it be. A row that isn't there is left out, and the order is any.
func (q Query) ByKeys(keys [][]d1.Value) ([]d1.Stmt, error) {
	if q.err != nil {
		return nil, q.err
	}
	most := maxOrs
	if slices.ContainsFunc(q.table.Key.Columns, q.table.collated) {
		most = 1 // SQLite searches for one such key, and for two of them it reads the table whole
	}
	var out []d1.Stmt
	for len(keys) > 0 {
		n, values := 0, 0
		var rows []Cond
		for n < min(len(keys), most) && (n == 0 || values+len(keys[n]) <= d1.MaxParams) {
			rows = append(rows, Key(keys[n]))
			values += len(keys[n])
			n++
		}
		keys = keys[n:]
		s, err := q.Where(Or(rows...)).SelectStmt()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
