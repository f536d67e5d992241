package database

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Envelope is the SDK's form of an answer, for those who speak JSON with it.
// Data and Results are the same; its clients read either.
type Envelope struct {
	Success bool `json:"success"`
	// Data is a [Rows] of one statement, a []Rows of a batch.
	Data    any    `json:"data,omitempty"`
	Results any    `json:"results,omitempty"`
	Error   string `json:"error,omitempty"`
	Meta    *Meta  `json:"meta,omitempty"`
}

// Meta is the SDK's meta, over all statements of a batch.
type Meta struct {
	RowsRead    int64 `json:"rowsRead"`
	RowsWritten int64 `json:"rowsWritten"`
	Changes     int64 `json:"changes"`
	// Duration is in milliseconds.
	Duration float64 `json:"duration"`
}

// EnvelopeOf returns what one statement gave back, or its error's message.
func EnvelopeOf(r *d1.Result, err error) Envelope {
	if err != nil {
		return Envelope{Error: fault.Message(err)}
	}
	rows := Rows{r}
	return Envelope{Success: true, Data: rows, Results: rows, Meta: metaOf(r)}
}

// EnvelopeOfBatch returns what a batch gave back, or its error's message.
func EnvelopeOfBatch(rs []*d1.Result, err error) Envelope {
	if err != nil {
		return Envelope{Error: fault.Message(err)}
	}
	rows := make([]Rows, len(rs))
	for i, r := range rs {
		rows[i] = Rows{r}
	}
	return Envelope{Success: true, Data: rows, Results: rows, Meta: metaOf(rs...)}
}

func metaOf(rs ...*d1.Result) *Meta {
	m := &Meta{}
	for _, r := range rs {
		m.RowsRead += r.Meta.RowsRead
		m.RowsWritten += r.Meta.RowsWritten
		m.Changes += r.Meta.Changes
		m.Duration += float64(r.Meta.Duration.Microseconds()) / 1000
	}
	return m
}

// Rows is a result that marshals as an array of objects, their keys in the order
// of the columns. Of columns with the same name the last one counts, as on D1.
type Rows struct{ *d1.Result }

// MarshalJSON writes the rows; values as d1.Value writes them.
func (r Rows) MarshalJSON() ([]byte, error) {
	var keep []int
	for i, c := range r.Columns {
		if !slices.Contains(r.Columns[i+1:], c) {
			keep = append(keep, i)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	b.WriteByte('[')
	for n, row := range r.Result.Rows {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('{')
		for k, i := range keep {
			if k > 0 {
				b.WriteByte(',')
			}
			if err := enc.Encode(r.Columns[i]); err != nil {
				return nil, err
			}
			b.WriteByte(':')
			if err := enc.Encode(row[i]); err != nil {
				return nil, err
			}
		}
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}
