package d1

import "strconv"

// Select returns a reading statement whose result has so many columns, which are read by
// their places. It says so, so that values come back exactly from a transport that can't
// see storage classes.
func Select(columns int, sql string, values ...Value) Stmt {
	return SelectAs(Places(columns), sql, values...)
}

// Places returns names for so many columns that are read by their places.
func Places(columns int) []string {
	names := make([]string, columns)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	return names
}

// SelectAs is Select for columns that are read by name: the names the result has.
func SelectAs(columns []string, sql string, values ...Value) Stmt {
	s := Query(sql, values...)
	s.Columns = columns
	return s
}
