package database_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/fault"
)

func newRaw(t *testing.T) *database.Raw {
	t.Helper()
	in := newInstance(t, newProvider(t))
	mustCreate(t, in, database.CreateInput{Name: "acme"})
	raw := mustRaw(t, in, "acme")
	if _, err := raw.Exec(t.Context(), "create table t(a integer primary key, b)"); err != nil {
		t.Fatal(err)
	}
	return raw
}

func count(t *testing.T, raw *database.Raw) int64 {
	t.Helper()
	rec, _, err := raw.First(t.Context(), "select count(*) n from t", nil, "n")
	if err != nil {
		t.Fatal(err)
	}
	return rec.Values[0].Int()
}

func TestValuesAreBoundEverywhere(t *testing.T) {
	raw := newRaw(t)
	evil := d1.Str("x'); drop table t; --")
	r, err := raw.Query(t.Context(), "insert into t values (?1, ?2) returning a, b, b", []d1.Value{d1.Int(math.MaxInt64), evil})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a", "b", "b"}, r.Columns); d != "" || r.Meta.Changes != 1 || r.Rows[0][0] != d1.Int(math.MaxInt64) {
		t.Errorf("got %v, %d changes, %s", r.Rows, r.Meta.Changes, d)
	}
	rows, err := raw.Raw(t.Context(), "select b from t where a = ?", []d1.Value{d1.Int(math.MaxInt64)})
	if err != nil || len(rows) != 1 || rows[0][0] != evil {
		t.Errorf("Raw gives %v, %v", rows, err)
	}
	rec, found, err := raw.First(t.Context(), "select a, b from t where b = ?", []d1.Value{evil}, "")
	if err != nil || !found || len(rec.Columns) != 2 || rec.Values[1] != evil {
		t.Errorf("First gives %v, %v, %v", rec, found, err)
	}
	if _, err := raw.Raw(t.Context(), "select b from t where a = ?", nil); err == nil {
		t.Error("a statement ran without its value")
	}
}

func TestFirst(t *testing.T) {
	raw := newRaw(t)
	if _, err := raw.Exec(t.Context(), "insert into t values (1, 'one'), (2, null)"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sql, column string
		found       bool
		want        []d1.Value
		kind        fault.Kind
		fails       bool
	}{
		"the first row":           {sql: "select * from t order by a", found: true, want: []d1.Value{d1.Int(1), d1.Str("one")}},
		"one column":              {sql: "select * from t order by a", column: "b", found: true, want: []d1.Value{d1.Str("one")}},
		"a NULL is found":         {sql: "select * from t order by a desc", column: "b", found: true, want: []d1.Value{{}}},
		"no row":                  {sql: "select * from t where 0"},
		"no row of a column":      {sql: "select * from t where 0", column: "b"},
		"no such column":          {sql: "select * from t", column: "c", fails: true, kind: fault.Invalid},
		"no such column, no row":  {sql: "select * from t where 0", column: "c", fails: true, kind: fault.Invalid},
		"a statement that breaks": {sql: "select nope from t", fails: true, kind: fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			rec, found, err := raw.First(t.Context(), c.sql, nil, c.column)
			if c.fails {
				wantKind(t, err, c.kind)
				return
			}
			if err != nil || found != c.found || len(rec.Values) != len(c.want) || len(rec.Columns) != len(c.want) {
				t.Fatalf("got %v, %v, %v", rec, found, err)
			}
			for i, v := range c.want {
				if rec.Values[i] != v {
					t.Errorf("value %d is %s, want %s", i, rec.Values[i].Literal(), v.Literal())
				}
			}
		})
	}
}

func TestBatchAndExecAreAtomic(t *testing.T) {
	raw := newRaw(t)
	_, err := raw.Batch(t.Context(), []database.Statement{
		{SQL: "insert into t values (?, ?)", Params: []d1.Value{d1.Int(1), d1.Str("one")}},
		{SQL: "insert into t values (?, ?)", Params: []d1.Value{d1.Int(1), d1.Str("again")}},
	})
	wantKind(t, err, fault.Conflict)
	if e, ok := errors.AsType[*d1.Error](err); !ok || e.Stmt != 1 {
		t.Errorf("got %v", err)
	}
	_, err = raw.Exec(t.Context(), "insert into t values (1, 2)", "insert into nope values (1)")
	wantKind(t, err, fault.Invalid)
	if n := count(t, raw); n != 0 {
		t.Fatalf("%d rows of what failed are there", n)
	}
	done, err := raw.Exec(t.Context(), "insert into t values (1, 2), (2, 3)", "delete from t where a = 2")
	if err != nil || done.Count != 2 || done.Changes != 3 {
		t.Errorf("did %+v, %v", done, err)
	}
	rs, err := raw.Batch(t.Context(), []database.Statement{{SQL: "insert into t values (5, 5)"}, {SQL: "select a from t order by a"}})
	if err != nil || len(rs) != 2 || len(rs[1].Rows) != 2 {
		t.Errorf("the batch gave %v, %v", rs, err)
	}
	if rs, err := raw.Batch(t.Context(), nil); len(rs) != 0 || err != nil {
		t.Errorf("an empty batch: %v, %v", rs, err)
	}
}

func TestSeveralStatementsInOneTextAreRefused(t *testing.T) {
	raw := newRaw(t)
	const two = "insert into t values (1, 1); insert into t values (2, 2)"
	_, queryErr := raw.Query(t.Context(), two, nil)
	_, rawErr := raw.Raw(t.Context(), two, nil)
	_, _, firstErr := raw.First(t.Context(), two, nil, "")
	_, execErr := raw.Exec(t.Context(), two)
	_, batchErr := raw.Batch(t.Context(), []database.Statement{{SQL: two}})
	for _, err := range []error{queryErr, rawErr, firstErr, execErr, batchErr} {
		wantKind(t, err, fault.Invalid)
	}
	if n := count(t, raw); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	trigger := "create trigger g after insert on t begin update t set b = 1; delete from t where a = 9; end;"
	if _, err := raw.Query(t.Context(), trigger, nil); err != nil {
		t.Errorf("a trigger is one statement: %v", err)
	}
}

func TestEnvelopes(t *testing.T) {
	raw := newRaw(t)
	for name, c := range map[string]struct {
		envelope func() database.Envelope
		want     string
	}{
		"rows keep the order of their columns": {
			func() database.Envelope {
				return database.EnvelopeOf(raw.Query(t.Context(),
					"select 'x' z, 9007199254740993 a, x'00ff' b, null n union all select '<', 1, 1.5, 2", nil))
			},
			`"data":[{"z":"x","a":"9007199254740993","b":{"blob":"00ff"},"n":null},{"z":"\u003c","a":1,"b":1.5,"n":2}]`,
		},
		"the last of a name counts": {
			func() database.Envelope {
				return database.EnvelopeOf(raw.Query(t.Context(), "select 1 a, 2 b, 3 a", nil))
			},
			`"data":[{"b":2,"a":3}]`,
		},
		"no rows are an empty list": {
			func() database.Envelope {
				return database.EnvelopeOf(raw.Query(t.Context(), "select * from t where 0", nil))
			},
			`"data":[]`,
		},
		"a batch is a list of lists": {
			func() database.Envelope {
				return database.EnvelopeOfBatch(raw.Batch(t.Context(),
					[]database.Statement{{SQL: "insert into t values (1, 2)"}, {SQL: "select * from t"}}))
			},
			`"data":[[],[{"a":1,"b":2}]]`,
		},
		"an error is its message": {
			func() database.Envelope {
				return database.EnvelopeOf(raw.Query(t.Context(), "select nope", nil))
			},
			`"error":"SQLite says: no such column: nope"`,
		},
		"a defect of ours is not told": {
			func() database.Envelope {
				return database.EnvelopeOfBatch(nil, errors.New("secret detail"))
			},
			`"success":false`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := c.envelope()
			b, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			got := string(b)
			if e.Success != (e.Error == "") || e.Success != (e.Meta != nil) || !contains(got, c.want) || contains(got, "secret detail") {
				t.Errorf("got %s", got)
			}
		})
	}
}
