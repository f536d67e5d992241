package d1test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Answers runs a case of the record on a connection as D1's binding would and
// returns how the answers differ in rows and error texts, "" if they don't. split
// cuts a text of several statements as D1's front does.
func Answers(ctx context.Context, db d1.Conn, c ProbeCase, split func(sql string) []string) string {
	got, err := answerOf(ctx, db, c, split)
	return differs(c, got, err)
}

// AnswersAny is Answers for a case on which runtimes differ: cs is the case with
// the answer of each, and one has to be given.
func AnswersAny(ctx context.Context, db d1.Conn, cs []ProbeCase, split func(sql string) []string) string {
	got, err := answerOf(ctx, db, cs[0], split)
	var all []string
	for _, c := range cs {
		d := differs(c, got, err)
		if d == "" {
			return ""
		}
		all = append(all, d)
	}
	return strings.Join(slices.Compact(all), "\n  ")
}

func differs(c ProbeCase, got json.RawMessage, err error) string {
	if err == nil {
		if c.Error != "" {
			return "allowed, but D1 says " + c.Error
		}
		return SameRows(rowsOf(c), got)
	}
	text := err.Error()
	if e, ok := errors.AsType[*d1.Error](err); ok {
		text = e.Text
	}
	want := strings.TrimPrefix(c.Error, "D1_ERROR: ")
	if c.Op == "exec" { // the binding's exec adds the line; that is its own layer's
		_, want, _ = strings.Cut(want, ": select 1: ")
	}
	if text != want {
		return "error " + text + "\n  want  " + c.Error + " " + string(c.OK)
	}
	return ""
}

// rowsOf returns the golden answer's rows alone.
func rowsOf(c ProbeCase) json.RawMessage {
	type result struct {
		Results json.RawMessage `json:"results"`
	}
	switch c.Op {
	case "query":
		var r result
		_ = json.Unmarshal(c.OK, &r)
		return r.Results
	case "batch":
		var rs []result
		_ = json.Unmarshal(c.OK, &rs)
		all := make([]json.RawMessage, len(rs))
		for i, r := range rs {
			all[i] = r.Results
		}
		b, _ := json.Marshal(all)
		return b
	}
	return c.OK
}

func answerOf(ctx context.Context, db d1.Conn, c ProbeCase, split func(string) []string) (json.RawMessage, error) {
	switch c.Op {
	case "batch":
		var ss []d1.Stmt
		for _, s := range c.Batch {
			ss = append(ss, d1.Exec(s.SQL, params(s.Params)...))
		}
		rs, err := db.Batch(ctx, ss)
		if err != nil {
			return nil, err
		}
		all := make([]any, len(rs))
		for i, r := range rs {
			all[i] = objects(r)
		}
		return json.Marshal(all)
	case "raw":
		r, err := db.Query(ctx, d1.Exec(c.SQL, params(c.Params)...))
		if err != nil {
			return nil, err
		}
		out := []any{r.Columns}
		for _, row := range r.Rows {
			out = append(out, plain(row))
		}
		return json.Marshal(out)
	}
	// A text of several statements is split by D1's front; the last one's rows come back.
	parts := split(c.SQL)
	if c.Op == "exec" { // exec takes a statement a line
		parts = nil
		for line := range strings.Lines(c.SQL) {
			parts = append(parts, line)
		}
	}
	if len(parts) < 2 {
		r, err := db.Query(ctx, d1.Exec(c.SQL, params(c.Params)...))
		if err != nil {
			return nil, err
		}
		return json.Marshal(objects(r))
	}
	if len(c.Params) > 0 {
		return nil, d1.NewError("When executing multiple SQL statements in a single call, only the last statement can have parameters.")
	}
	var ss []d1.Stmt
	for _, p := range parts {
		ss = append(ss, d1.Exec(p))
	}
	rs, err := db.Batch(ctx, ss)
	if err != nil {
		return nil, err
	}
	if c.Op == "exec" {
		return json.Marshal(map[string]int{"count": len(rs)})
	}
	return json.Marshal(objects(rs[len(rs)-1]))
}

// params gives JSON's values the storage classes D1's binding gives them:
// every number, true and false are REAL.
func params(raw []json.RawMessage) []d1.Value {
	var out []d1.Value
	for _, r := range raw {
		var v any
		_ = json.Unmarshal(r, &v)
		switch v := v.(type) {
		case float64:
			out = append(out, d1.Float(v))
		case bool:
			out = append(out, d1.Float(d1.Bool(v).Float()))
		case string:
			out = append(out, d1.Str(v))
		case []any:
			b := make([]byte, len(v))
			for i, n := range v {
				f, _ := n.(float64)
				b[i] = byte(f)
			}
			out = append(out, d1.Bytes(b))
		case map[string]any:
			s, _ := v["$blob"].(string)
			b, _ := base64.StdEncoding.DecodeString(s)
			out = append(out, d1.Bytes(b))
		default:
			out = append(out, d1.Value{})
		}
	}
	return out
}

func objects(r *d1.Result) []map[string]any {
	out := make([]map[string]any, 0, len(r.Rows))
	for _, row := range r.Rows {
		o := map[string]any{}
		for i, v := range plain(row) {
			o[r.Columns[i]] = v
		}
		out = append(out, o)
	}
	return out
}

// plain returns values as D1 answers them in JSON.
func plain(row []d1.Value) []any {
	out := make([]any, len(row))
	for i, v := range row {
		switch v.Kind() {
		case d1.Integer:
			out[i] = v.Int()
		case d1.Real:
			if f := v.Float(); !math.IsInf(f, 0) {
				out[i] = f
			}
		case d1.Text:
			out[i] = v.Text()
		case d1.Blob:
			b := make([]int, v.Len())
			for j := range b {
				b[j] = int(v.Text()[j])
			}
			out[i] = b
		}
	}
	return out
}
