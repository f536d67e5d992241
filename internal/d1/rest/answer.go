package rest

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
)

// answer reads what /raw answers, as it comes and one row at a time:
//
//	{"result": [{"results": {"columns": […], "rows": [[…], …]},
//	  "success": true, "meta": {…}}, …],
//	 "success": true, "errors": [], "messages": []}
//
// The fields of an object may come in any order, but the columns before the rows.
type answer struct {
	in  *capped
	dec *json.Decoder
	// stmt is the statement whose result is being read, -1 before the first.
	stmt    int
	columns []string
	meta    d1.Meta
	env     envelope
	bad     *message // a statement's own refusal
	state   answerState
}

type answerState uint8

const (
	inEnvelope answerState = iota
	inResults
	inStatement
	inRows
	atEnd
)

// maxRow is how much of an answer one row may take: some times what a row of
// D1's longest takes as JSON.
const maxRow = 64 << 20

func newAnswer(body io.Reader) *answer {
	in := &capped{r: body, left: maxRow}
	return &answer{in: in, dec: json.NewDecoder(in), stmt: -1}
}

// capped ends with errTooLarge after so many bytes.
type capped struct {
	r    io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLarge
	}
	n, err := c.r.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// event is what next met.
type event uint8

const (
	aRow event = iota
	aResult
	theEnd
)

// next returns the next row, the end of a statement's result, or the end. The
// end means success; what D1 or Cloudflare refused is an error, a *Failure.
func (a *answer) next() (event, json.RawMessage, error) {
	ev, row, err := a.step()
	if err == nil {
		return ev, row, nil
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF), isCut(err):
		err = io.ErrUnexpectedEOF
	case errors.As(err, &syntax), errors.As(err, &kind):
		err = errShape
	}
	return ev, nil, err
}

func (a *answer) step() (event, json.RawMessage, error) {
	for {
		switch a.state {
		case inEnvelope:
			if a.stmt < 0 && a.env.Success == nil && a.dec.InputOffset() == 0 {
				if err := a.open('{'); err != nil {
					return 0, nil, err
				}
			}
			if err := a.envelopeField(); err != nil {
				return 0, nil, err
			}
		case inResults:
			if a.dec.More() {
				a.stmt++
				a.columns, a.meta, a.state = nil, d1.Meta{}, inStatement
				if err := a.open('{'); err != nil {
					return 0, nil, err
				}
				continue
			}
			a.state = inEnvelope
			if _, err := a.dec.Token(); err != nil {
				return 0, nil, err
			}
		case inStatement:
			if done, err := a.statementField(); err != nil {
				return 0, nil, err
			} else if done {
				a.state = inResults
				return aResult, nil, nil
			}
		case inRows:
			if a.dec.More() {
				a.in.left = maxRow
				var row json.RawMessage
				if err := a.dec.Decode(&row); err != nil {
					return 0, nil, err
				}
				return aRow, row, nil
			}
			if err := a.leaveRows(); err != nil {
				return 0, nil, err
			}
		case atEnd:
			return theEnd, nil, nil
		}
	}
}

// envelopeField reads a field of the envelope, or its end.
func (a *answer) envelopeField() error {
	if !a.dec.More() {
		if _, err := a.dec.Token(); err != nil {
			return err
		}
		a.state = atEnd
		if a.bad != nil {
			return &Failure{Code: a.bad.Code, Text: cut(a.bad.Message), retryAfter: -1}
		}
		return a.env.failure()
	}
	name, err := a.name()
	if err != nil {
		return err
	}
	switch name {
	case "success":
		return a.dec.Decode(&a.env.Success)
	case "errors":
		return a.dec.Decode(&a.env.Errors)
	case "result":
		t, err := a.dec.Token()
		switch {
		case err != nil:
			return err
		case t == json.Delim('['):
			a.state = inResults
		case t != nil: // null is what a refusal has there
			return errShape
		}
		return nil
	}
	return a.skip()
}

// statementField reads a field of one statement's result, or its end.
func (a *answer) statementField() (done bool, err error) {
	if !a.dec.More() {
		_, err := a.dec.Token()
		return true, err
	}
	name, err := a.name()
	if err != nil {
		return false, err
	}
	switch name {
	case "success":
		var ok bool
		if err := a.dec.Decode(&ok); err != nil {
			return false, err
		}
		if !ok && a.bad == nil {
			a.bad = &message{}
		}
		return false, nil
	case "error":
		var text string
		err := a.dec.Decode(&text)
		if text != "" {
			a.bad = &message{Code: codeSQL, Message: text}
		}
		return false, err
	case "meta":
		a.meta, err = a.readMeta()
		return false, err
	case "results":
		return false, a.enterRows()
	}
	return false, a.skip()
}

func (a *answer) readMeta() (d1.Meta, error) {
	var m struct {
		Changes     count   `json:"changes"`
		LastRowID   count   `json:"last_row_id"`
		Duration    float64 `json:"duration"` // milliseconds
		SizeAfter   count   `json:"size_after"`
		RowsRead    count   `json:"rows_read"`
		RowsWritten count   `json:"rows_written"`
	}
	err := a.dec.Decode(&m)
	return d1.Meta{
		Changes: int64(m.Changes), LastRowID: int64(m.LastRowID), Duration: time.Duration(m.Duration * float64(time.Millisecond)),
		SizeAfter: int64(m.SizeAfter), RowsRead: int64(m.RowsRead), RowsWritten: int64(m.RowsWritten),
	}, err
}

// count is an integer that may be written as any JSON number, or null.
type count int64

// UnmarshalJSON reads an integer exactly and cuts any other number to one.
func (c *count) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	v, err := plainNumber(string(b))
	*c = count(v.Int())
	return err
}

// enterRows reads up to the first row.
func (a *answer) enterRows() error {
	if err := a.open('{'); err != nil {
		return err
	}
	for a.dec.More() {
		name, err := a.name()
		if err != nil {
			return err
		}
		switch name {
		case "columns":
			if err := a.dec.Decode(&a.columns); err != nil {
				return err
			}
		case "rows":
			a.state = inRows
			return a.open('[')
		default:
			if err := a.skip(); err != nil {
				return err
			}
		}
	}
	_, err := a.dec.Token()
	return err
}

// leaveRows reads the rest of the results behind the last row.
func (a *answer) leaveRows() error {
	if _, err := a.dec.Token(); err != nil {
		return err
	}
	for a.dec.More() {
		name, err := a.name()
		if err != nil {
			return err
		}
		if name == "columns" { // too late for the rows
			return errShape
		}
		if err := a.skip(); err != nil {
			return err
		}
	}
	a.state = inStatement
	_, err := a.dec.Token()
	return err
}

func (a *answer) open(d json.Delim) error {
	t, err := a.dec.Token()
	if err == nil && t != d {
		return errShape
	}
	return err
}

func (a *answer) name() (string, error) {
	t, err := a.dec.Token()
	s, ok := t.(string)
	if err == nil && !ok {
		return "", errShape
	}
	return s, err
}

func (a *answer) skip() error {
	var v json.RawMessage
	return a.dec.Decode(&v)
}
