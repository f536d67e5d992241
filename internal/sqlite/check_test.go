package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

const pageSize = 4096

// whole is a file with a table of some hundred pages and an index.
func whole(t *testing.T) string {
	t.Helper()
	c, path := newFile(t)
	for _, sql := range []string{
		"CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT, y TEXT)",
		"INSERT INTO t(x, y) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 2000)" +
			" SELECT 'k' || i, printf('%0300d', i) FROM n",
		"CREATE INDEX t_x ON t(x)",
	} {
		if err := sqlite.Past(c, sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.Checkpoint(), c.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// harm changes the bytes of a file.
func harm(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, how(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

// harms are ways in which disks and people damage a file.
var harms = map[string]func([]byte) []byte{
	"a page of zeros":         func(b []byte) []byte { clear(b[20*pageSize : 21*pageSize]); return b },
	"half of it":              func(b []byte) []byte { return b[:len(b)/2/pageSize*pageSize] },
	"a part of a page":        func(b []byte) []byte { return b[:len(b)-pageSize*3/2] },
	"a page in another place": func(b []byte) []byte { copy(b[20*pageSize:21*pageSize], b[30*pageSize:]); return b },
	"a text":                  func([]byte) []byte { return []byte(strings.Repeat("no database at all. ", 1000)) },
	"zeros":                   func(b []byte) []byte { clear(b); return b },
	"the schema's page":       func(b []byte) []byte { clear(b[100:pageSize]); return b },
}

func TestDamageIsFoundAndToldInWords(t *testing.T) {
	t.Parallel()
	for name, how := range harms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := whole(t)
			if err := sqlite.CheckCopy(t.Context(), path); err != nil {
				t.Fatal(err)
			}
			harm(t, path, how)
			err := sqlite.CheckCopy(t.Context(), path)
			d, ok := errors.AsType[*sqlite.Damage](err)
			if !ok || d.Words == "" || strings.Contains(d.Words, path) || strings.Contains(d.Words, "\n") {
				t.Errorf("%v", err)
			}
			if err := sqlite.CheckFile(path); err == nil {
				t.Error("with its log it is whole")
			}
		})
	}
}

func TestWhatIsNoDamage(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string][]string{
		"rows that break a constraint": {
			"CREATE TABLE c(a INTEGER CHECK (a > 0), b TEXT NOT NULL)", "PRAGMA ignore_check_constraints=ON", "INSERT INTO c VALUES (-1, 'x')",
			"PRAGMA writable_schema=ON", "PRAGMA ignore_check_constraints=OFF",
		},
		"a row longer than D1 allows": {"CREATE TABLE l(x)", "INSERT INTO l VALUES (zeroblob(3000000))"},
		"a full-text index":           {"CREATE VIRTUAL TABLE f USING fts5(x)", "INSERT INTO f VALUES ('a b c')"},
		"an R*Tree":                   {"CREATE VIRTUAL TABLE r USING rtree(id, a, b)", "INSERT INTO r VALUES (1, 2, 3)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := whole(t)
			db, err := sqlite.OpenBare(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(sqlite.ExecBare(db, sql...), db.Close()); err != nil {
				t.Fatal(err)
			}
			if err := sqlite.CheckCopy(t.Context(), path); err != nil {
				t.Error(err)
			}
			harm(t, path, harms["a page of zeros"])
			if _, ok := errors.AsType[*sqlite.Damage](sqlite.CheckCopy(t.Context(), path)); !ok {
				t.Error("and damage beside it isn't found")
			}
		})
	}
}

// TestWhatTheEngineLacksIsCheckedAroundIt: a collation, a function or a tokenizer that isn't
// here makes SQLite refuse the whole check.
func TestWhatTheEngineLacksIsCheckedAroundIt(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"a collation": "CREATE TABLE z(x TEXT COLLATE german PRIMARY KEY) WITHOUT ROWID",
		"a function":  "CREATE TABLE z(x CHECK (regexp('a', x)), y AS (soundslike(x)))",
		"a tokenizer": "CREATE VIRTUAL TABLE z USING fts5(x, tokenize='icu_of_somebody')",
		"a module":    "CREATE VIRTUAL TABLE z USING spatialindex(x)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := whole(t)
			db, err := sqlite.OpenBare(path)
			if err != nil {
				t.Fatal(err)
			}
			err = sqlite.ExecBare(db, "CREATE TABLE placeholder(x)", "PRAGMA writable_schema=ON",
				"UPDATE sqlite_master SET sql = '"+strings.ReplaceAll(sql, "'", "''")+"', name = 'z', tbl_name = 'z' WHERE name = 'placeholder'")
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			if err := sqlite.CheckCopy(t.Context(), path); err != nil {
				t.Error(err)
			}
			harm(t, path, harms["a page of zeros"])
			if _, ok := errors.AsType[*sqlite.Damage](sqlite.CheckCopy(t.Context(), path)); !ok {
				t.Error("and damage beside it isn't found")
			}
		})
	}
}

func TestACheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := whole(t)
	c := openFile(t, path, sqlite.Options{ReadOnly: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.Check(ctx)
	if _, ok := errors.AsType[*sqlite.Damage](err); err == nil || ok {
		t.Errorf("%v", err)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

func TestACopyIsOfWhoItWasMadeFor(t *testing.T) {
	t.Parallel()
	c, path := newFile(t)
	mustOwn(t, c, "one-of-a-kind")
	for _, id := range []string{"", "another"} {
		to := filepath.Join(filepath.Dir(path), "copy"+id)
		if err := c.CopyAs(t.Context(), to, id); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(to)
		if err != nil || strings.Contains(string(b), "one-of-a-kind") {
			t.Errorf("the copy for %q tells of the one it was made of, %v", id, err)
		}
		copied, err := sqlite.OpenCopy(to)
		if err != nil {
			t.Fatal(err)
		}
		checkOwner(t, copied, id)
		_ = copied.Close()
	}
	checkOwner(t, c, "one-of-a-kind")
}

func TestAFileOfAnotherDatabaseIsNotOpened(t *testing.T) {
	t.Parallel()
	c, path := newFile(t)
	mustOwn(t, c, "globex")
	at := filepath.Join(filepath.Dir(path), "copy.db")
	if err := c.CopyTo(t.Context(), at); err != nil { // not in WAL mode, so that a byte would change with it
		t.Fatal(err)
	}
	before, _ := os.ReadFile(at)
	for _, o := range []sqlite.Options{{Owner: "acme"}, {Owner: "acme", ReadOnly: true}} {
		_, err := sqlite.Open(at, o)
		if e, ok := errors.AsType[*sqlite.OwnerError](err); !ok || e.Owner != "globex" {
			t.Errorf("%v", err)
		}
	}
	if after, _ := os.ReadFile(at); string(after) != string(before) {
		t.Error("it was written to")
	}
	if beside, _ := filepath.Glob(at + "-*"); len(beside) > 0 {
		t.Errorf("%v", beside)
	}
	// One that doesn't say takes the id, however it is opened first.
	for _, readOnly := range []bool{true, false} {
		mustOwn(t, c, "")
		first := openFile(t, path, sqlite.Options{Owner: "acme", ReadOnly: readOnly})
		checkOwner(t, first, "acme")
		if err := sqlite.Past(first, "CREATE TABLE IF NOT EXISTS t(x)"); (err != nil) != readOnly {
			t.Errorf("read only is %v: %v", readOnly, err)
		}
	}
}
