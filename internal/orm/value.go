package orm

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

// value turns a Go value into what a column stores.
func (t *table) value(place int, v any) (d1.Value, error) {
	switch v := v.(type) {
	case nil:
		return d1.Value{}, nil
	case d1.Value:
		return v, nil
	case time.Time:
		switch {
		case v.IsZero():
			return d1.Value{}, nil
		case t.mode(place) == schema.TimestampMS:
			return d1.Int(v.UnixMilli()), nil
		}
		return d1.Str(v.UTC().Format(TextTime)), nil
	case json.RawMessage:
		return d1.Str(string(v)), nil
	case []byte:
		return d1.Bytes(v), nil
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() { // also the named types: ids, roles
	case reflect.String:
		return d1.Str(rv.String()), nil
	case reflect.Bool:
		return d1.Bool(rv.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return d1.Int(rv.Int()), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return d1.Int(int64(rv.Uint())), nil
	case reflect.Float32, reflect.Float64:
		return d1.Float(rv.Float()), nil
	}
	if t.mode(place) == schema.JSON {
		b, err := json.Marshal(v)
		if err != nil {
			return d1.Value{}, fault.Wrap(err, fault.Invalid, "The value for %s can't be written as JSON.", t.Columns[place].Name)
		}
		return d1.Str(string(b)), nil
	}
	return d1.Value{}, fault.New(fault.Invalid, "A %T can't be stored in %s.", v, t.Columns[place].Name)
}
