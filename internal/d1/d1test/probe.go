package d1test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

//go:embed probe.json
var probeJSON []byte

//go:embed probe-sqlite-3.54.json
var probeNewestJSON []byte

//go:embed functions.json
var functionsJSON []byte

// ProbeCase is one statement and what D1 answered to it.
//
// The shape of OK follows Op:
//
//	query  {"success":true, "meta":{…}, "results":[{column: value}, …]}
//	batch  a list of those, one per statement
//	raw    [[column, …], [value, …], …], the names first
//	exec   {"count": statements}
//
// meta has changes, last_row_id, changed_db, size_after, rows_read and
// rows_written; times and places were left out. A case may depend on every one
// before it: its tables, and last_row_id, which is state of the connection.
//
// D1 makes its hidden table _cf_METADATA at the first write. When the record
// began, the database was empty but had been written to, so that the hidden
// table comes first in sqlite_master: [ProbeDatabase] makes one like that.
type ProbeCase struct {
	// Case names the case. It is unique but for the pragmas, which are all
	// called "PRAGMA": use [ProbeCase.Name] for a subtest.
	Case string
	// Op is "query", "raw", "batch" or "exec".
	Op string
	// SQL is the text, or several statements, of every Op but batch.
	SQL string
	// Params are JSON values; a BLOB is {"$blob": base64}.
	Params []json.RawMessage
	// Batch is for Op "batch" alone.
	Batch []ProbeStmt
	// OK is the answer, nil when D1 refused.
	OK json.RawMessage
	// Error is the message with which D1 refused, or "".
	Error string

	again bool // an earlier case has the name too
}

// ProbeStmt is one statement of a batch.
type ProbeStmt struct {
	SQL    string
	Params []json.RawMessage
}

// Name is the case's name, with its statement where the name alone is not unique.
func (c ProbeCase) Name() string {
	name := c.Case
	if c.Case == "PRAGMA" {
		name = c.SQL
	}
	if c.again {
		name += " again"
	}
	return name
}

// Run does the case on db and returns what db answers.
func (c ProbeCase) Run(ctx context.Context, db *Database) (json.RawMessage, error) {
	switch c.Op {
	case "query":
		return db.Query(ctx, c.SQL, asAny(c.Params)...)
	case "raw":
		return db.Raw(ctx, c.SQL, asAny(c.Params)...)
	case "exec":
		return db.Exec(ctx, c.SQL)
	case "batch":
		var stmts []Stmt
		for _, s := range c.Batch {
			stmts = append(stmts, Stmt{SQL: s.SQL, Params: asAny(s.Params)})
		}
		return db.Batch(ctx, stmts...)
	}
	return nil, fmt.Errorf("d1test: case %q has the unknown op %q", c.Case, c.Op)
}

func asAny(raw []json.RawMessage) []any {
	var out []any
	for _, r := range raw {
		out = append(out, r)
	}
	return out
}

// ProbeDatabase returns a database of r in the state the record began in.
func ProbeDatabase(t testing.TB, r *Rig) *Database {
	t.Helper()
	db := r.Database(t)
	for _, sql := range []string{"create table before(a)", "drop table before"} {
		if _, err := db.Query(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// Probe returns the golden cases with what a runtime answered, in the order they
// ran, which is the order to run them in.
func Probe(t testing.TB, rt Runtime) []ProbeCase {
	t.Helper()
	cases := probe(t)
	if rt == Older {
		return cases
	}
	var differ map[string]Difference
	if err := json.Unmarshal(probeNewestJSON, &differ); err != nil {
		t.Fatalf("d1test: probe-%s.json: %v", rt, err)
	}
	for i, c := range cases {
		d, ok := differ[c.Name()]
		if !ok {
			continue
		}
		delete(differ, c.Name())
		cases[i].OK, cases[i].Error = d.over(t, c.OK), d.Error
	}
	for name := range differ {
		t.Fatalf("d1test: probe-%s.json: no case is called %q", rt, name)
	}
	return cases
}

// probe returns the cases with the older runtime's answers.
func probe(t testing.TB) []ProbeCase {
	t.Helper()
	var file []struct {
		Case   string
		Op     string
		SQL    text
		Params []json.RawMessage
		Batch  []struct {
			SQL    text
			Params []json.RawMessage
		}
		OK    json.RawMessage
		Error string
	}
	if err := json.Unmarshal(probeJSON, &file); err != nil {
		t.Fatalf("d1test: probe.json: %v", err)
	}
	cases := make([]ProbeCase, len(file))
	seen := map[string]bool{}
	for i, f := range file {
		cases[i] = ProbeCase{
			Case: f.Case, Op: f.Op, SQL: string(f.SQL), Params: f.Params,
			OK: expand(t, f.OK), Error: f.Error,
		}
		for _, s := range f.Batch {
			cases[i].Batch = append(cases[i].Batch, ProbeStmt{SQL: string(s.SQL), Params: s.Params})
		}
		cases[i].again = seen[cases[i].Name()]
		seen[cases[i].Name()] = true
	}
	return cases
}

// long is how the file writes a long text: Head, then Fill Count times, then Tail.
type long struct {
	Head, Fill, Tail string
	Count            int
}

func (l long) String() string { return l.Head + strings.Repeat(l.Fill, l.Count) + l.Tail }

// text is a string or a long one.
type text string

func (x *text) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return json.Unmarshal(b, (*string)(x))
	}
	var l long
	err := json.Unmarshal(b, &l)
	*x = text(l.String())
	return err
}

// expand replaces each long text in an answer by the text. Answers without one
// are returned byte for byte.
func expand(t testing.TB, answer json.RawMessage) json.RawMessage {
	t.Helper()
	if !bytes.Contains(answer, []byte(`"fill"`)) {
		return answer
	}
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatalf("d1test: probe.json: %v", err)
	}
	out, err := json.Marshal(expandValue(v))
	if err != nil {
		t.Fatalf("d1test: probe.json: %v", err)
	}
	return out
}

func expandValue(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = expandValue(v[i])
		}
	case map[string]any:
		count, isLong := v["count"].(float64)
		fill, ok := v["fill"].(string)
		if isLong && ok {
			head, _ := v["head"].(string)
			tail, _ := v["tail"].(string)
			return long{Head: head, Fill: fill, Count: int(count), Tail: tail}.String()
		}
		for key := range v {
			v[key] = expandValue(v[key])
		}
	}
	return v
}
