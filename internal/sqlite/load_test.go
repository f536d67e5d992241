package sqlite_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

func TestStatementsAreReadOneByOne(t *testing.T) {
	t.Parallel()
	text := `PRAGMA defer_foreign_keys=TRUE; -- a; comment
CREATE TABLE "a;b"(x); /* one; 'more */
INSERT INTO "a;b" VALUES('it''s;
here'),('--'), ('/*');
CREATE TRIGGER t AFTER INSERT ON "a;b" BEGIN SELECT 1; SELECT ';'; END;
-- the end`
	next := sqlite.Statements(strings.NewReader(text))
	var got []string
	for {
		s, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, s)
	}
	if len(got) != 4 || !strings.HasSuffix(got[2], "('/*');") || !strings.HasSuffix(got[3], "END;") {
		t.Errorf("%d statements: %q", len(got), got)
	}
	if strings.Join(got, "")+"\n-- the end" != text {
		t.Error("something was left out")
	}
	for _, cut := range []string{"select 1", "select 'a;", "create trigger t after insert on a begin select 1;"} {
		if _, err := sqlite.Statements(strings.NewReader(cut))(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", cut, err)
		}
	}
}

// load builds a file of a dump, without its transaction.
func load(t *testing.T, path, dump string) error {
	t.Helper()
	next := sqlite.Statements(strings.NewReader(dump))
	return sqlite.Build(t.Context(), path, "", func(b *sqlite.Builder) error {
		for {
			sql, err := next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil && !strings.Contains("PRAGMA BEGIN COMMIT", strings.Fields(strings.TrimRight(sql, ";"))[0]) {
				err = b.Exec(sql)
			}
			if err != nil {
				return err
			}
		}
	})
}

func TestABuiltFileStandsAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	big := strings.Repeat("00", 1_500_000)
	dump := "PRAGMA defer_foreign_keys=TRUE;\nBEGIN TRANSACTION;\nCREATE TABLE k(p references p(id));\nINSERT INTO k VALUES(1);\n" +
		"CREATE TABLE p(id integer primary key autoincrement, b);\nINSERT INTO p VALUES(1, x'" + big +
		"');\nDELETE FROM sqlite_sequence;\nINSERT INTO sqlite_sequence VALUES('p',9);\nCOMMIT;\n"
	if err := load(t, path, dump); err != nil {
		t.Fatal(err)
	}
	if err := sqlite.CheckFile(path); err != nil {
		t.Error(err)
	}
	before, _ := os.ReadFile(path)
	c, err := sqlite.OpenCopy(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Begin(t.Context(), sqlite.Read); err != nil {
		t.Fatal(err)
	}
	st, err := c.Prepare("select length(b), (select seq from sqlite_sequence), (select count(*) from k) from p")
	if err != nil {
		t.Fatal(err)
	}
	if row, err := st.Step(); !row || err != nil || st.Int(0) != 1_500_000 || st.Int(1) != 9 || st.Int(2) != 1 {
		t.Errorf("row %v %v: %d %d %d", row, err, st.Int(0), st.Int(1), st.Int(2))
	}
	st.Close()
	if err := c.Exec("insert into k values (1)"); err == nil {
		t.Error("a copy was written to")
	}
	_ = c.End(false)
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("reading changed the file")
	}
	if left, _ := filepath.Glob(path + "-*"); len(left) > 0 {
		t.Errorf("files beside it: %q", left)
	}
}

func TestAFailedBuildLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, dump := range []string{
		"create table t(a); insert into t values(1); insert into nope values(1);",
		"create table t(a); attach 'other.db' as o;",
		"create table t(a); insert into t values ('unfinished",
	} {
		path := filepath.Join(t.TempDir(), "a.db")
		if err := load(t, path, dump); err == nil {
			t.Errorf("%q was built", dump)
		}
		if left, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(left) > 0 {
			t.Errorf("%q left %q", dump, left)
		}
	}
}
