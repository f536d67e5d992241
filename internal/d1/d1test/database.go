package d1test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Database is one D1 database of a [Rig], reached as a Worker reaches it. It is
// safe for concurrent use; D1 itself runs one statement at a time.
//
// A parameter is anything encoding/json takes. []byte is a BLOB, and a
// json.RawMessage goes as it is. D1 has these surprises, all of them its own: a
// number arrives as a REAL, so write integers as strings for INTEGER columns; a
// text that isn't UTF-8 can't be sent at all.
//
// What D1 refuses comes back as [*D1Error]; any other error means that the rig
// is broken or ctx is over, and says nothing about what the statement did.
type Database struct {
	proc  *process
	index int
}

// Stmt is one statement of a batch.
type Stmt struct {
	SQL    string
	Params []any
}

// D1Error is D1's refusal in its own words, such as
// "D1_ERROR: no such table: t: SQLITE_ERROR".
type D1Error struct{ Text string }

func (e *D1Error) Error() string { return e.Text }

// Query returns {"success", "meta", "results": [{column: value}]}. Of several
// statements in one text it returns the last one's.
func (d *Database) Query(ctx context.Context, sql string, params ...any) (json.RawMessage, error) {
	return d.post(ctx, "query", request{statement: newStatement(sql, params)})
}

// Raw returns [[column, …], [value, …], …], the column names first, equal names
// and names without rows included.
func (d *Database) Raw(ctx context.Context, sql string, params ...any) (json.RawMessage, error) {
	return d.post(ctx, "raw", request{statement: newStatement(sql, params)})
}

// Exec runs a text of one statement per line and returns {"count", "duration"}.
func (d *Database) Exec(ctx context.Context, sql string) (json.RawMessage, error) {
	return d.post(ctx, "exec", request{statement: newStatement(sql, nil)})
}

// Batch runs the statements in one transaction and returns the list of what
// Query would of each.
func (d *Database) Batch(ctx context.Context, stmts ...Stmt) (json.RawMessage, error) {
	batch := []statement{}
	for _, s := range stmts {
		batch = append(batch, newStatement(s.SQL, s.Params))
	}
	return d.post(ctx, "batch", request{Batch: batch})
}

// request is what worker.mjs reads.
type request struct {
	DB int `json:"db"`
	statement
	Batch []statement `json:"batch,omitempty"`
}

type statement struct {
	SQL    string `json:"sql"`
	Params []any  `json:"params,omitempty"`
}

type blob struct {
	Bytes []byte `json:"$blob"`
}

func newStatement(sql string, params []any) statement {
	s := statement{SQL: sql}
	for _, p := range params {
		if b, ok := p.([]byte); ok {
			p = blob{b}
		}
		s.Params = append(s.Params, p)
	}
	return s
}

func (d *Database) post(ctx context.Context, op string, r request) (json.RawMessage, error) {
	r.DB = d.index
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("d1test: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.proc.url+op, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("d1test: %w", err)
	}
	resp, err := d.proc.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("d1test: %w\n%s", err, d.proc.output())
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return nil, fmt.Errorf("d1test: %w", err)
	}
	var answer struct {
		OK    json.RawMessage
		Error *string
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("d1test: the rig answered %s: %.500s", resp.Status, body)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("d1test: the rig answered %.500s: %w", body, err)
	}
	if answer.Error != nil {
		return nil, &D1Error{Text: *answer.Error}
	}
	return answer.OK, nil
}

// Wire posts a body to D1 as the Workers binding and Cloudflare's REST API do,
// and returns D1's status and answer untouched; the caller must close it. The
// body is {"sql", "params"} or a list of those; rows asks for arrays as the REST
// API's /raw does, else rows are objects. D1's refusals have no "D1_ERROR: ".
func (d *Database) Wire(ctx context.Context, rows bool, body io.Reader) (*http.Response, error) {
	format := "ARRAY_OF_OBJECTS"
	if rows {
		format = "ROWS_AND_COLUMNS"
	}
	url := fmt.Sprintf("%swire?db=%d&format=%s", d.proc.url, d.index, format)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, body)
	if err != nil {
		return nil, fmt.Errorf("d1test: %w", err)
	}
	resp, err := d.proc.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("d1test: %w\n%s", err, d.proc.output())
	}
	return resp, nil
}
