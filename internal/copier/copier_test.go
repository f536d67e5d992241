package copier_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// outside is a file that the sqlite3 program made.
func outside(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "from.db")
	d1test.Outside(t, path, text)
	return path
}

// copied copies a file to a file.
func copied(t *testing.T, path string, o copier.Options) (to string, filled d1.Filled, err error) {
	t.Helper()
	src, err := copier.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	to = filepath.Join(t.TempDir(), "to.db")
	filled, err = copier.ToFile(t.Context(), src, to, o)
	if _, serr := os.Stat(to); (serr == nil) != (err == nil) {
		t.Errorf("the file: %v, and the copy: %v", serr, err)
	}
	return to, filled, err
}

// dump is what the sqlite3 program says of a file: every text and every row with its rowid.
func dump(t *testing.T, path string, tables ...string) string {
	t.Helper()
	text := "select type, name, tbl_name, sql from sqlite_master where name not like 'sqlite_stat%' and name <> '_cf_KV' and sql is not null" +
		" order by case type when 'table' then 0 when 'index' then 1 when 'view' then 2 else 3 end, rowid;\n"
	for _, table := range tables {
		text += ".mode quote\n" + table + ";\n"
	}
	return d1test.Outside(t, path, text+"pragma integrity_check; pragma foreign_key_check;")
}

const whole = `
create table parents(id integer primary key autoincrement, name text not null collate nocase unique, note);
create table children(pid integer references parents(id) on delete cascade,
	"odd ""name" real, b blob, g integer as (pid * 2) stored, v text as (b || 'x'));
create table keyed(a text, b integer, c, primary key (a, b)) without rowid;
create table hidden(rowid text, oid text, _rowid_ text);
create table strict_one(i int, r real, t text, b blob, x any) strict;
insert into parents values (5, 'five', null), (9, 'Nine', x'00ff'), (100, 'gone', 1.0);
delete from parents where id = 100;
insert into children(rowid, pid, "odd ""name", b) values
	(3, 5, 9007199254740993, 'text in a blob'), (7, 9, 1e300, x''), (-2, null, -0.0, 1.0);
insert into keyed values ('a', 2, 9223372036854775807), ('a', 1, -9223372036854775808), ('B', 1, 0.1);
insert into hidden values ('r', 'o', '_');
insert into strict_one values (1, 1, 'x', x'01', 1), (2, 2.5, '', x'', 'any');
create index by_note on parents(note desc) where note is not null;
create index by_expr on children(lower(b));
create view names as select name from parents;
create trigger second after insert on parents begin insert into hidden values (new.name, '', ''); end;
create trigger first after insert on parents begin select raise(ignore) where new.name = 'never'; end;
create virtual table ft using fts5(title, body, tokenize = 'porter');
insert into ft(rowid, title, body) values (4, 'running', 'the quick brown fox'), (9, 'other', 'jumps');
insert into ft(ft, rank) values ('rank', 'bm25(10.0, 5.0)');
create virtual table external using fts5(name, content = 'parents', content_rowid = 'id');
insert into external(external) values ('rebuild');
create virtual table bare using fts5(x, content = '');
insert into bare(rowid, x) values (1, 'one'), (2, 'two');
create virtual table boxes using rtree(id, x0, x1, y0, y1, +label text);
insert into boxes values (1, 0, 10, 0, 10, 'first'), (2, 5, 6, 5, 6, null);
`

var rows = []string{
	"select *, typeof(note) from parents", "select rowid, *, typeof(b) from children order by rowid", "select * from keyed",
	"select * from hidden",
	"select *, typeof(r), typeof(x) from strict_one", "select * from sqlite_sequence order by name", "select rowid, * from ft",
	"select rowid from ft where ft match 'run'",
	"select rowid from external where external match 'nine'", "select rowid from bare where bare match 'two'", "select * from boxes",
	"select id from boxes where x0 > 4", "select k, v from ft_config where k <> 'version'",
}

func TestAFileComesWholeWithRowidsCountersAndVirtualTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before string }{
		{"as it is made", ""},
		{"UTF-16, little", "pragma encoding = 'UTF-16le';"},
		{"UTF-16, big", "pragma encoding = 'UTF-16be';"},
		{"pages of 512 bytes", "pragma page_size = 512;"},
		{"pages of 65536 bytes", "pragma page_size = 65536; pragma auto_vacuum = full;"},
		{"WAL", "pragma journal_mode = wal;"},
		{"a view that says main", "create table other(a); create view qualified as select a from main.other;"},
		{"a trigger that says main", "create table other(a); create trigger q after insert on other begin select a from main.other; end;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			from := outside(t, c.before+whole)
			want := dump(t, from, rows...)
			to, filled, err := copied(t, from, copier.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := dump(t, to, rows...); got != want {
				t.Errorf("the copy is\n%s\nand was\n%s", got, want)
			}
			if filled.Tables != 9+strings.Count(c.before, "create table") || filled.Rows != 11+2+2+2 || len(filled.LeftOut) > 0 {
				t.Errorf("it says %+v", filled)
			}
		})
	}
}

// wide is a list of so many columns.
func wide(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	return strings.Join(names, ", ")
}

func TestWhatD1CannotHaveIsNamedAndLeftOutOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	union := strings.Repeat("select 1 union all ", 5) + "select 2"
	from := outside(t, `
create table plain(a, b);
insert into plain values (1, 2);
create table wide(`+wide(120)+`);
insert into wide(c0) values (1), (2);
create index on_wide on wide(c0);
create view unions as `+union+`;
create view over_unions as select * from unions;
create view many as select max(`+strings.TrimSuffix(strings.Repeat("1, ", 40), ", ")+`);
create trigger long after insert on plain begin select '`+strings.Repeat("x", 100_001)+`'; end;
create view broken as select a from nowhere;
create virtual table old using fts4(x);
insert into old values ('text');
`)
	want := []string{
		"The table wide has more than the 100 columns that D1 takes",
		"The virtual table old is of the module fts4, which neither D1 nor this engine has",
		"The index on_wide goes with the table wide",
		"The view unions has a compound SELECT of more than the 5 terms that D1 takes",
		"The view many calls max() with more than the 32 arguments that D1 takes",
		"The view over_unions needs unions, which can't be there",
		"The trigger long has a text of 100",
	}
	_, _, err := copied(t, from, copier.Options{})
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("it is %v", err)
	}
	for _, w := range want {
		if !strings.Contains(fault.Message(err), w) {
			t.Errorf("%q isn't in\n%s", w, fault.Message(err))
		}
	}
	to, filled, err := copied(t, from, copier.Options{LeaveOut: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range want {
		if i >= len(filled.LeftOut) || !strings.HasPrefix(filled.LeftOut[i], w) {
			t.Errorf("%q isn't in its place in %q", w, filled.LeftOut)
		}
	}
	if !strings.HasSuffix(filled.LeftOut[0], "; rows left out with it: 2.") {
		t.Errorf("the first is %q", filled.LeftOut[0])
	}
	if len(filled.Notes) != 1 || filled.Notes[0] != "The view broken can't be used: SQLite says: no such table: "+
		"main.nowhere. It came as it is." {
		t.Errorf("the notes are %q", filled.Notes)
	}
	if got := d1test.Outside(t, to, "select group_concat(name) from (select name from sqlite_master "+
		"where type <> 'index' order by name); select * from plain;"); !strings.HasPrefix(got, "_cf_KV,broken,old_content,") ||
		!strings.HasSuffix(got, "1|2") {
		t.Errorf("there is %s", got)
	}
}

// TestOnlyWhatNeedsSomethingIsLeftOut has objects that need what the engine lacks beside
// others that are like them.
func TestOnlyWhatNeedsSomethingIsLeftOut(t *testing.T) {
	t.Parallel()
	from := outside(t, `
create table plain(a, b);
insert into plain values (1, 2);
create trigger y after insert on plain begin update plain set b = 1; end;
create trigger z after insert on plain begin select nofunc(new.a); end;
create table cc(x text collate nocase primary key, y) without rowid;
create table ci(x text collate nocase, y);
create index ci_x on ci(x);
insert into cc values ('a', 1);
insert into ci values ('a', 1), ('b', 2);
create virtual table ft using fts5(a);
create trigger counts after insert on ft_content begin select 1; end;
create virtual table old using fts4(x);
pragma writable_schema = on;
update sqlite_master set sql = replace(sql, 'nocase', 'german') where name in ('cc', 'ci');
`)
	to, filled, err := copied(t, from, copier.Options{LeaveOut: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"The table cc uses the collation german, which neither D1 nor this engine has; its rows are left out with it, and can't be counted.",
		"The table ci uses the collation german, which neither D1 nor this engine has; rows left out with it: 2.",
		"The virtual table old is of the module fts4, which neither D1 nor this engine has; " +
			"what it keeps its content in comes as ordinary tables: " +
			"old_content, old_segments, old_segdir, old_docsize, old_stat.",
		"The index ci_x goes with the table ci.",
		"The trigger z uses the function nofunc(), which neither D1 nor this engine has.",
		"The trigger counts can't be made: SQLite says: cannot create triggers on shadow tables.",
	}
	if !slices.Equal(filled.LeftOut, want) {
		t.Errorf("left out:\n%s", strings.Join(filled.LeftOut, "\n"))
	}
	if got := d1test.Outside(t, to, "select group_concat(name) from sqlite_master where type = 'trigger'"); got != "y" {
		t.Errorf("the triggers are %s", got)
	}
}

func TestWhatBreaksAConstraintComesAndIsTold(t *testing.T) {
	t.Parallel()
	from := outside(t, `
create table p(id text primary key);
create table c(pid text references p, n integer check (n > 0), kind text check (kind in ("A", "B")));
create table q(x integer references nowhere(id));
create table r(x integer references p(id), y text references c(kind));
insert into p values ('1');
pragma ignore_check_constraints = on;
insert into c values ('1', 1, 'A'), ('2', -5, 'B'), ('3', 1, 'C'), (null, null, null);
insert into q values (1), (null);
insert into r values (1, null);
`)
	to, filled, err := copied(t, from, copier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Rows of c that refer to rows of p that aren't there: 2. They came as they are.",
		"Rows of c that break a CHECK: 2. They came as they are.",
		"Rows of q that refer to rows of nowhere that aren't there: 1. They came as they are.",
		"The foreign keys of r lead to columns that are no key, so its rows were not looked at.",
	}
	if !slices.Equal(filled.Notes, want) {
		t.Errorf("the notes are\n%s", strings.Join(filled.Notes, "\n"))
	}
	if got := d1test.Outside(t, to, "select count(*) from c where n = -5 or kind = 'C'"); got != "2" {
		t.Errorf("%s rows came", got)
	}
}

func TestRowsThatNothingCanHoldRefuseTheFile(t *testing.T) {
	t.Parallel()
	const edit = "pragma writable_schema = on; update sqlite_master set sql = replace(sql, '/**/', %q) where type = 'table'; " +
		"pragma writable_schema = off;"
	for _, c := range []struct{ made, instead, want string }{
		{"create table t(a, b /**/); insert into t values (1, null), (2, 'x'), (3, null);", "not null",
			"Rows (2) of the table t have no value in t.b, which is NOT NULL"},
		{"create table t(a int, b int /**/); insert into t values (1, 'x'), (2, 2);", ") strict --",
			"Rows (1) of the table t hold TEXT in t.b, which can't hold that since the table is STRICT"},
		{"create table t(a, b /**/); insert into t values (1, null), (2, 'x');", "not null on conflict ignore",
			"Rows (1) of the table t have no value in t.b, which is NOT NULL"},
		{"create table t(a, b /**/); insert into t values (1, null), (2, 'x'), (3, null);", "not null on conflict replace default 7",
			"Rows (2) of the table t have no value in t.b, which is NOT NULL"},
		{"create table t(a, b text /**/ unique on conflict replace); insert into t values (1, 'x'), (2, 'X');", "collate nocase",
			"Rows (1) of the table t have the same values as another row in t.b, which is UNIQUE"},
	} {
		t.Run(c.instead, func(t *testing.T) {
			t.Parallel()
			path := outside(t, c.made+strings.ReplaceAll(edit, "%q", "'"+c.instead+"'"))
			_, _, err := copied(t, path, copier.Options{LeaveOut: true})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), c.want) {
				t.Errorf("it is %v: %s", err, fault.Message(err))
			}
		})
	}
}

func TestANameThatIsD1sOwnIsNamed(t *testing.T) {
	t.Parallel()
	from := outside(t, `
create table plain(a);
create table _cf_KV(key text primary key, value blob) without rowid;
create table _cf_notes(a);
insert into _cf_notes values (1), (2);
create index on_notes on _cf_notes(a);
create view _cf_view as select 1;
`)
	_, _, err := copied(t, from, copier.Options{})
	want := "The table _cf_notes has a name that begins with _cf_, which D1 keeps for itself.\n" +
		"The view _cf_view has a name that begins with _cf_, which D1 keeps for itself."
	if !fault.Is(err, fault.Invalid) || !strings.HasSuffix(fault.Message(err), want) {
		t.Errorf("it is %v", err)
	}
	_, filled, err := copied(t, from, copier.Options{LeaveOut: true})
	if err != nil || filled.Tables != 1 || len(filled.LeftOut) != 2 || !strings.HasSuffix(filled.LeftOut[0], "rows left out with it: 2.") {
		t.Errorf("it is %v and says %+v", err, filled)
	}
}

func TestAnIndexOfWhatIsGoneIsNamedWhereItWouldBeMadeAnew(t *testing.T) {
	t.Parallel()
	from := outside(t, `
create table texts(id integer primary key, body);
insert into texts values (1, 'one word');
create virtual table ft using fts5(body, content = 'texts', content_rowid = 'id');
insert into ft(ft) values ('rebuild');
create virtual table other using fts5(title, content = 'texts', content_rowid = 'id');
drop table texts;
create table texts(id integer primary key, body);
create virtual table gone using fts5(body, content = 'nowhere');
`)
	to, _, err := copied(t, from, copier.Options{})
	if err != nil || d1test.Outside(t, to, "select rowid from ft where ft match 'word'") != "1" {
		t.Errorf("to a file: %v", err)
	}
	src, err := copier.OpenFile(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	_, err = copier.ToText(t.Context(), src, io.Discard, copier.Options{})
	want := "nothing was written.\n" +
		"The virtual table other indexes texts, which isn't there, lacks a column or is virtual, so it can't be made again.\n" +
		"The virtual table gone indexes nowhere, which isn't there, lacks a column or is virtual, so it can't be made again."
	if !fault.Is(err, fault.Invalid) || !strings.HasSuffix(fault.Message(err), want) {
		t.Errorf("to a text: %v", err)
	}
	var text strings.Builder
	if _, err = copier.ToText(t.Context(), src, &text, copier.Options{LeaveOut: true}); err != nil {
		t.Fatal(err)
	}
	d1test.Outside(t, filepath.Join(t.TempDir(), "text.db"), text.String())
}

func TestACopyThatIsStoppedLeavesNothing(t *testing.T) {
	t.Parallel()
	src, err := copier.OpenFile(outside(t, whole))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	ctx = d1.WithProgress(ctx, func(string, int64, int64) { cancel() })
	dir := t.TempDir()
	if _, err := copier.ToFile(ctx, src, filepath.Join(dir, "to.db"), copier.Options{}); !fault.Is(err, fault.Limited) {
		t.Errorf("it is %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("there is %q", left)
	}
}

// TestWhatAnotherVersionComputedIsComputedAnew has a stored generated column whose values
// are of another expression, and an index on a REAL's text, of which an older SQLite writes
// fewer digits: what it had would find nothing here.
func TestWhatAnotherVersionComputedIsComputedAnew(t *testing.T) {
	t.Parallel()
	from := outside(t, `
create table t(a integer primary key, r real, g as (a * 2) stored, v as (a * 4));
insert into t(a, r) values (0, 0.1 + 0.2), (1, 1e15), (2, 2.5);
create table w(k text, n integer, g as (n + 1) stored, primary key (k, n)) without rowid;
insert into w(k, n) values ('a', 1), ('a', 2);
create index by_text on t(cast(r as text));
pragma writable_schema = on;
update sqlite_master set sql = replace(replace(sql, 'a * 2', 'a * 3'), 'n + 1', 'n + 2') where type = 'table';
`)
	to, filled, err := copied(t, from, copier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Rows of t whose stored generated columns were computed anew and have another value now: 2.",
		"Rows of w whose stored generated columns were computed anew and have another value now: 2.",
	}
	if !slices.Equal(filled.Notes, want) {
		t.Errorf("the notes are\n%s", strings.Join(filled.Notes, "\n"))
	}
	if got := d1test.Outside(t, to,
		"select group_concat(g || ' ' || v, ', ') from t; select group_concat(g) from w"); got != "0 0, 3 4, 6 8\n3,4" {
		t.Errorf("it holds %s", got)
	}
	db, err := sqlite.OpenCopy(to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	st, err := db.Prepare("select count(*) from t a join t b on cast(a.r as text) = b.r || '' where b.a = a.a")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.Step(); err != nil || st.Int(0) != 3 {
		t.Errorf("by the index %d rows are found, %v", st.Int(0), err)
	}
}

// TestValuesThatAreConvertedAreTold has texts in a column that took none when they were
// written, as another program's or an older SQLite's.
func TestValuesThatAreConvertedAreTold(t *testing.T) {
	t.Parallel()
	from := outside(t, `
create table t(a blob, b);
insert into t values ('12', 1), ('x', 2);
pragma writable_schema = on;
update sqlite_master set sql = replace(sql, 'blob', 'integer');
`)
	to, filled, err := copied(t, from, copier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(filled.Notes) != 1 || !strings.HasPrefix(filled.Notes[0], "Values in t.a were of another type") {
		t.Errorf("the notes are %q", filled.Notes)
	}
	if got := d1test.Outside(t, to, "select group_concat(typeof(a)) from t"); got != "integer,text" {
		t.Errorf("they are %s", got)
	}
}
