package browse

import (
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// args collects a statement's values. They are numbered, so a statement may
// mention one more than once.
type args struct{ values []d1.Value }

func (a *args) add(v d1.Value) string {
	a.values = append(a.values, v)
	return "?" + strconv.Itoa(len(a.values))
}

// stmt returns the reading statement, or fault.Invalid when it is more than D1
// takes.
func (a *args) stmt(sql string) (d1.Stmt, error) {
	if len(a.values) > d1.MaxParams {
		return d1.Stmt{}, fault.New(fault.Invalid, "The filters hold %d values, and a statement can hold %d. Use fewer.", len(a.values), d1.MaxParams)
	}
	if len(sql) > d1.MaxStatement {
		return d1.Stmt{}, fault.New(fault.Invalid, "The statement is %d bytes long, and %d is the most. Choose fewer columns.", len(sql), d1.MaxStatement)
	}
	return d1.Query(sql, a.values...), nil
}

func and(conds []string) string { return strings.Join(conds, " AND ") }

// read is stmt for a SELECT of so many columns. It says so, so that values come back
// exactly from a transport that can't see storage classes; rows are read by place.
func (a *args) read(sql string, columns int) (d1.Stmt, error) {
	s, err := a.stmt(sql)
	s.Columns = make([]string, columns)
	for i := range s.Columns {
		s.Columns[i] = "c" + strconv.Itoa(i)
	}
	return s, err
}
