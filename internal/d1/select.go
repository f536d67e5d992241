package d1

import "strconv"

// Select returns a reading statement whose result has so many columns, which are read by
// their places. It says so, so that values come back exactly from a transport that can't
// see storage classes.
func Select(columns int, sql string, values ...Value) Stmt {
	s := Query(sql, values...)
	s.Columns = make([]string, columns)
	for i := range s.Columns {
		s.Columns[i] = "c" + strconv.Itoa(i)
	}
	return s
}

// SelectAs is Select for columns that are read by name: the names the result has.
func SelectAs(columns []string, sql string, values ...Value) Stmt {
	s := Query(sql, values...)
	s.Columns = columns
	return s
}
