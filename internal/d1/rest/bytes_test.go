package rest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
)

// TestWhatAWriteReturnsIsExact, in whichever form its list is written; one that can't be
// read is sent as it is.
func TestWhatAWriteReturnsIsExact(t *testing.T) {
	t.Parallel()
	c := open(t, provider(t, newFront(t, front.Options{}).URL), "db")
	exec(t, c, "create table t(id, v)")
	odd := []d1.Value{d1.Int(9007199254740993), d1.Int(-9223372036854775808), d1.Float(2), d1.Float(1e300), d1.Str("\xffa"),
		d1.Str("a\x00b"), d1.Str("42"), d1.Bytes([]byte{0, 255}), {}}
	for _, v := range odd {
		for sql, columns := range map[string][]string{
			"insert into t values (?1, 'returning') returning id":                                              {"id"},
			"insert into t values (?1, (select 1)) returning id -- it":                                         {"id"},
			"insert into t values (?1, 1) returning /* both, in order */ id, (select max(id, id)) ;":           {"id", "again"},
			"update t set v = ?1 where rowid = 1 returning v, coalesce(v, ?1)":                                 {"v", "w"},
			"with x(a) as (select ?1) update t set v = (select a from x) where rowid = 1 returning (v), v":     {"v", "w"},
			"delete from t where rowid = (select max(rowid) from t) and id is ?1 returning id":                 {"id"},
			"insert into t values (?1, ?1) returning id as a, v AS 'returning' ;":                              {"a", "returning"},
			"insert into t values (?1, ?1) returning id a, (v) \"b c\", case when 1 then v end 'd'":            {"a", "b c", "d"},
			"insert into t values (?1, ?1) returning iif(id is v collate nocase, id, 0) x, +id collate binary": {"x", "y"},
		} {
			r, err := c.Query(t.Context(), d1.Stmt{SQL: sql, Args: []d1.Value{v}, Mode: d1.Write, Columns: columns})
			if err != nil {
				t.Errorf("%s: %v", sql, err)
				continue
			}
			if !slices.Equal(r.Columns, columns) {
				t.Errorf("%s: columns %q", sql, r.Columns)
			}
			for _, row := range r.Rows {
				for i := range row {
					if row[i] != v {
						t.Errorf("%s\nreturned %s for %s", sql, row[i].Literal(), v.Literal())
					}
				}
			}
		}
	}
	for _, sql := range []string{"insert into t values (1, 2) returning *", "insert into t values (1, 2) returning id as a, v",
		"insert into t values (1, 2) returning id as 'returning', v", "insert into t values (1, 2) returning id, v is not null",
		"insert into t values (1, 2) returning id, 'a' like v escape '!'", "insert into t values (1, 2) returning id, - v",
		"insert into t values (1, 2) returning id, v -> '$'", "insert into t values (1, 2) returning id, t.v in (1, 2)",
		"insert into t values (1, 2) returning id, case v when 2 then 3 end", "insert into t values (1, 2) returning id, v isnull x",
		"insert into t values (1, 2) returning id, null n", "insert into t values (1, 2) returning id, cast(v as text) as t",
		"insert into t values (1, 2) returning id, current_timestamp now",
		"insert into t values (1, 2) returning id, not exists (select 1)"} {
		if r, err := c.Query(t.Context(), d1.Stmt{SQL: sql, Mode: d1.Write, Columns: []string{"a", "b"}}); err != nil || len(r.Rows) != 1 ||
			r.Rows[0][0] != d1.Int(1) {
			t.Errorf("%s: %v %v", sql, r, err)
		}
	}
}

// TestAParameterThatIsReturnedStaysOne, and an error in the list points nowhere rather than
// somewhere else.
func TestAParameterThatIsReturnedStaysOne(t *testing.T) {
	t.Parallel()
	c := open(t, provider(t, newFront(t, front.Options{}).URL), "db")
	exec(t, c, "create table t(id, v)")
	s := d1.Stmt{SQL: "insert into t values (?, 1) returning id, ?", Mode: d1.Write, Columns: []string{"a", "b"},
		Args: []d1.Value{d1.Int(1), d1.Int(2)}}
	if r, err := c.Query(t.Context(), s); err != nil || r.Rows[0][1] != d1.Int(2) {
		t.Errorf("%v, %v", r, err)
	}
	for sql, at := range map[string]int{"insert into t values (1, 2) returning nope": -1,
		"update t set v = nope returning id": 17} {
		_, err := c.Query(t.Context(), d1.Stmt{SQL: sql, Mode: d1.Write, Columns: []string{"a"}})
		e, ok := errors.AsType[*d1.Error](err)
		if !ok || e.Offset != at {
			t.Errorf("%s: %+v, want the offset %d", sql, e, at)
		}
	}
}

// A text that isn't UTF-8 and too long to be asked for in hexadecimal loses bytes, as
// documented, but gets none that it doesn't have.
func TestALongTextThatIsNotUTF8GetsNoLetterMore(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	c := open(t, provider(t, f.URL), "long")
	exec(t, c, "create table t(a)")
	// 1,048,576 × FF
	exec(t, c, "with recursive n(i, b) as (select 0, x'ff' union all select i+1, cast(b||b as blob) from n "+
		"where i < 20) insert into t select cast(b as text) from n where i = 20")
	r, err := c.Query(t.Context(), exact("select a from t", []string{"a"}))
	if err != nil {
		t.Fatal(err)
	}
	s := r.Rows[0][0].Text()
	if strings.HasPrefix(s, "s") {
		t.Errorf("a text of 1,048,576 bytes FF begins with %q", s[:4])
	}
	// In a stream already a third of that.
	exec(t, c, "update t set a = cast(substr(cast(a as blob), 1, 700000) as text)")
	rows, err := c.Stream(t.Context(), exact("select a from t", []string{"a"}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if s := rows.Row()[0].Text(); strings.HasPrefix(s, "s") {
		t.Errorf("in a stream a text of 700,000 bytes FF begins with %q", s[:4])
	}
}

// The reads of a batch that writes are exact too, or say that they aren't.
func TestAReadBesideAWriteIsExact(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	c := open(t, provider(t, f.URL), "beside")
	exec(t, c, "create table t(a)")
	rs, err := c.Batch(t.Context(), []d1.Stmt{
		d1.Exec("insert into t values (cast(x'ff41' as text))"),
		{SQL: "select a from t", Columns: []string{"a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := rs[1].Rows[0][0]; got != d1.Str("\xffA") {
		t.Errorf("%s, without a word", got.Literal())
	}
}
