package front

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// statement is one of a request, as the API takes it.
type statement struct {
	SQL    string            `json:"sql"`
	Params []json.RawMessage `json:"params,omitempty"`
}

func (f *Front) query(w http.ResponseWriter, r *http.Request, d *database) Call {
	return f.statements(w, r, d, "query", false)
}

func (f *Front) raw(w http.ResponseWriter, r *http.Request, d *database) Call {
	return f.statements(w, r, d, "raw", true)
}

// statements runs a request's statements on D1 as one transaction, and hands on
// what D1 answered, byte for byte.
func (f *Front) statements(w http.ResponseWriter, r *http.Request, d *database, op string, rows bool) Call {
	var in struct {
		statement
		Batch []statement
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, http.StatusBadRequest, 7400, "The request is malformed: "+err.Error())
		return Call{Op: op}
	}
	list := in.Batch
	if list == nil {
		list = []statement{in.statement}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	writes := d.writes(r.Context(), list)
	if r.Header.Get("Authorization") == "Bearer "+ReadToken && writes {
		refuse(w, http.StatusForbidden, 7403, "The given account is not valid or is not authorized to access this service")
		return Call{Op: op}
	}
	if writes {
		if err := d.settle(r.Context()); err != nil {
			f.t.Errorf("front: %v", err)
		}
	}
	text, err := d.post(r.Context(), rows, list, in.Batch != nil)
	if err != nil {
		f.t.Errorf("front: %v", err)
		refuse(w, http.StatusInternalServerError, 7500, "internal error")
		return Call{Op: op}
	}
	var refused struct {
		Success *bool
		Error   string
	}
	if len(text) > 0 && text[0] == '{' && json.Unmarshal(text, &refused) == nil && refused.Success != nil && !*refused.Success {
		status := http.StatusBadRequest
		if strings.HasPrefix(refused.Error, "internal error") {
			status = http.StatusInternalServerError
		}
		refuse(w, status, 7500, refused.Error)
		return Call{Op: op, Refused: refused.Error}
	}
	if writes {
		d.version++
		if f.o.History {
			d.keep()
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	for _, b := range [][]byte{[]byte(`{"result":`), text, []byte(`,"success":true,"errors":[],"messages":[]}`)} {
		_, _ = w.Write(b)
	}
	return Call{Op: op, Effect: writes}
}

// post sends statements to D1 and returns what it answered.
func (d *database) post(ctx context.Context, rows bool, list []statement, batch bool) ([]byte, error) {
	var content any = list[0]
	if batch {
		content = list
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(content); err != nil {
		return nil, err
	}
	resp, err := d.db.Wire(ctx, rows, &body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		// What only the commit finds comes as an exception. The older D1 says what it
		// was, the newest only where it is written down.
		line, _, _ := strings.Cut(string(text), "\n")
		if words, ok := strings.CutPrefix(line, "Error: "); ok &&
			(strings.HasPrefix(words, "Durable Object was reset") || strings.HasPrefix(words, "internal error")) {
			return json.Marshal(map[string]any{"success": false, "error": words})
		}
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New("D1 answered " + resp.Status + ": " + string(text[:min(len(text), 300)]))
	}
	return text, err
}

// writes asks D1 whether one of the statements begins a write transaction.
func (d *database) writes(ctx context.Context, list []statement) bool {
	return slices.ContainsFunc(list, func(s statement) bool {
		text, err := d.post(ctx, true, []statement{{SQL: "explain " + s.SQL, Params: s.Params}}, false)
		var answers []struct {
			Results struct{ Rows [][]any }
		}
		if err != nil || json.Unmarshal(text, &answers) != nil || len(answers) == 0 {
			// What can't be explained needs a table the batch makes, or is wrong.
			return len(list) > 1
		}
		return slices.ContainsFunc(answers[0].Results.Rows, func(row []any) bool {
			return len(row) > 3 && row[1] == "Transaction" && row[3] != 0.0
		})
	})
}

// rows is a result with what the tests' own statements need of it.
type rows struct {
	Columns []string
	Rows    [][]any
	size    int64
}

// run runs one statement of the front's own.
func (d *database) run(ctx context.Context, sql string) (*rows, error) {
	text, err := d.post(ctx, true, []statement{{SQL: sql}}, false)
	if err != nil {
		return nil, err
	}
	var answers []struct {
		Results rows
		Meta    struct {
			Size int64 `json:"size_after"`
		}
	}
	if err := json.Unmarshal(text, &answers); err != nil || len(answers) == 0 {
		return nil, errors.New("D1 answered " + string(text[:min(len(text), 300)]))
	}
	answers[0].Results.size = answers[0].Meta.Size
	return &answers[0].Results, nil
}

// since returns the index of the newest state that is not younger than t.
func since(states []state, t time.Time) int {
	at := 0
	for i, s := range states {
		if !s.at.After(t) {
			at = i
		}
	}
	return at
}
