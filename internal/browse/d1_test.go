package browse_test

import (
	"encoding/hex"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
)

// openD1 returns a new database on real D1, through Cloudflare's API.
func openD1(t testing.TB, ddl ...string) (d1.Conn, *front.Front) {
	t.Helper()
	cloud := front.New(t, front.Options{})
	p, err := rest.New(rest.Options{
		Account: front.Account, Token: front.Token, ReadToken: front.ReadToken, BaseURL: cloud.URL, Dir: t.TempDir(),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := p.Create(bg, d1.CreateInput{Name: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Open(bg, info.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range ddl {
		exec(t, c, sql)
	}
	return c, cloud
}

// TestValuesSurviveTheGrid reads, edits, saves and reads again what JSON loses, on
// both engines.
func TestValuesSurviveTheGrid(t *testing.T) {
	t.Parallel()
	const ddl = "create table t (id integer primary key, i integer, s text, r real, b blob, x, note text)"
	onD1, _ := openD1(t, ddl)
	blob := []byte(strings.Repeat("\x00\xffKuratchi", 190_000)) // 1.9 MB
	for engine, c := range map[string]d1.Conn{"embedded": open(t, ddl), "D1": onD1} {
		t.Run(engine, func(t *testing.T) {
			for n, tc := range []struct {
				column string
				value  d1.Value
				as     browse.As
				text   string
			}{
				{"i", d1.Int(math.MinInt64), browse.AsValue, "-9223372036854775808"},
				{"i", d1.Int(math.MaxInt64), browse.AsValue, "9223372036854775807"},
				{"i", d1.Int(9007199254740993), browse.AsValue, "9007199254740993"},
				{"b", d1.Bytes([]byte{0, 255}), browse.AsBlob, "00ff"},
				{"b", d1.Bytes(nil), browse.AsBlob, ""},
				{"b", d1.Bytes(blob), browse.AsBlob, ""},
				{"s", d1.Str(""), browse.AsEmpty, ""},
				{"s", d1.Value{}, browse.AsNull, ""},
				{"s", d1.Str("42"), browse.AsValue, "42"},
				{"s", d1.Str("42.0"), browse.AsValue, "42.0"},
				{"s", d1.Str("a\x00b"), "", ""}, // nobody can type a NUL
				{"s", d1.Str("\xff\xfe no UTF-8"), "", ""},
				{"s", d1.Str("it's \"quoted\" ?1 😀\r\n"), browse.AsText, "it's \"quoted\" ?1 😀\r\n"},
				{"r", d1.Float(1), browse.AsValue, "1.0"},
				{"r", d1.Float(0.1), browse.AsValue, "0.1"},
				{"r", d1.Float(1e300), browse.AsValue, "1e300"},
				{"x", d1.Float(2), "", ""},
				{"x", d1.Int(2), "", ""},
				{"x", d1.Str("2"), browse.AsText, "2"},
			} {
				if tc.as == browse.AsBlob {
					tc.text = hex.EncodeToString([]byte(tc.value.Text()))
				}
				id := d1.Int(int64(n + 1))
				key := browse.EncodeKey([]d1.Value{id})
				exec(t, c, "insert into t (id, "+tc.column+", note) values (?1, ?2, 'before')", id, tc.value)
				seen := func() d1.Value {
					t.Helper()
					whole, err := load(t, c).CellContent(bg, c, "t", key, tc.column)
					if err != nil {
						t.Fatal(err)
					}
					page, err := browse.FetchRows(bg, c, load(t, c), browse.Request{Table: "t"}, []string{key})
					if err != nil || len(page.Rows) != 1 {
						t.Fatalf("%v", err)
					}
					for i, col := range page.Columns {
						if cell := page.Rows[0].Cells[i]; col.Name == tc.column &&
							(cell.Value.Kind() != tc.value.Kind() || !cell.Cut && cell.Value != tc.value) {
							t.Errorf("%s in the grid: %.80s", tc.value.Kind(), cell.Value.Literal())
						}
					}
					return whole.Value
				}
				if got := seen(); got != tc.value {
					t.Errorf("%.40s was read as %.40s", tc.value.Literal(), got.Literal())
				}
				// An edit of another column compares with what was read.
				if _, err := save(t, c, "t", edit(key, "note", d1.Str("before"), browse.AsValue, "after")); err != nil {
					t.Errorf("%.40s: beside it: %v", tc.value.Literal(), err)
				}
				if tc.as == "" {
					continue
				}
				exec(t, c, "update t set "+tc.column+" = 'other' where id = ?1", id)
				if _, err := save(t, c, "t", edit(key, tc.column, d1.Str("other"), tc.as, tc.text)); err != nil {
					t.Errorf("%.40s: saved: %v", tc.value.Literal(), err)
				}
				if got := seen(); got != tc.value {
					t.Errorf("%.40s was saved as %.40s", tc.value.Literal(), got.Literal())
				}
				// And once more over itself: what is read is what a save compares with.
				if _, err := save(t, c, "t", edit(key, tc.column, tc.value, browse.AsNull, "")); err != nil {
					t.Errorf("%.40s: compared: %v", tc.value.Literal(), err)
				}
			}
		})
	}
}

func TestPagesAndConflictsOnD1(t *testing.T) {
	t.Parallel()
	c, cloud := openD1(t, "create table t (id integer primary key, s text, n real)",
		"with recursive r(i) as (select 1 union all select i + 1 from r where i < 30) insert into t select i, 'row ' || i, i % 3 from r")
	cat := load(t, c)
	page := func(req browse.Request) *browse.Page {
		t.Helper()
		before := len(cloud.Calls())
		p, err := browse.Fetch(bg, c, cat, req)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(cloud.Calls()) - before; n != 1 {
			t.Errorf("a page took %d calls", n)
		}
		return p
	}
	var seen []string
	req := browse.Request{Table: "t", Sort: "-n", Limit: 7}
	for {
		p := page(req)
		seen = append(seen, marks(p)...)
		if !p.HasNext {
			break
		}
		req.After = p.Next
	}
	if len(seen) != 30 || seen[0] != "2" && seen[0] != "29" {
		t.Errorf("%d rows: %v", len(seen), seen)
	}
	key := browse.EncodeKey([]d1.Value{d1.Int(3)})
	exec(t, c, "update t set s = 'somebody else' where id = 3")
	_, err := save(t, c, "t", edit(key, "s", d1.Str("row 3"), browse.AsValue, "mine"))
	ce, ok := errors.AsType[*browse.ConflictError](err)
	if !ok || len(ce.Conflicts) != 1 || ce.Conflicts[0].Now.Text() != "somebody else" {
		t.Errorf("%v", err)
	}
	sums, err := cat.Sums(bg, c, "t", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	w, err := cat.Delete(bg, c, "t", []string{key}, sums)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Run(bg, c); err != nil {
		t.Fatal(err)
	}
	if n := exec(t, c, "select count(*) from t").Rows[0][0].Int(); n != 29 {
		t.Errorf("%d rows", n)
	}
}

// The key a row has after a save is its key, on D1 too: the page shows that row next,
// and the next edit is made in it.
func TestKeysAfterASaveAreExactOnD1(t *testing.T) {
	const ddl = "create table t (id primary key, note text) without rowid"
	onD1, _ := openD1(t, ddl)
	for engine, c := range map[string]d1.Conn{"embedded": open(t, ddl), "D1": onD1} {
		for name, v := range map[string]d1.Value{
			"2^53+1":       d1.Int(9007199254740993),
			"min":          d1.Int(-9223372036854775808),
			"snowflake":    d1.Int(1234567824702058497),
			"a whole real": d1.Float(2),
			"not UTF-8":    d1.Str("\xffkey"),
			"text":         d1.Str("k"),
			"a BLOB":       d1.Bytes([]byte{0, 255}),
		} {
			t.Run(engine+"/"+name, func(t *testing.T) {
				exec(t, c, "delete from t")
				exec(t, c, "insert into t values (9007199254740992, 'the neighbour'), (1234567824702058496, 'another'), (?1, 'before')", v)
				key := browse.EncodeKey([]d1.Value{v})
				w, err := save(t, c, "t", edit(key, "note", d1.Str("before"), browse.AsValue, "after"))
				if err != nil {
					t.Fatal(err)
				}
				if len(w.Keys) != 1 || w.Keys[0] != key {
					shown, _ := browse.FetchRows(bg, c, load(t, c), browse.Request{Table: "t"}, w.Keys)
					got, _ := browse.DecodeKey(w.Keys[0])
					t.Errorf("%s was saved, and its key is said to be %s", v.Literal(), got[0].Literal())
					if shown != nil && len(shown.Rows) > 0 {
						t.Errorf("the page then shows %q", shown.Rows[0].Cells[1].Value.Text())
					}
				}
			})
		}
	}
}
