package sqlite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

func texts(sql string) []string {
	var out []string
	for _, p := range sqltext.Split(sql) {
		out = append(out, p.SQL)
	}
	return out
}

func TestSplit(t *testing.T) {
	const trigger = "create trigger x after insert on t begin insert into u values (';'); select case when 1 then 2 end; end"
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing": {" ;; -- words\n /* more */ ", nil},
		"one":     {"select 1", []string{"select 1"}},
		"semicolons in text": {"select ';'; select \";\"; select [;]; select `;`",
			[]string{"select ';'", `select ";"`, "select [;]", "select `;`"}},
		"comments":     {"-- a;b\nselect 1; /* ; */ select 2 -- ;", []string{"select 1", "select 2 -- ;"}},
		"trigger":      {trigger + "; select 1", []string{trigger, "select 1"}},
		"temp trigger": {"create temp " + trigger[7:] + ";select 1", []string{"create temp " + trigger[7:], "select 1"}},
		"explain trigger": {"explain create trigger x after insert on t begin select 1; end; select 2",
			[]string{"explain create trigger x after insert on t begin select 1; end", "select 2"}},
		"case end":            {"select case 1 when 1 then 2 end; select 3", []string{"select case 1 when 1 then 2 end", "select 3"}},
		"unfinished string":   {"select 'a; select 2", []string{"select 'a; select 2"}},
		"needs earlier table": {"create table a(b); insert into a values (1)", []string{"create table a(b)", "insert into a values (1)"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, texts(c.in)); d != "" {
				t.Error(d)
			}
		})
	}
}

// FuzzSplit holds the splitter against sqlite3_complete: each part but the last
// is complete exactly at its semicolon, nothing is lost, and splitting the parts
// again changes nothing.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		"select 1; select 2", "create trigger a after insert on b begin select 1; end; x", "explain query plan create temp trigger t ; ; end;",
		"';'", "--;\n;", "/*;*/;", "create table end (a); end;", "[;];", "x'00';", "a\"\"\";b", "create;trigger;", "\x00;", "é;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		if strings.IndexByte(sql, 0) >= 0 || len(sql) > 2000 {
			return
		}
		parts := sqltext.Split(sql)
		for i, p := range parts {
			if sql[p.Offset:p.Offset+len(p.SQL)] != p.SQL {
				t.Fatalf("part %d is not where it says", i)
			}
			if i < len(parts)-1 && !sqlite.Complete(p.SQL+"\n;") {
				t.Errorf("part %q is not complete in the engine's eyes (of %q)", p.SQL, sql)
			}
			for j := range len(p.SQL) {
				if p.SQL[j] == ';' && sqlite.Complete(p.SQL[:j+1]) {
					t.Errorf("part %q holds a whole statement %q", p.SQL, p.SQL[:j+1])
				}
			}
			if again := sqltext.Split(p.SQL); len(again) != 1 || again[0].SQL != p.SQL {
				t.Errorf("splitting %q again gives %v", p.SQL, again)
			}
		}
	})
}
