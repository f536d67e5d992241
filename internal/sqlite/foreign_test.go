package sqlite_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// made is a file that another program made, which has ended.
func made(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.db")
	m, err := sqlite.Make(path, statements...)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// left is what a program that runs still leaves behind, were it killed now: the file and
// what stands beside it.
func left(t *testing.T, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.db")
	m, err := sqlite.Make(path, statements...)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "f.db")
	for _, s := range []string{"", "-wal", "-shm", "-journal"} {
		if b, err := os.ReadFile(path + s); err == nil {
			mustWrite(t, to+s, b)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return to
}

func mustWrite(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// patch changes a file's bytes.
func patch(t *testing.T, path string, change func(b []byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, path, change(b))
}

func mustOpenForeign(t *testing.T, path string) (*sqlite.Conn, sqlite.Foreign) {
	t.Helper()
	c, f, err := sqlite.OpenForeign(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	for _, s := range []string{"-wal", "-shm", "-journal"} {
		if _, err := os.Stat(path + s); err == nil {
			t.Errorf("there is a file %s beside it", s)
		}
	}
	return c, f
}

func reads(t *testing.T, c *sqlite.Conn, sql, want string) {
	t.Helper()
	rows, err := exec(c, sqlite.Read, sql)
	if got := strings.Join(rows, ","); err != nil || got != want {
		t.Errorf("%s: got %.200q, %v, want %q", sql, got, err, want)
	}
}

// refused checks the words of a file that isn't opened, and that they show no path.
func refused(t *testing.T, path, words string) {
	t.Helper()
	c, _, err := sqlite.OpenForeign(path)
	if err == nil {
		_ = c.Close()
	}
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), words) {
		t.Errorf("got %v, want invalid: %q", err, words)
	}
	if strings.Contains(fault.Message(err), filepath.Dir(path)) {
		t.Errorf("a path is shown: %s", fault.Message(err))
	}
}

func TestFilesOfEveryFormatAreRead(t *testing.T) {
	t.Parallel()
	rows := []string{
		`create table t(id integer primary key, a text, b)`, `create index t_a on t(a)`,
		`create table w(k text primary key, v) without rowid`,
		`with recursive n(i) as (select 1 union all select i+1 from n where i < 300)
			insert into t select i, 'zäh 𝄞 ' || i, zeroblob(i % 700) from n`,
		`insert into w select a, id from t`,
	}
	for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
		for size := 512; size <= 65536; size *= 2 {
			for vacuum := range 3 {
				set := []string{fmt.Sprintf("pragma page_size=%d", size), fmt.Sprintf("pragma encoding='%s'", encoding),
					fmt.Sprintf("pragma auto_vacuum=%d", vacuum)}
				c, f := mustOpenForeign(t, made(t, append(set, rows...)...))
				if !reflect.DeepEqual(f, sqlite.Foreign{PageSize: size, Encoding: encoding}) {
					t.Errorf("%s, %d: it is said to be %+v", encoding, size, f)
				}
				reads(t, c, "select count(*) || ' ' || sum(length(b)) || ' ' || max(length(a)) from t", "300 45150 9")
				reads(t, c, "select a from t where id = 7", "zäh 𝄞 7")
				reads(t, c, "select sum(v) from w", "45150")
				_ = c.Close()
			}
		}
	}
}

func TestOldFilesAreRead(t *testing.T) {
	t.Parallel()
	for format := uint32(1); format <= 4; format++ {
		path := made(t, "pragma page_size=1024", "create table t(a, b)", "create index i on t(a desc)", "insert into t values (1, 2), (3, 4)",
			"drop index i")
		patch(t, path, func(b []byte) []byte {
			binary.BigEndian.PutUint32(b[44:], format)
			clear(b[28:32])  // before 3.7.0 the header hadn't the number of pages,
			clear(b[92:100]) // nor who wrote it
			return b
		})
		c, f := mustOpenForeign(t, path)
		if f.PageSize != 1024 {
			t.Errorf("its pages are of %d bytes", f.PageSize)
		}
		reads(t, c, "select sum(a) || ' ' || sum(b) from t", "4 6")
	}
}

func TestAForeignSchemaMayBeBeyondTheLimitsOfD1(t *testing.T) {
	t.Parallel()
	columns := make([]string, 120)
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d", i)
	}
	c, _ := mustOpenForeign(t, made(t,
		"create table wide("+strings.Join(columns, ",")+")", "insert into wide(c119) values (zeroblob(3000000))",
		"create view v as "+strings.Repeat("select 1 union all ", 5)+"select 1",
		"create trigger big after insert on wide begin select '"+strings.Repeat("x", 200_000)+"'; end",
		"create table m(a check(max(a"+strings.Repeat(",1", 40)+") > 0))", "insert into m values (5)",
		"create table _cf_KV(k, v)", "insert into _cf_KV values ('a', 1)",
		"create virtual table s using fts5(a)", "insert into s values ('one two')",
		"create virtual table r using rtree(id, x0, x1)", "insert into r values (1, 0, 2)"))
	reads(t, c, "select length(c119) from wide", "3000000")
	reads(t, c, "select count(*) from v", "6")
	reads(t, c, "select length(sql) > 200000 from sqlite_master where name = 'big'", "1")
	reads(t, c, "select count(*) from m", "1")
	reads(t, c, "select v from _cf_KV", "1")
	reads(t, c, "select a from s where s match 'two'", "one two")
	reads(t, c, "select id from r where x0 < 1", "1")
	reads(t, c, "select count(*) from pragma_table_xinfo('wide')", "120")
	reads(t, c, "pragma page_size", "4096")
	reads(t, c, "select "+strings.Repeat("1+", 300)+"1", "301")
}

func TestAForeignFileIsOnlyRead(t *testing.T) {
	t.Parallel()
	path := made(t, "create table t(a)", "create index i on t(a)", "create virtual table r using rtree(id, x0, x1)")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := mustOpenForeign(t, path)
	for _, sql := range []string{"insert into t values (1)", "create table u(a)", "drop table t", "attach 'x' as y", "vacuum",
		"pragma user_version=3", "pragma writable_schema=1", "pragma query_only=0", "insert into r values (1, 2, 3)", "begin", "commit",
		"create temp table u(a)", "select * from dbstat", "select * from sqlite_dbpage", "select load_extension('x')", "reindex", "analyze",
		"pragma journal_mode=wal"} {
		if _, err := exec(c, sqlite.Read, sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
		if _, err := c.Prepare(sql); err == nil && sql != "vacuum" { // which asks nobody, and can't
			t.Errorf("allowed outside a transaction: %s", sql)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed, %v", err)
	}
}

func TestALogIsFoldedIn(t *testing.T) {
	t.Parallel()
	path := left(t, "pragma journal_mode=wal", "pragma wal_autocheckpoint=0", "create table t(a)", "insert into t values (1), (2)")
	if st, err := os.Stat(path); err != nil || st.Size() != 4096 {
		t.Fatalf("the file is more than its empty beginning: %v", err)
	}
	alone := filepath.Join(t.TempDir(), "a.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, alone, b)
	refused(t, alone, "its rows are in its log")
	c, f := mustOpenForeign(t, path)
	if !f.WAL || !f.Log || f.Journal || len(f.Notes()) > 0 {
		t.Errorf("it is said to be %+v", f)
	}
	reads(t, c, "select count(*) from t", "2")
}

func TestAFileInWALModeComesAloneToo(t *testing.T) {
	t.Parallel()
	path := left(t, "pragma journal_mode=wal", "create table t(a)", "insert into t values (1)", "pragma wal_checkpoint",
		"insert into t values (2)")
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	c, f := mustOpenForeign(t, path)
	if !f.WAL || f.Log || !strings.Contains(strings.Join(f.Notes(), ""), "without its log") {
		t.Errorf("it is said to be %+v, %s", f, f.Notes())
	}
	reads(t, c, "select count(*) from t", "1")
}

func TestALogAfterACheckpointIsNoObstacle(t *testing.T) {
	t.Parallel()
	for name, statements := range map[string][]string{
		"all of it in the file": {"pragma wal_checkpoint"},
		"cut to nothing":        {"pragma wal_checkpoint(truncate)"},
		"begun anew over old":   {"pragma wal_checkpoint", "insert into t select 5 where 0", "update t set a = a + 1"},
	} {
		path := left(t, append([]string{"pragma journal_mode=wal", "create table t(a)",
			"with recursive n(i) as (select 1 union all select i+1 from n where i < 5000) insert into t select i from n"}, statements...)...)
		c, f := mustOpenForeign(t, path)
		if !f.Log {
			t.Errorf("%s: %+v", name, f)
		}
		reads(t, c, "select count(*) from t", "5000")
	}
}

func TestATransactionThatWasBrokenOffIsLeftOut(t *testing.T) {
	t.Parallel()
	path := left(t, "pragma journal_mode=wal", "create table t(a)", "insert into t values (1)", "insert into t values (2)")
	patch(t, path+"-wal", func(b []byte) []byte { return b[:len(b)-100] })
	c, _ := mustOpenForeign(t, path)
	reads(t, c, "select count(*) from t", "1")
}

func TestALogThatDoesNotBelongToTheFileIsRefused(t *testing.T) {
	t.Parallel()
	wal := []string{"pragma journal_mode=wal", "create table t(a)", "insert into t values (1)"}
	log := func(path string) []byte {
		b, err := os.ReadFile(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	small := left(t, append([]string{"pragma page_size=1024"}, wal...)...)
	large := left(t, wal...)
	mustWrite(t, large+"-wal", log(small))
	refused(t, large, "belongs to another database")

	other := made(t, "create table t(a)")
	mustWrite(t, other+"-wal", log(left(t, wal...)))
	refused(t, other, "belongs to another database")

	many := []string{"create table u(a)", "create index u_a on u(a)",
		"with recursive n(i) as (select 1 union all select i+1 from n where i < 3000) insert into u select i from n"}
	busy := left(t, append(append(wal, many...), "pragma wal_checkpoint(truncate)", "update u set a = 'x' || a where a > 2900")...)
	full := left(t, append(append(append(wal, "create table first(a)"), many...), "pragma wal_checkpoint(truncate)",
		"update u set a = 'y' || a")...)
	mustWrite(t, full+"-wal", log(busy))
	refused(t, full, "don't belong together")

	grown := left(t, append(wal, "pragma wal_checkpoint(truncate)", "create table u(a)",
		"create table v(a)", "pragma wal_checkpoint(truncate)")...)
	mustWrite(t, grown+"-wal", log(left(t, wal...)))
	refused(t, grown, "older copy")
}

func TestADamagedLogIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte) []byte{
		"its beginning":    func(b []byte) []byte { b[17] ^= 1; return b },
		"no log at all":    func(b []byte) []byte { return bytes.Repeat([]byte("nothing "), len(b)/8) },
		"zeros":            func(b []byte) []byte { clear(b); return b },
		"cut in its head":  func(b []byte) []byte { return b[:20] },
		"its first frame":  func(b []byte) []byte { b[32+24+9] ^= 1; return b },
		"a frame between":  func(b []byte) []byte { b[32+2*(24+4096)+24+77] ^= 1; return b },
		"all but the head": func(b []byte) []byte { b[32+24+9] ^= 1; return b[:32+24+4096] },
	} {
		path := left(t, "pragma journal_mode=wal", "create table t(a)", "insert into t values (1)", "insert into t values (2)",
			"insert into t values (3)")
		patch(t, path+"-wal", change)
		t.Log(name)
		refused(t, path, "is damaged, so rows would be missing")
	}
}

func TestAHotJournalIsRolledBack(t *testing.T) {
	t.Parallel()
	path := left(t, "pragma cache_size=5", "create table t(a)",
		"with recursive n(i) as (select 1 union all select i+1 from n where i < 20000) insert into t select i from n",
		"begin", "update t set a = -a")
	c, f := mustOpenForeign(t, path)
	if !f.Journal || f.Log {
		t.Errorf("it is said to be %+v", f)
	}
	reads(t, c, "select min(a) from t", "1")

	ended := left(t, "pragma journal_mode=persist", "create table t(a)", "insert into t values (1)")
	if c, f = mustOpenForeign(t, ended); f.Journal {
		t.Error("a journal that was ended is taken for one that wasn't")
	}
	reads(t, c, "select a from t", "1")
}

// TestAJournalThatNamesAnotherFileIsRefused: SQLite would look for the file and remove it.
func TestAJournalThatNamesAnotherFileIsRefused(t *testing.T) {
	t.Parallel()
	path := left(t, "pragma cache_size=5", "create table t(a)",
		"with recursive n(i) as (select 1 union all select i+1 from n where i < 20000) insert into t select i from n",
		"begin", "update t set a = -a")
	bystander := filepath.Join(t.TempDir(), "bystander")
	mustWrite(t, bystander, nil)
	patch(t, path+"-journal", func(b []byte) []byte {
		sum := uint32(0)
		for _, c := range []byte(bystander) {
			sum += uint32(c)
		}
		b = append(b, 0x40, 0, 0, 1) // the page of the lock, where a name follows
		b = append(b, bystander...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(bystander))) //nolint:gosec // short
		b = binary.BigEndian.AppendUint32(b, sum)
		return append(b, 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7)
	})
	refused(t, path, "over several databases")
	if _, err := os.Stat(bystander); err != nil {
		t.Errorf("the file that was named is gone: %v", err)
	}
}

func TestWhatIsNoDatabaseIsCalledByItsName(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 8192)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for words, b := range map[string][]byte{
		"0 bytes: it holds no database": nil,
		"a gzip archive":                []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
		"a zip archive":                 []byte("PK\x03\x04\x14\x00"),
		"SQL text":                      []byte("-- a dump\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;"),
		"is text, not a database":       []byte("id,name\n1,Zoë\n"),
		"or an encrypted one":           noise,
		"SQLite 2":                      []byte("** This file contains an SQLite 2.1 database **\x00"),
		"a database's log":              []byte("\x37\x7f\x06\x82\x00\x2d\xe2\x18"),
		"cut off":                       []byte("SQLite format 3\x00\x10\x00"),
	} {
		path := filepath.Join(t.TempDir(), "f.db")
		mustWrite(t, path, b)
		refused(t, path, words)
	}
	path := filepath.Join(t.TempDir(), "f.db")
	mustWrite(t, path, []byte("\xff\xfeB\x00E\x00G\x00I\x00N\x00;\x00\n\x00\n\x00"))
	refused(t, path, "SQL text")
}

func TestADamagedFileIsRefused(t *testing.T) {
	t.Parallel()
	rows := "with recursive n(i) as (select 1 union all select i+1 from n where i < 3000) insert into t select i, 'x' || i from n"
	for name, change := range map[string]func([]byte) []byte{
		"a page of noise": func(b []byte) []byte {
			copy(b[5*4096:6*4096], bytes.Repeat([]byte{0x5a}, 4096))
			return b
		},
		"cut in half": func(b []byte) []byte { return b[:len(b)/2/4096*4096] },
		"no schema":   func(b []byte) []byte { clear(b[100:4096]); return b },
	} {
		path := made(t, "create table t(a, b)", "create index t_a on t(a)", rows)
		patch(t, path, change)
		t.Log(name)
		refused(t, path, "The file is damaged. SQLite says: ")
	}
}

// lacking is a schema that needs what this engine hasn't, with 3,000 rows.
func lacking(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.db")
	m, err := sqlite.Make(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Collate("german", func(a, b string) int { return -strings.Compare(a, b) }); err != nil {
		t.Fatal(err)
	}
	if err := m.Run("create table cc(a text collate german, b)", "create index cc_a on cc(a)",
		"create table w(k text collate german primary key, v) without rowid",
		"create table f(a, b as (a) not null, c, check (c > 0))", "create index f_c on f(c)", "create table plain(a, b)",
		"with recursive n(i) as (select 1 union all select i+1 from n where i < 3000) insert into plain select i, 'x' || i from n",
		"insert into cc select * from plain", "insert into w select b, a from plain", "insert into f(a, c) select a, a from plain",
		"pragma writable_schema=on",
		"update sqlite_master set sql = replace(sql, 'as (a)', 'as (soundslike(a))') where name = 'f'",
		"update sqlite_master set sql = replace(sql, 'c > 0', 'isgood(c)') where name = 'f'",
		"update sqlite_master set sql = 'create index f_c on f(fold(c))' where name = 'f_c'",
		`insert into sqlite_master values ('table', 'icu', 'icu', 0, 'create virtual table icu using fts5(a, tokenize="icu")'),
			('table', 'gone', 'gone', 0, 'create virtual table gone using spatialindex')`,
	); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatTheEngineLacksIsNoDamage(t *testing.T) {
	t.Parallel()
	c, _ := mustOpenForeign(t, lacking(t))
	reads(t, c, "select count(*) from cc not indexed", "3000")
	reads(t, c, "select count(*) from plain", "3000")
	if _, err := exec(c, sqlite.Read, "select a from cc order by a"); err == nil {
		t.Error("the check's stand-in for the collation is on the connection")
	}
}

func TestPagesAreCheckedBesideWhatTheEngineLacks(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(lacking(t))
	if err != nil {
		t.Fatal(err)
	}
	// Every page but the first, which is the schema's: a damage is always seen.
	for page := 2; page <= len(whole)/4096; page += 7 {
		b := bytes.Clone(whole)
		copy(b[(page-1)*4096:page*4096], bytes.Repeat([]byte{0x5a}, 4096))
		path := filepath.Join(t.TempDir(), "f.db")
		mustWrite(t, path, b)
		refused(t, path, "The file is damaged. SQLite says: ")
	}
}

func TestRowsThatBreakAConstraintAreNoDamage(t *testing.T) {
	t.Parallel()
	path := made(t, "create table t(a not null, b int check (b > 0), c real) ", "create index t_b on t(b)",
		"insert into t values (1, 1, 1)", "pragma ignore_check_constraints=on", "update t set b = -1",
		"create table p(id integer primary key)", "create table q(p references p)", "insert into q values (5)",
		"create table s(a) ", "insert into s values ('x')", "create table n(a)", "insert into n values (null)",
		"pragma writable_schema=on", "update sqlite_master set sql = 'create table n(a not null)' where name = 'n'",
		"update sqlite_master set sql = 'create table s(a int) strict' where name = 's'")
	c, _ := mustOpenForeign(t, path)
	reads(t, c, "select b from t", "-1")
	reads(t, c, "select count(*) from n", "1")
}
