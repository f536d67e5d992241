package local_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

// gathered is a query that gathers n rows of 2,000 bytes in memory.
func gathered(n string) string {
	return "select length(json_group_array(printf('%02000d', n))) from (with recursive s(n) as (select 1 union all " +
		"select n + 1 from s where n < " + n + ") select n from s)"
}

// manyValues is the length of n values of 1 MB that are there at once.
func manyValues(n int) string {
	var values []string
	for i := range n {
		values = append(values, "group_concat(printf('%0100000d', n + "+strconv.Itoa(i)+"))")
	}
	return "length(max(" + strings.Join(values, ", ") + ")) from (select value n from json_each('[1,2,3,4,5,6,7,8,9,10]'))"
}

func small(t *testing.T) d1.Conn {
	t.Helper()
	e := engine(t, local.Options{Memory: 8 << 20})
	info, err := e.Create(t.Context(), d1.CreateInput{Name: "probe"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Open(t.Context(), info.ID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAStatementThatNeedsTooMuchMemorySaysWhatToDo(t *testing.T) {
	t.Parallel()
	c := small(t)
	query(t, c, "create view v as "+gathered("20000"))
	for name, run := range map[string]func(sql string) error{
		"batch": func(sql string) error { _, err := c.Query(t.Context(), d1.Query(sql)); return err },
		"stream": func(sql string) error {
			rows, err := c.Stream(t.Context(), d1.Query(sql))
			if err == nil {
				rows.Close()
			}
			return err
		},
	} {
		for _, sql := range []string{gathered("20000"), "select * from v"} {
			err := run(sql)
			const want = "This needs more memory than the 8 MB that one statement may take, so it was stopped. " +
				"Nothing was changed. Ask for less at once: fewer rows"
			if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(fault.Message(err), want) {
				t.Errorf("%s: %s: %v", name, sql, err)
			}
		}
	}
	query(t, c, "select 1")
}

func TestAWriteHasMoreMemoryAndIsUndoneWholeWithoutIt(t *testing.T) {
	t.Parallel()
	c := small(t)
	query(t, c, "create table t(a)")
	query(t, c, "insert into t select "+manyValues(12)) // 8 MB would not do
	if _, err := c.Query(t.Context(), d1.Query("select "+manyValues(12))); err == nil {
		t.Error("a reading statement has as much memory as one that writes")
	}
	_, err := c.Batch(t.Context(), []d1.Stmt{d1.Exec("insert into t values (7)"), d1.Exec("insert into t " + gathered("40000"))})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "the 32 MB that one statement may take") {
		t.Errorf("%v", err)
	}
	if r := query(t, c, "select count(*), max(a = 7) from t"); r.Rows[0][0].Int() != 1 || r.Rows[0][1].Int() != 0 {
		t.Errorf("left: %v", r.Rows)
	}
	query(t, c, "insert into t values (8)")
}

// The dashboard's own records must not be refused anything.
func TestTheDashboardsRecordsHaveNoLimitOfMemory(t *testing.T) {
	t.Parallel()
	c, err := local.OpenFile(filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, err = c.Query(t.Context(), d1.Query(gathered("40000"))) // 80 MB
	if err == nil || !strings.Contains(err.Error(), "SQLITE_TOOBIG") {
		t.Errorf("%v", err)
	}
}

func TestTriggersThatAreTooDeepAreNamedWhateverRowsThereAre(t *testing.T) {
	t.Parallel()
	c := open(t)
	for i := range 13 {
		n, next := strconv.Itoa(i), strconv.Itoa(i+1)
		query(t, c, "create table t"+n+"(id integer primary key)")
		query(t, c, "create trigger tr"+n+" after delete on t"+n+" begin delete from t"+next+" where id = old.id; end")
	}
	query(t, c, "create table t13(id integer primary key)")
	_, err := c.Query(t.Context(), d1.Exec("delete from t0 where id = 99"))
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "could set off others more than 10 deep") {
		t.Errorf("%v", err)
	}
}

func TestATableWithoutFurtherIDsIsNoFullDisk(t *testing.T) {
	t.Parallel()
	c := open(t)
	query(t, c, "create table t(id integer primary key autoincrement, a)")
	query(t, c, "create table u(a)")
	query(t, c, "create trigger tr after insert on u begin insert into t(a) values (new.a); end")
	last := d1.Exec("insert into t values (9223372036854775807, 'last')")
	for name, ss := range map[string][]d1.Stmt{
		"in the same batch": {last, d1.Exec("insert into t(a) values ('more')")},
		"by a trigger":      {last, d1.Exec("insert into u values ('more')")},
	} {
		_, err := c.Batch(t.Context(), ss)
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "has used up its ids, the last one is 9223372036854775807") {
			t.Errorf("%s: %v", name, err)
		}
	}
	query(t, c, last.SQL)
	_, err := c.Query(t.Context(), d1.Exec("insert into t(a) values ('more')"))
	if !fault.Is(err, fault.Conflict) || !strings.HasPrefix(fault.Message(err), "The table t has used up its ids") {
		t.Errorf("%v", err)
	}
}
