package orm

import (
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Cond is a condition on a row.
type Cond struct {
	op     string
	column string
	values []any
	key    []d1.Value
	conds  []Cond
}

// Eq is column = v, or column IS NULL for nil.
func Eq(column string, v any) Cond { return Cond{op: "=", column: column, values: []any{v}} }

// Octets is a column that holds so many bytes as a text or BLOB, more than a value that
// could be compared.
func Octets(column string, n int64) Cond { return Cond{op: "octets", column: column, values: []any{n}} }

// Short is true of a row none of whose values has more than so many bytes as a text or BLOB.
// No value is read for it, however large.
func Short(n int) Cond { return Cond{op: "short", values: []any{n}} }

// Readable is a condition where no value of its columns is too large to be read
// (d1.MaxValue), and false elsewhere.
func Readable(c Cond) Cond { return Cond{op: "readable", column: c.column, conds: []Cond{c}} }

// Ne is column <> v, or column IS NOT NULL for nil. As in SQL, a NULL is not
// different from anything.
func Ne(column string, v any) Cond { return Cond{op: "<>", column: column, values: []any{v}} }

// Gt is column > v.
func Gt(column string, v any) Cond { return Cond{op: ">", column: column, values: []any{v}} }

// Gte is column >= v.
func Gte(column string, v any) Cond { return Cond{op: ">=", column: column, values: []any{v}} }

// Lt is column < v.
func Lt(column string, v any) Cond { return Cond{op: "<", column: column, values: []any{v}} }

// Lte is column <= v.
func Lte(column string, v any) Cond { return Cond{op: "<=", column: column, values: []any{v}} }

// Like matches a pattern of at most 50 bytes, where % is any text and _ any
// character.
func Like(column, pattern string) Cond {
	return Cond{op: "LIKE", column: column, values: []any{pattern}}
}

// Contains is true where the text holds s, in any ASCII case. Unlike Like, s is
// taken as it is and may be long.
func Contains(column, s string) Cond {
	return Cond{op: "contains", column: column, values: []any{sqltext.Fold(s)}}
}

// EqFold is column = s, in any ASCII case.
func EqFold(column, s string) Cond {
	return Cond{op: "fold", column: column, values: []any{sqltext.Fold(s)}}
}

// Starts is true where the text begins with s, in any ASCII case.
func Starts(column, s string) Cond {
	return Cond{op: "starts", column: column, values: []any{sqltext.Fold(s)}}
}

// Is is true where the column holds exactly v, of its storage class and by its bytes,
// whatever the column's collation; NULL is NULL.
func Is(column string, v d1.Value) Cond {
	return Cond{op: "is", column: column, values: []any{v}}
}

// Key is the condition of the one row with that key, as live.Key.Of gave it.
func Key(values []d1.Value) Cond { return Cond{op: "key", key: values} }

// In is true where the column is one of the values; of none, never. There may be any
// number of texts and integers: a long list of them is one bound value.
func In(column string, values ...any) Cond { return Cond{op: "IN", column: column, values: values} }

// NotIn is true where the column is none of the values; of none, always. As in In,
// there may be many.
func NotIn(column string, values ...any) Cond {
	return Cond{op: "NOT IN", column: column, values: values}
}

// And is true where all conditions are; of none, always.
func And(conds ...Cond) Cond { return Cond{op: "AND", conds: conds} }

// Or is true where any condition is; of none, never.
func Or(conds ...Cond) Cond { return Cond{op: "OR", conds: conds} }

// Not is true where the condition is false.
func Not(c Cond) Cond { return Cond{op: "NOT", conds: []Cond{c}} }

// Below is true where the column is less than a column of another table, in the row
// whose key is what ref holds; without such a row, never.
func Below(column, table, other, key, ref string) Cond {
	return Cond{op: "below", column: column, values: []any{table, other, key, ref}}
}
