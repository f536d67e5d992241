package local_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// removals are the two ways a database's file goes away.
var removals = map[string]func(e *local.Engine, id string) error{
	"delete": func(e *local.Engine, id string) error { return e.Delete(context.Background(), id) },
	"retire": func(e *local.Engine, id string) error { _, err := e.Retire(context.Background(), id); return err },
}

// A database that another one has pushed out is closed when its calls are done;
// until then its files stay where they are.
func TestRemovingWaitsForTheCallsOnADatabaseThatWasPushedOut(t *testing.T) {
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			e := engine(t, local.Options{OpenDatabases: 1})
			info, c := made(t, e, "first")
			_, other := made(t, e, "second")
			query(t, c, "create table t(x)")
			query(t, c, "insert into t values (1), (2)")
			rows, err := c.Stream(t.Context(), d1.Query("select x from t"))
			if err != nil {
				t.Fatal(err)
			}
			query(t, other, "select 1") // there is no place for the first one now
			removed := make(chan error, 1)
			go func() { removed <- remove(e, info.ID) }()
			select {
			case <-removed:
				t.Error("it was removed while it was read")
				removed <- nil
			case <-time.After(100 * time.Millisecond):
			}
			n := 0
			for rows.Next() {
				n++
			}
			if n != 2 || rows.Err() != nil {
				t.Errorf("%d of 2 rows: %v", n, rows.Err())
			}
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
			if err := <-removed; err != nil {
				t.Error(err)
			}
		})
	}
}

// Databases are closed in the background, so one may be removed, or opened again,
// in that moment.
func TestRemovingADatabaseThatIsBeingClosed(t *testing.T) {
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			e, err := local.Open(dir, local.Options{OpenDatabases: 1})
			if err != nil {
				t.Fatal(err)
			}
			_, other := made(t, e, "other")
			for i := range 30 {
				info, c := made(t, e, fmt.Sprintf("probe-%d", i))
				query(t, c, "create table t(x)")
				query(t, other, "select 1")
				query(t, c, "insert into t values (1)") // opened again
				query(t, other, "select 1")             // and closed again
				if err := remove(e, info.ID); err != nil {
					t.Fatal(err)
				}
				if left, _ := filepath.Glob(filepath.Join(dir, "probe-*")); len(left) > 0 {
					t.Fatalf("left behind: %v", left)
				}
				ps, err := e.Points(t.Context(), info.ID)
				if err != nil || name == "delete" {
					continue
				}
				if len(ps) != 1 {
					t.Fatalf("points: %+v", ps)
				}
				again, c := made(t, e, fmt.Sprintf("again-%d", i))
				if err := e.Restore(t.Context(), again.ID, ps[0].ID); err != nil {
					t.Fatal(err)
				}
				if r := query(t, c, "select x from t"); len(r.Rows) != 1 {
					t.Fatalf("the point has %d rows of 1", len(r.Rows))
				}
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if logs, _ := filepath.Glob(filepath.Join(dir, "*.db-*")); len(logs) > 0 {
				t.Errorf("a closed engine leaves %v", logs)
			}
		})
	}
}

// victim is set in the process that TestKilledWhileDatabasesAreClosed kills: to
// the folder it writes to.
const victim = "KURATCHI_TEST_VICTIM"

const victimDatabases = 12

// TestKilledWhileDatabasesAreClosed kills a process that opens and closes a
// database for every write, and asks each database for what was answered.
func TestKilledWhileDatabasesAreClosed(t *testing.T) {
	if dir := os.Getenv(victim); dir != "" {
		writeForEver(t, dir)
	}
	dir := t.TempDir()
	answered := make([]int64, victimDatabases)
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$") //nolint:gosec // this very binary
		cmd.Env = append(os.Environ(), victim+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			var i int
			var value int64
			if _, err := fmt.Sscanf(lines.Text(), "wrote %d %d", &i, &value); err != nil {
				t.Fatalf("%q: %v", lines.Text(), err)
			}
			answered[i] = max(answered[i], value)
			if n == 200+50*round {
				_ = cmd.Process.Kill() // what it wrote until then is still read
			}
		}
		_ = cmd.Wait()
		e, err := local.Open(dir, local.Options{OpenDatabases: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range answered {
			info, err := e.Find(t.Context(), fmt.Sprintf("db-%d", i))
			if err != nil {
				t.Fatal(err)
			}
			c, _ := e.Open(t.Context(), info.ID)
			r := query(t, c, "select max(x), count(*) from t")
			if last, rows := r.Rows[0][0].Int(), r.Rows[0][1].Int(); last < want || rows != last {
				t.Errorf("database %d has %d rows up to %d, but %d was answered", i, rows, last, want)
			}
			if r := query(t, c, "pragma quick_check"); r.Rows[0][0] != d1.Str("ok") {
				t.Errorf("database %d: %v", i, r.Rows)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// writeForEver adds rows to more databases than are kept open, and tells each one
// that was answered.
func writeForEver(t *testing.T, dir string) {
	e, err := local.Open(dir, local.Options{OpenDatabases: 2})
	if err != nil {
		t.Fatal(err)
	}
	conns := make([]d1.Conn, victimDatabases)
	for i := range conns {
		name := fmt.Sprintf("db-%d", i)
		if info, err := e.Find(t.Context(), name); err == nil {
			conns[i], _ = e.Open(t.Context(), info.ID)
		} else {
			_, conns[i] = made(t, e, name)
		}
		query(t, conns[i], "create table if not exists t(x integer primary key)")
	}
	var wg sync.WaitGroup
	var out sync.Mutex
	for w := range 3 {
		wg.Go(func() {
			for i := w; ; i = (i + 3) % len(conns) {
				r, err := conns[i].Query(t.Context(), d1.Exec("insert into t select coalesce(max(x), 0) + 1 from t returning x"))
				if err != nil {
					t.Error(strings.TrimSpace(err.Error()))
					return
				}
				out.Lock()
				fmt.Printf("wrote %d %d\n", i, r.Rows[0][0].Int())
				out.Unlock()
			}
		})
	}
	wg.Wait()
}
