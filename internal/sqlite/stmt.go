package sqlite

import (
	driver "zombiezen.com/go/sqlite"
)

// ColumnType is a storage class, numbered as SQLite does.
type ColumnType = driver.ColumnType

// The storage classes of a result's column.
const (
	TypeInteger = driver.TypeInteger
	TypeFloat   = driver.TypeFloat
	TypeText    = driver.TypeText
	TypeBlob    = driver.TypeBlob
	TypeNull    = driver.TypeNull
)

// Stmt is a prepared statement.
type Stmt struct {
	c    *Conn
	st   *driver.Stmt
	raw  uintptr
	mode Mode
	sql  string
}

// Params is how many values the statement wants.
func (s *Stmt) Params() int { return s.st.BindParamCount() }

// Columns returns the names of the result's columns, duplicates kept; none for a
// statement that returns no rows.
func (s *Stmt) Columns() []string {
	n := s.st.ColumnCount()
	if n == 0 {
		return nil
	}
	names := make([]string, n)
	for i := range names {
		names[i] = s.c.raw.columnName(s.raw, i)
	}
	return names
}

// ReadOnly reports whether the statement makes no direct change to the database.
func (s *Stmt) ReadOnly() bool { return s.c.raw.readOnly(s.raw) }

// Reset ends the statement's run, so that what it changed is counted. It can't
// fail for one whose Step didn't.
func (s *Stmt) Reset() { _ = s.st.Reset() }

// BindNull, BindInt, BindFloat, BindText and BindBlob set the value of a
// parameter, counted from 1.
func (s *Stmt) BindNull(i int) { s.st.BindNull(i) }

// BindInt sets an INTEGER.
func (s *Stmt) BindInt(i int, v int64) { s.st.BindInt64(i, v) }

// BindFloat sets a REAL.
func (s *Stmt) BindFloat(i int, v float64) { s.st.BindFloat(i, v) }

// BindText sets a TEXT, NULs included.
func (s *Stmt) BindText(i int, v string) { s.st.BindText(i, v) }

// BindBlob sets a BLOB.
func (s *Stmt) BindBlob(i int, v string) { s.st.BindBytes(i, []byte(v)) }

// Step moves to the next row and reports whether there is one.
func (s *Stmt) Step() (bool, error) {
	row, err := s.st.Step()
	if err != nil {
		return false, s.c.failure(err)
	}
	return row, nil
}

// ColumnType returns the storage class in column i of the row.
func (s *Stmt) ColumnType(i int) ColumnType { return s.st.ColumnType(i) }

// Int returns column i of the row as an integer.
func (s *Stmt) Int(i int) int64 { return s.st.ColumnInt64(i) }

// Float returns column i of the row as a float.
func (s *Stmt) Float(i int) float64 { return s.st.ColumnFloat(i) }

// Bytes returns the bytes of a TEXT or BLOB column.
func (s *Stmt) Bytes(i int) string { return s.c.raw.text(s.raw, i) }

// AppendBytes appends the bytes of a TEXT or BLOB column.
func (s *Stmt) AppendBytes(b []byte, i int) []byte { return s.c.raw.appendText(b, s.raw, i) }

// Len returns how many bytes the TEXT or BLOB in column i has, without copying it.
func (s *Stmt) Len(i int) int { return s.st.ColumnLen(i) }

// Close ends the statement.
func (s *Stmt) Close() { s.c.kept.put(s) }
