package schema_test

import (
	"testing"

	"github.com/kuratchi/dashboard/internal/schema"
)

// TestWhatMayBeAColumnIsNoText: in single quotes each of these says another thing, and some
// the same. What a column's name can come from is more than the tables a text names.
func TestWhatMayBeAColumnIsNoText(t *testing.T) {
	t.Parallel()
	const p = "create table p(n text, k text, x text)"
	for _, c := range []struct {
		ddl  []string
		form string
	}{
		{[]string{p}, `create view v as select ~rowid~ as st from p`},
		{[]string{p}, `create view v as select ~col~ from (select n as "col" from p)`},
		{[]string{p}, `create view v as select ~col~ from (select n as col from p)`},
		{[]string{p}, `create view v as select ~col~ from (select n "col" from p)`},
		{[]string{p}, `create view v as with c(col) as (select n from p) select ~col~ from c`},
		{[]string{p}, `create view v as select n as col from p order by ~col~`},
		{[]string{p}, `create view v as select n as col from p where ~col~ > 1`},
		{[]string{p}, `create view v as select n as col from p where x in (~col~)`},
		{[]string{p}, `create view v as select n as col, count(*) from p group by ~col~`},
		{[]string{p, `create view w as select "n" from p`}, `create view v as select ~n~ from w`},
		{[]string{p, `create view w as select * from p`}, `create view v as select ~n~ from w`},
		{[]string{p, `create view w("total") as select n from p`}, `create view v as select ~total~ from w`},
		{[]string{p, `create view w as select n "total" from p`}, `create view v as select ~total~ from w`},
		{[]string{p, `create view w as select * from p`, `create view w2 as select * from w`}, `create view v as select ~n~ from w2`},
		{[]string{p, `create virtual table s using fts5("body")`}, `create view v as select ~body~ from s`},
		{[]string{p, `create virtual table s using fts5(body)`}, `create view v as select ~rank~ from s`},
		{[]string{p, `create virtual table "s" using fts5(body)`}, `create view v as select body from s where ~s~ match 'x'`},
		{[]string{p}, `create view v as select ~key~ from json_each('[1]')`},
		{[]string{p}, `create view v as select ~name~ from sqlite_master`},
		{[]string{p}, `create view v as select ~y~ from p, elsewhere`},
		{[]string{p}, `create view v as select ~name~ from pragma_table_info('p')`},
		{[]string{p}, `create trigger g after insert on p begin update p set n = ~zed~ from (select 1 as zed) as q; end`},
		{[]string{p}, `create trigger g after insert on p begin delete from p where n = ~oid~; end`},
		{[]string{p}, `create view v as select ~column1~ from (values (1))`},
		{[]string{p}, `create view v as select (select ~col~) from (select n col from p)`},
		{[]string{p}, `create view v as select sum(k) col from p group by n having ~col~ > 1`},
		{[]string{p}, `create view v as select ~n~ from 'p'`},
	} {
		eitherQuotes(t, c.ddl, c.form, false)
	}
}

// TestATextIsOneWhereverNoColumnCanBe: what is written in single quotes by an ALTER elsewhere.
func TestATextIsOneWhereverNoColumnCanBe(t *testing.T) {
	t.Parallel()
	const p = "create table p(n text, k text, x text)"
	for _, c := range []struct {
		ddl  []string
		form string
	}{
		{[]string{p, `create virtual table s using fts5(body)`}, `create view v as select rowid, ~hit~ as how from s where s match ~x~`},
		{[]string{p}, `create view v as select value from p, json_each(p.n) where type = ~text~ and k <> ~json_array~`},
		{nil, `create table user(role text check (role in (~admin~, ~user~)))`},
		{[]string{p, `create view w as select n, "draft" as st from p`}, `create view v as select * from w where st = ~draft~`},
		{[]string{p}, `create view v as select n, ~draft~ as st from p union all select n, ~draft~ from p`},
		{[]string{p}, `create view v as select n, ~draft~ st, ~open~ from p`},
		{[]string{p}, `create view v as with c as (select ~a~ as col from p) select col from c where col <> ~b~`},
		{[]string{p}, `create view p_open as select n from p as q left join p as r on q.n = r.n where r.x = ~open~`},
		{[]string{p}, `create view v as select * from p order by n = ~open~, k`},
		{[]string{p}, `create view v as select group_concat(n, ~, ~) from p`},
		{[]string{p}, `create view v as select - ~a~, n + ~b~, n - ~c~, n -> ~d~, n not in (~e~) from p limit ~1~`},
		{[]string{p}, `create trigger g after insert on p begin select raise(abort, ~no~); end`},
		{[]string{p}, `create trigger g after insert on p begin select case when new.n = ~q~ then raise(abort, ~no~) end; end`},
	} {
		eitherQuotes(t, c.ddl, c.form, true)
	}
}

// TestAViewThatShowsAColumnFromNowOnMakesItOne: of two schemas one knows that column.
func TestAViewThatShowsAColumnFromNowOnMakesItOne(t *testing.T) {
	t.Parallel()
	const p = "create table p(n text, k text)"
	double := live(t, p, "create view w as select n from p", `create view v as select "total" from w`)
	single := live(t, p, "create view w as select n as total from p", `create view v as select 'total' from w`)
	for _, pair := range [][2]*schema.Schema{{double, single}, {single, double}} {
		if d := schema.Diff(pair[0], pair[1]); len(d) != 4 {
			t.Errorf("%v", wordsOf(d))
		}
	}
}
