package migrate_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

var killCases = flag.Int("kill.cases", 12, "how many random plans are killed, from seed 1 on")

// killed is what the process to be killed is told: the database, the plan, and after
// how many statements of its batch it stands still.
type killed struct {
	Path string
	Plan migrate.Plan
	At   int
}

const killedEnv = "MIGRATE_TEST_KILLED"

func TestMain(m *testing.M) {
	if told := os.Getenv(killedEnv); told != "" {
		if err := beKilled(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beKilled applies a plan with a statement put into its batch that takes longer than
// the process lives.
func beKilled(told string) error {
	var k killed
	if err := json.Unmarshal([]byte(told), &k); err != nil {
		return err
	}
	db, err := local.OpenFile(k.Path)
	if err != nil {
		return err
	}
	ss := k.Plan.Statements(migrate.Attempt{ID: "killed", Actor: "test", At: now})
	if k.At < len(ss) {
		ss = slices.Insert(ss, k.At, d1.Query("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"))
	}
	fmt.Println("sending")
	_, err = db.Batch(context.Background(), ss)
	time.Sleep(time.Minute)
	return err
}

// TestAKillAtAnyStatementLeavesOneSchemaOrTheOther kills processes by SIGKILL in the
// middle of random plans, and after the last statement.
func TestAKillAtAnyStatementLeavesOneSchemaOrTheOther(t *testing.T) {
	t.Parallel()
	applied := 0
	for seed := 1; seed <= *killCases; seed++ {
		var from, to *schema.Schema
		var k killed
		var before string
		var kept map[string]columnsKept
		made := 0
		plan := rapid.Custom(func(rt *rapid.T) int { // a random plan on random rows
			made++
			k = killed{Path: filepath.Join(t.TempDir(), fmt.Sprintf("%d.db", made))}
			db, err := local.OpenFile(k.Path)
			if err != nil {
				rt.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			d := drawn{rt}
			from = d.schema()
			for _, sql := range from.DDL() {
				if _, err := db.Query(context.Background(), d1.Exec(sql)); err != nil {
					rt.Fatal(err)
				}
			}
			d.fill(db, from)
			to = d.changed(from)
			live, err := migrate.Inspect(context.Background(), db)
			if err != nil {
				rt.Fatal(err)
			}
			p, err := migrate.New(live, to, from)
			if err != nil {
				rt.Fatal(err)
			}
			if p.Empty() || p.Ready() != nil {
				rt.Skip("nothing to kill")
			}
			k.Plan = *p
			k.At = len(p.Statements(migrate.Attempt{}))
			if !d.one(4, "after the last") {
				k.At = d.n(1, k.At-1, "at")
			}
			before = everything(rt, db)
			kept = keptRows(rt, db, from, to)
			return 0
		})
		plan.Example(seed)
		kill(t, k)
		db, err := local.OpenFile(k.Path)
		if err != nil {
			t.Fatal(err)
		}
		_, there, err := migrate.Find(t.Context(), db, "killed")
		switch {
		case err != nil:
			t.Fatal(err)
		case !there:
			if everything(t, db) != before {
				t.Errorf("seed %d, killed at %d: neither before nor after\n%s", seed, k.At, statements(&k.Plan))
			}
		default:
			applied++
			live, err := migrate.Inspect(t.Context(), db)
			if err != nil || live.Schema.Only(to).Hash() != to.Hash() {
				t.Errorf("seed %d, killed at %d: the ledger has it, but the schema isn't the target: %v", seed, k.At, err)
			}
			for name, rows := range kept {
				if got := dump(t, db, name, rows.to); !slices.Equal(got, rows.rows) {
					t.Errorf("seed %d, killed at %d: the rows of %s\nwere %q\nare  %q", seed, k.At, name, rows.rows, got)
				}
			}
		}
		_ = db.Close()
	}
	t.Logf("%d plans killed, %d of them after they had committed", *killCases, applied)
}

// kill starts the process and kills it once its batch is under way.
func kill(t *testing.T, k killed) {
	t.Helper()
	told, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	cmd := osexec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killedEnv+"="+string(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "sending\n" {
		t.Errorf("the process said %q, %v", line, err)
	}
	time.Sleep(50 * time.Millisecond) // the batch takes a few of them
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}
