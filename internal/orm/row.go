package orm

import (
	"encoding/json"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// TextTime is the form of CURRENT_TIMESTAMP, and of a time in a text column.
const TextTime = "2006-01-02 15:04:05"

// Row is a row that was read. A column that wasn't selected reads as NULL.
type Row struct {
	index  map[string]int
	values []d1.Value
}

// Value returns a column's value as it is stored.
func (r Row) Value(column string) d1.Value {
	if i, ok := r.index[column]; ok {
		return r.values[i]
	}
	return d1.Value{}
}

// Text returns a column as text, "" for NULL.
func (r Row) Text(column string) string { return r.Value(column).Text() }

// Int returns a column as an integer, 0 for NULL.
func (r Row) Int(column string) int64 { return r.Value(column).Int() }

// Bool reports whether a column is a number other than 0.
func (r Row) Bool(column string) bool { return r.Value(column).Float() != 0 }

// Time returns a column as a moment in UTC: an integer as milliseconds, a text
// in the form of CURRENT_TIMESTAMP or RFC 3339. NULL and what is neither is the
// zero time.
func (r Row) Time(column string) time.Time {
	v := r.Value(column)
	switch v.Kind() {
	case d1.Integer, d1.Real:
		return time.UnixMilli(v.Int()).UTC()
	case d1.Text:
		for _, layout := range []string{TextTime, time.RFC3339Nano} {
			if t, err := time.Parse(layout, v.Text()); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// JSON unmarshals a column into dst; NULL leaves dst alone.
func (r Row) JSON(column string, dst any) error {
	v := r.Value(column)
	if v.IsNull() {
		return nil
	}
	if err := json.Unmarshal([]byte(v.Text()), dst); err != nil {
		return fault.Wrap(err, fault.Internal, "the column %s holds no JSON of the expected shape", column)
	}
	return nil
}
