package rest_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Every value of a database that is retired is in what is kept of it: D1's own exporter
// changes most of these (workers-sdk issue 15378), which is why it isn't used.
func TestRetiringLosesNoValue(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"a plain one":             "'text'",
		"2^53+1":                  "9007199254740993",
		"the smallest integer":    "-9223372036854775808",
		"a whole real":            "1.0",
		"a large whole real":      "1e15",
		"negative zero":           "-0.0",
		"infinity":                "9e999",
		"both kinds of line ends": `'{"a": "x\ny",' || char(10) || '"b": 1}'`,
		"backslash r and a CR":    `'\r' || char(13)`,
		"only a backslash n":      `'\n'`,
		"only a line end":         "char(10)",
		"text with NUL":           "'a' || char(0) || 'b'",
		"text that isn't UTF-8":   "cast(x'ff41' as text)",
		"a BLOB":                  "x'00ff'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, front.Options{})
			dir := t.TempDir()
			p := provider(t, f.URL, func(o *rest.Options) { o.Dir = dir })
			c := open(t, p, "old")
			info, _ := p.Find(t.Context(), "old")
			exec(t, c, "create table t(a)")
			exec(t, c, "insert into t values ("+value+")")
			before, err := c.Query(t.Context(), exact("select a from t", []string{"a"}))
			if err != nil {
				t.Fatal(err)
			}
			point, err := p.Retire(t.Context(), info.ID)
			if err != nil {
				if _, gone := p.Get(t.Context(), info.ID); gone != nil {
					t.Errorf("not retired (%v), and yet gone", err)
				}
				t.Logf("refused: %v", err)
				return
			}
			file, err := p.Copy(t.Context(), info.ID, point.ID)
			if err != nil {
				t.Fatal(err)
			}
			path := file.(interface{ Name() string }).Name()
			defer file.Close()
			db, err := sqlite.OpenCopy(path)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Begin(t.Context(), sqlite.Read); err != nil {
				t.Fatal(err)
			}
			defer db.End(false)
			st, err := db.Prepare("select typeof(a), hex(cast(a as blob)), a = " + before.Rows[0][0].Literal() + " from t")
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			if more, err := st.Step(); !more || err != nil {
				t.Fatalf("no row: %v", err)
			}
			kind := before.Rows[0][0].Kind()
			if string(st.Bytes(0)) != kind.String() || st.Int(2) != 1 ||
				kind == d1.Text && string(st.Bytes(1)) != strings.ToUpper(hex.EncodeToString([]byte(before.Rows[0][0].Text()))) {
				t.Errorf("the database was deleted; of %s is left %q as %s", before.Rows[0][0].Literal(), st.Bytes(1), st.Bytes(0))
			}
		})
	}
}

// Every schema but one with virtual tables can be copied.
func TestEverySchemaIsCopied(t *testing.T) {
	t.Parallel()
	for name, sqls := range map[string][]string{
		"a trigger on a view": {"create table t(a)", "create view v as select a from t",
			"create trigger tv instead of insert on v begin insert into t values (new.a); end", "insert into t values (1)"},
		"an index on an expression": {"create table t(a)", "create index i on t(a+1)"},
		"sqlite_stat1":              {"create table t(a primary key)", "insert into t values (1),(2)", "analyze"},
		"a quoted table":            {`create table "my t"(a)`, `insert into "my t" values (1)`},
		"autoincrement":             {"create table t(a integer primary key autoincrement)", "insert into t values (9)", "delete from t"},
		"a generated column":        {"create table t(a, g as (a+1) stored, b)", "insert into t(a,b) values (1,2)"},
		"a comment at the end":      {"create table t(a) -- of a", "create view v as select a from t -- end"},
		"semicolons and dashes": {"create table t(a default '--;', b check (b <> ';'))",
			"insert into t values ('-- x; ''y', '/*')", "create trigger tr after insert on t begin update t set a = '; end;' where b = 'x'; end"},
		"a name with a quote": {`create table "a""b;--"("c""d")`, `insert into "a""b;--" values (1)`},
		"a child before its parent": {"create table c(p references p(id))", "create table p(id integer primary key)",
			"insert into p values (1)", "insert into c values (1)"},
		"a view on a later view":     {"create view a as select * from b", "create view b as select 1 as x"},
		"a bracket name":             {"create table [x'y](a)", "insert into [x'y] values ('z')"},
		"a column named like a type": {"create table t(\"select\" text, \"a b\" integer)", "insert into t values ('x', 1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t, front.Options{})
			p := provider(t, f.URL)
			c := open(t, p, "old")
			info, _ := p.Find(t.Context(), "old")
			for _, s := range sqls {
				exec(t, c, s)
			}
			file, err := p.Copy(t.Context(), info.ID, "")
			if err != nil {
				t.Fatalf("can't be copied, moved or deleted: %v", err)
			}
			_ = file.Close()
		})
	}
}

// large are tables of more than is read at once: rowids with gaps, a key of two columns
// without a rowid, a rowid that no name reaches, as many columns as there may be, a row
// of 1.9 MB among small ones, and a counter.
var large = []string{
	"create table gaps(v text)",
	"insert into gaps(rowid, v) with recursive n(i) as (select 1 union all select i + 1 from n where i < 6500) " +
		"select i * i - 3000, printf('%01000d', i) from n",
	"create table keyed(a text, b integer, v, primary key (b, a)) without rowid",
	"insert into keyed with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000) " +
		"select 'k' || (i % 7), -i, i * 1.0 from n",
	"create table hidden(rowid text, _rowid_ text, oid integer)",
	"insert into hidden with recursive n(i) as (select 1 union all select i + 1 from n where i < 700) " +
		"select 'r' || i, null, 9007199254740993 + i from n",
	"create table blobs(id integer primary key autoincrement, body blob)",
	"insert into blobs with recursive n(i) as (select 1 union all select i + 1 from n where i < 90) select i * 10, randomblob(10) from n",
	"update blobs set body = randomblob(1900000) where id = 100",
	"delete from blobs where id = 900",
	"create index gaps_v on gaps(v)",
}

// summed is what large holds, in short.
var summed = []string{
	"select count(*), sum(rowid), min(rowid), max(rowid), sum(length(v)), sum(v) from gaps",
	"select count(*), sum(b), cast(sum(v) as integer), group_concat(distinct a), max(typeof(v)) from keyed",
	"select count(*), sum(oid - 9007199254740993), max(rowid), sum(_rowid_ is null) from hidden",
	"select count(*), sum(id), sum(octet_length(body)) from blobs",
	"select hex(body) from blobs where id < 90", "select hex(substr(body, 1, 500)), hex(substr(body, -500)) from blobs where id = 100",
	"select seq from sqlite_sequence", "select sql from sqlite_master where name = 'gaps_v'",
}

func sums(t *testing.T, c d1.Conn) string {
	t.Helper()
	var b strings.Builder
	for _, q := range summed {
		r, err := c.Query(t.Context(), d1.Query(q))
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		for _, row := range r.Rows {
			for _, v := range row {
				b.WriteString(v.Text() + "|")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

// TestALargeDatabaseIsCopiedInPages, and again when somebody wrote meanwhile.
func TestALargeDatabaseIsCopiedInPages(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p := provider(t, f.URL)
	c := open(t, p, "large")
	info, _ := p.Find(t.Context(), "large")
	for _, s := range large {
		exec(t, c, s)
	}
	copied, err := p.Copy(t.Context(), info.ID, "")
	path := saved(t, copied, err)
	if got, want := sums(t, embeddedFrom(t, path)), sums(t, c); got != want {
		t.Errorf("copied\n%.2000s\nthere is\n%.2000s", got, want)
	}

	written := false
	ctx := d1.WithProgress(t.Context(), func(step string, done, _ int64) {
		if !written && done > 1000 {
			written = true
			exec(t, c, "update gaps set v = '7' where rowid = -2999")
		}
	})
	copied, err = p.Copy(ctx, info.ID, "")
	path = saved(t, copied, err)
	if got, want := sums(t, embeddedFrom(t, path)), sums(t, c); got != want || !written {
		t.Errorf("copied\n%.2000s\nthere is\n%.2000s", got, want)
	}

	always := d1.WithProgress(t.Context(), func(string, int64, int64) { exec(t, c, "update gaps set v = v + 1 where rowid = -2999") })
	if _, err := p.Copy(always, info.ID, ""); !fault.Is(err, fault.Conflict) ||
		!strings.Contains(fault.Message(err), "Stop what writes to it") {
		t.Errorf("%v", err)
	}
}

// TestARetirementKeepsTheOnlyCopy: the database may go before it is deleted here.
func TestARetirementKeepsTheOnlyCopy(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p := provider(t, f.URL)
	c := open(t, p, "old")
	info, _ := p.Find(t.Context(), "old")
	exec(t, c, "create table t(a)")
	other := provider(t, f.URL, func(o *rest.Options) { o.Dir = t.TempDir() })
	ctx := d1.WithProgress(t.Context(), func(step string, _, _ int64) {
		if step == "deleting" {
			if err := p.Delete(t.Context(), info.ID); err != nil {
				t.Error(err)
			}
		}
	})
	point, err := other.Retire(ctx, info.ID)
	if err != nil {
		t.Fatal(err)
	}
	file, err := other.Copy(t.Context(), info.ID, point.ID)
	saved(t, file, err)
}

// TestRowidsBesideAKeyAreKept: a key declared INTEGER PRIMARY KEY DESC is, by an old
// mistake that SQLite keeps, not the rowid.
func TestRowidsBesideAKeyAreKept(t *testing.T) {
	t.Parallel()
	file := sample(t, "create table t(id integer primary key desc, v)",
		"insert into t(rowid, id, v) values (70, 1, 'a'), (7, 2, 'b'), (-1, null, 'c')")
	p := provider(t, newFront(t, front.Options{}).URL)
	info, err := p.Create(t.Context(), d1.CreateInput{Name: "desc"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Fill(t.Context(), info.ID, d1.FillInput{Path: file}); err != nil {
		t.Fatal(err)
	}
	const rows = "select group_concat(rowid || ',' || quote(id) || v, ' ') from (select rowid, * from t order by rowid)"
	c, _ := p.Open(t.Context(), info.ID)
	copied, err := p.Copy(t.Context(), info.ID, "")
	back := embeddedFrom(t, saved(t, copied, err))
	for where, conn := range map[string]d1.Conn{"on D1": c, "back": back} {
		if r, err := conn.Query(t.Context(), d1.Query(rows)); err != nil || r.Rows[0][0].Text() != "-1,NULLc 7,2b 70,1a" {
			t.Errorf("%s: %v %v", where, r, err)
		}
	}
}
