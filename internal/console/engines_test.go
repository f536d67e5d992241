package console_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/console"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
)

// place is a database where the console runs, and who keeps a run there from writing.
type place struct {
	name  string
	conn  d1.Conn
	guard console.Guard
	wire  *wire // nil on the embedded engine
}

// wire is what Cloudflare's API answered.
type wire struct {
	http.RoundTripper
	mu      sync.Mutex
	answers [][]byte
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, body)
	return resp, nil
}

// last is how many rows D1 read and sent for the last call, and how many bytes that took.
func (w *wire) last(t *testing.T) (read, sent, size int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	body := w.answers[len(w.answers)-1]
	var answer struct {
		Result []struct {
			Results struct{ Rows []json.RawMessage }
			Meta    struct {
				RowsRead int `json:"rows_read"`
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Result) == 0 {
		t.Fatalf("%v: %.200s", err, body)
	}
	for _, r := range answer.Result {
		read, sent = read+r.Meta.RowsRead, sent+len(r.Results.Rows)
	}
	return read, sent, len(body)
}

// places are the embedded engine and real D1, with and without a reading token, on each
// runtime. All hold what these statements make.
func places(t *testing.T, setup ...string) []place {
	t.Helper()
	out := []place{{name: "embedded", conn: database(t)}}
	for _, rt := range d1test.Runtimes {
		cloud := front.New(t, front.Options{Runtime: rt})
		for guard, name := range map[console.Guard]string{console.ByToken: "token", console.ByCompiler: "no-token"} {
			w := &wire{RoundTripper: &http.Transport{DisableKeepAlives: true}}
			p := front.Provider(t, cloud.URL, func(o *rest.Options) {
				o.HTTPClient = &http.Client{Transport: w}
				if guard == console.ByToken {
					o.ReadToken = front.ReadToken
				}
			})
			info, err := p.Create(t.Context(), d1.CreateInput{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			c, err := p.Open(t.Context(), info.ID)
			if err != nil {
				t.Fatal(err)
			}
			exec(t, c, "create table t(a integer primary key, b text)")
			exec(t, c, "insert into t values (1,'x'),(2,null)")
			out = append(out, place{string(rt) + " " + name, c, guard, w})
		}
	}
	for _, p := range out {
		for _, sql := range setup {
			exec(t, p.conn, sql)
		}
	}
	return out
}

func (p place) run(t *testing.T, sql, params string, rows int) []console.Result {
	t.Helper()
	rs, err := console.Run(t.Context(), p.conn, sql, params, console.Limits{Rows: rows, Guard: p.guard})
	if err != nil {
		t.Fatalf("%s, %s: %v", p.name, sql, err)
	}
	return rs
}

// mixed is a table of many rows, whose values are of every storage class and come in an
// order of their own.
var mixed = []string{
	"create table big (id integer primary key, v, w text collate nocase, r real)",
	`insert into big with recursive n(i) as (select 1 union all select i + 1 from n limit 3000)
	 select i, case i % 6 when 0 then null when 1 then 9007199254740993 + i when 2 then i * 0.5 when 3 then 'text ' || i when 4 then
	 cast('blob' || i as blob) else cast((i * 7919) % 3001 as real) end, char(97 + (i * 31) % 26) || i, i from n`,
	"create index big_w on big(w)",
	"create table other (id integer primary key, big integer)",
	"insert into other select id, (id * 17) % 3000 + 1 from big",
}

// What is sent to D1 stops at the cap, and what is shown is the same as where rows are taken
// as they come: their order, duplicates, names, storage classes, and whether there are more.
func TestAReadIsBoundedAndTheSameOnEveryEngine(t *testing.T) {
	t.Parallel()
	all := places(t, mixed...)
	for _, c := range []struct {
		sql, params string
		read        int // the most rows that D1 reads, 0 for all: it has to sort or count them
	}{
		{"select * from big", "", 8},
		{"select * from big order by id desc", "", 8},
		{"select v, v, id as v from big order by v desc, id", "", 0},
		{"select * from big order by (id * 7919) % 3001, id -- the end", "", 0},
		{"select id, w from big order by w, id", "", 8},
		{"select * from (select id, r from big order by r desc) where id % 2", "", 0},
		{"select distinct substr(w, 1, 1) as first, typeof(v) from big order by 1 desc, 2", "", 0},
		{"select count(*), max(v), typeof(v) from big group by typeof(v) order by 2", "", 0},
		{"select id from big where id > 2990 union all select -id from big where id < 4", "", 0},
		{"select id from big union select id + 2998 from big where id < 9 order by id desc limit 30 offset 3", "", 0},
		{"select id, row_number() over (order by r desc) from big order by id", "", 0},
		{"select b.id, o.id from big b join other o on o.big = b.id order by o.id desc", "", 24},
		{"select (select count(*) from other where big < b.id % 5), v from big b order by id", "", 0},
		{"values (9007199254740993, 1.0, x'00ff', null), (1, 'a', 2, 3)", "", 8},
		{"with x(n, n) as (select id, v from big) select * from x", "", 8},
		{"with recursive n(i) as (select 1 union all select i + 1 from n) select i, i from n", "", 24}, // without an end
		{"with recursive n(i) as (select ?1 union all select i + 1 from n limit ?2) select * from n order by i desc", "5\n20", 0},
		{"select ?2, id from big where v > ?1 order by id", "9007199254740992\n'two'", 0},
		{"select id from big order by id limit 5", "", 8},
		{"select id from big order by id limit 7", "", 8},
		{"select id from big where 0", "", 8},
		{"select * from pragma_table_info('big')", "", 0},
		{"pragma table_xinfo(big)", "", 0},
	} {
		want := all[0].run(t, c.sql, c.params, 7)
		if want[0].Err != nil {
			t.Fatalf("%s: %v", c.sql, want[0].Err)
		}
		for _, p := range all[1:] {
			got := p.run(t, c.sql, c.params, 7)
			if got[0].Err != nil {
				t.Errorf("%s, %s: %v", p.name, c.sql, got[0].Err)
				continue
			}
			if d := cmp.Diff(shown(want[0]), shown(got[0])); d != "" {
				t.Errorf("%s, %s (-embedded +D1):\n%s", p.name, c.sql, d)
			}
			read, sent, _ := p.wire.last(t)
			if sent > 8 || c.read > 0 && read > c.read {
				t.Errorf("%s, %s: %d rows were read and %d sent to show 7", p.name, c.sql, read, sent)
			}
		}
	}
}

// An ORDER BY within is what a limit around it goes by: each SQLite plans to sort, or to walk
// the index, and then to stop.
func TestALimitAroundAnOrderKeepsIt(t *testing.T) {
	t.Parallel()
	for _, p := range places(t, mixed...) {
		for order, plan := range map[string]string{
			"r desc": "USE TEMP B-TREE FOR ORDER BY", "w": "USING COVERING INDEX big_w", "id desc": "SCAN big",
		} {
			sql := "explain query plan with q(c0) as (select * from (select id from big order by " + order +
				") limit 8) select c0 from q where 1"
			rs := p.run(t, sql, "", 100)
			if rs[0].Err != nil || !strings.Contains(strings.Join(shown(rs[0]), "\n"), plan) {
				t.Errorf("%s, by %s: %v %q", p.name, order, rs[0].Err, shown(rs[0]))
			}
		}
	}
}

// shown is what of a result is the same on every engine.
func shown(r console.Result) []string {
	out := []string{strings.Join(r.Columns, "|"), r.Cut}
	for _, row := range r.Rows {
		var cells []string
		for _, v := range row {
			cells = append(cells, v.Kind().String()+" "+v.Literal())
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

// The whole table has 25 MB as JSON; of it a thousand rows are read.
func TestALargeTableCostsWhatIsShown(t *testing.T) {
	t.Parallel()
	for _, p := range places(t, "create table wide (id integer primary key, a text)",
		"insert into wide with recursive n(i) as (select 1 union all select i + 1 from n limit 200000) "+
			"select i, printf('%0100d', i) from n")[1:] {
		if rs := p.run(t, "select * from wide", "", 1000); rs[0].Err != nil || len(rs[0].Rows) != 1000 || rs[0].Cut != "after 1000 rows" {
			t.Fatalf("%s: %d rows, %q, %v", p.name, len(rs[0].Rows), rs[0].Cut, rs[0].Err)
		}
		if read, sent, size := p.wire.last(t); read > 1001 || sent > 1001 || size > 300_000 {
			t.Errorf("%s: %d rows read, %d sent, %d bytes", p.name, read, sent, size)
		}
		const run = "insert into t values (7, 'y'); select * from wide"
		rs, err := write(t, p.conn, run, "", console.Limits{Rows: 1000, Guard: p.guard})
		if err != nil || len(rs) != 2 || len(rs[1].Rows) != 1000 || rs[1].Cut != "after 1000 rows" {
			t.Fatalf("%s: %v %v", p.name, rs, err)
		}
		if read, sent, size := p.wire.last(t); read > 1010 || sent > 1001 || size > 300_000 {
			t.Errorf("%s, writing: %d rows read, %d sent, %d bytes", p.name, read, sent, size)
		}
	}
}

// What a writing run shows is what is stored, also of numbers that JSON rounds.
func TestAWritingRunShowsExactValues(t *testing.T) {
	t.Parallel()
	for _, p := range places(t, "create table k (id integer primary key, v)",
		"create table stars (\"a \"\"b\" integer, g integer generated always as (\"a \"\"b\" + 1), \"select\")",
		"create view seen as select \"a \"\"b\" as a, \"select\" as a from stars",
		"create trigger seen_in instead of insert on seen begin insert into stars values (new.a, null); end") {
		rs, err := write(t, p.conn, `insert into stars as s values (9007199254740993, '*') returning * /* all */ ; -- of it
			insert into seen values (9007199254740995, 1.0) returning *; update stars set "select" = g returning*`, "",
			console.Limits{Rows: 10, Guard: p.guard})
		if err != nil || len(rs) != 3 || !strings.Contains(rs[0].SQL, "returning *") {
			t.Fatalf("%s: %+v %v", p.name, rs, err)
		}
		for i, want := range [][]string{
			{`a "b|g|select`, "", "integer 9007199254740993|integer 9007199254740994|text '*'"},
			{"a|a:1", "", "integer 9007199254740995|real 1.0"},
			{`a "b|g|select`, "", "integer 9007199254740993|integer 9007199254740994|integer 9007199254740994",
				"integer 9007199254740995|integer 9007199254740996|integer 9007199254740996"},
		} {
			if d := cmp.Diff(want, shown(rs[i])); d != "" {
				t.Errorf("%s, all columns of statement %d (-want +got):\n%s", p.name, i+1, d)
			}
		}
		rs, err = write(t, p.conn, `insert into k values (9007199254740993, 1.0), (?1, x'00ff') returning id, v, typeof(v);
			select id + 2, v, 'x' as id from k order by id; update k set v = 9007199254740995 where id = 9007199254740993 returning v;
			delete from k where id = 1 returning id; create table later as select id as x, v as y from k; select x from later where x = 9007`,
			"-9223372036854775807", console.Limits{Rows: 10, Guard: p.guard})
		if err != nil || len(rs) != 6 {
			t.Fatalf("%s: %+v %v", p.name, rs, err)
		}
		for i, want := range [][]string{
			{"id|v|typeof(v)", "", "integer 9007199254740993|real 1.0|text 'real'", "integer -9223372036854775807|blob x'00ff'|text 'blob'"},
			{"id + 2|v|id", "", "integer -9223372036854775805|blob x'00ff'|text 'x'", "integer 9007199254740995|real 1.0|text 'x'"},
			{"v", "", "integer 9007199254740995"},
			{"id", ""},
			{"", ""},
			{"x", ""},
		} {
			if d := cmp.Diff(want, shown(rs[i])); d != "" {
				t.Errorf("%s, statement %d (-want +got):\n%s", p.name, i+1, d)
			}
		}
	}
}

// A statement that isn't SQL is said to be that, with its place, whoever keeps the run from
// writing, and whatever it would have done.
func TestASyntaxErrorIsOneOnEveryEngine(t *testing.T) {
	t.Parallel()
	for _, p := range places(t, "create table p (id integer primary key)") {
		for _, c := range []struct {
			sql          string
			line, column int
			words        string
		}{
			{"selec 1", 1, 1, `near "selec"`},
			{"select 1;\n  selec 1", 2, 3, `near "selec"`},
			{"select * from (selec 1)", 1, 22, `near "1"`},
			{"select 1 frm t", 1, 14, `near "t"`},
			{"select 'abc", 1, 8, "unrecognized token"},
			{"select (1", 1, 10, "incomplete input"},
			{"delete from", 1, 12, "incomplete input"},
			{"delete form t", 1, 8, `near "form"`},
			{"insert into t values (1,)", 1, 25, `near ")"`},
			{"update t st b = 1", 1, 10, `near "st"`},
			{"create table x (a,, b)", 1, 19, `near ","`},
			{"create trigger tr after insert on p begin selec 1; end", 1, 43, `near "selec"`},
			{"create view v as selec 1", 1, 18, `near "selec"`},
			{"alter table t ad column c", 1, 15, `near "ad"`},
			{"explain delete form t", 1, 16, `near "form"`},
			{"with x as (select 1) delete form t", 1, 29, `near "form"`},
		} {
			check := func(how string, rs []console.Result, err error) {
				t.Helper()
				if err != nil || len(rs) == 0 {
					t.Errorf("%s, %s, %q: %v", p.name, how, c.sql, err)
					return
				}
				last := rs[len(rs)-1]
				line, column := console.Place(c.sql, last.ErrOffset)
				said := fault.Message(last.Err)
				if !fault.Is(last.Err, fault.Invalid) || !strings.Contains(said, c.words) || line != c.line || column != c.column {
					t.Errorf("%s, %s, %q: %d:%d %v", p.name, how, c.sql, line, column, last.Err)
				}
			}
			check("reading", p.run(t, c.sql, "", 10), nil)
			l := console.Limits{Rows: 10, Guard: p.guard}
			if j, err := console.Judge(t.Context(), p.conn, console.Script{SQL: c.sql}, l); err != nil || j.Writes || len(j.Dangers) > 0 {
				t.Errorf("%s, %q is judged %+v, %v", p.name, c.sql, j, err)
			}
			if strings.Contains(c.sql, "\n") {
				continue
			}
			// Among writes nothing is tried, and nothing asked.
			s := console.Script{SQL: "delete from t;" + c.sql}
			j, err := console.Judge(t.Context(), p.conn, s, l)
			if err != nil || len(j.Dangers) > 0 {
				t.Errorf("%s, %q among writes is judged %+v, %v", p.name, c.sql, j, err)
				continue
			}
			rs, err := console.Write(t.Context(), p.conn, s, l, j)
			for i := range rs {
				rs[i].ErrOffset -= len("delete from t;")
			}
			check("writing", rs, err)
		}
		if n := rowsOf(t, p.conn, "t"); n != 2 {
			t.Errorf("%s: %d rows are left", p.name, n)
		}
	}
}
