package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// database makes a file that is a database, with what the statements make in it.
func database(t *testing.T, path string, statements ...string) {
	t.Helper()
	conn, err := local.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range statements {
		if _, err := conn.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// lost are the ways a control plane is lost, and how that is said.
var lost = map[string]struct {
	lose func(t *testing.T, path string)
	want string
}{
	"missing":          {func(*testing.T, string) {}, "is missing"},
	"without a byte":   {func(t *testing.T, path string) { put(t, path, "") }, "is empty"},
	"without a table":  {func(t *testing.T, path string) { database(t, path) }, "is empty"},
	"something else's": {func(t *testing.T, path string) { database(t, path, "create table notes (x)") }, "is a database of something else"},
	"text": {func(t *testing.T, path string) { put(t, path, strings.Repeat("no database ", 1000)) },
		"is no database that can be read"},
	"a head and no body": {func(t *testing.T, path string) { put(t, path, "SQLite format 3\x00"+strings.Repeat("x", 8000)) },
		"is no database that can be read"},
	"cut off":            {func(t *testing.T, path string) { put(t, path, "SQLi") }, "is no database that can be read"},
	"its log left alone": {func(t *testing.T, path string) { put(t, path+"-wal", "frames") }, "is missing"},
}

// startsNew serves a folder and reports whether that is a new dashboard.
func startsNew(t *testing.T, dir string) bool {
	t.Helper()
	_, out, stop := serving(t, dir)
	stop()
	return strings.Contains(out.String(), "/setup?token=")
}

// TestAFolderThatLostItsControlPlaneIsNoNewOne: neither a start nor a command takes it
// for one, what is there is named, nothing is changed, and restore mends it.
func TestAFolderThatLostItsControlPlaneIsNoNewOne(t *testing.T) {
	for name, c := range lost {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "control.bak")
			_, _, stop := serving(t, dir)
			control(t, dir, addOrg)
			control(t, dir, "insert into operators (id, email, role, password, created_at) values ('1', 'ada@acme.test', 'owner', 'x', 0)")
			if code, _, errs := command(t, "", "--data", dir, "backup", backup); code != exitOK {
				t.Fatal(errs)
			}
			stop()
			engine, err := local.Open(filepath.Join(dir, "databases"), local.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, db := range []string{"acme-org-001", "acme-org-002", "books"} {
				info, err := engine.Create(t.Context(), d1.CreateInput{Name: db})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := engine.Keep(context.Background(), info.ID); err != nil {
					t.Fatal(err)
				}
			}
			_ = engine.Close()
			for _, part := range []string{"", "-wal", "-shm"} {
				_ = os.Remove(filepath.Join(dir, "control.db"+part))
			}
			c.lose(t, filepath.Join(dir, "control.db"))
			before := tree(t, dir)
			for _, args := range [][]string{
				{"--listen", "127.0.0.1:0"}, {"setup-token"}, {"reset-password", "ada@acme.test"},
				{"backup", filepath.Join(t.TempDir(), "b")}, {"rotate-key"},
			} {
				code, _, errs := command(t, "a good long password\n", append([]string{"--data", dir}, args...)...)
				if code != exitFailed {
					t.Errorf("%v: %d %s", args, code, errs)
				}
				for _, want := range []string{c.want, "3 databases, by the names of their files of acme, books", "3 restore points",
					"secret.key", "dashboard restore FILE"} {
					if !strings.Contains(errs, want) {
						t.Errorf("%v: no %q in %s", args, want, errs)
					}
				}
			}
			if after := withoutLock(tree(t, dir)); after != withoutLock(before) {
				t.Errorf("it was changed: there was\n%.2000q\nand is\n%.2000q", before, after)
			}
			if code, out, errs := command(t, "", "--data", dir, "restore", backup); code != exitOK ||
				!strings.Contains(out, "acme-org-001, acme-org-002, books") {
				t.Fatalf("restore: %d %s %s", code, out, errs)
			}
			if got := control(t, dir, "select name from organizations"); got != "Acme" {
				t.Errorf("restored: %s", got)
			}
			if startsNew(t, dir) {
				t.Error("it is new after the restore")
			}
		})
	}
}

// withoutLock leaves out the lock, which every start takes, and SQLite's index of a
// log, which reading makes.
func withoutLock(tree string) string {
	var kept []string
	for line := range strings.Lines(tree) {
		if !strings.Contains(line, "dashboard.lock") && !strings.Contains(line, "control.db-shm ") &&
			!strings.HasSuffix(line, "control.db-wal \n") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// TestWhatHoldsNothingOfADashboardStartsAsNew: a fresh volume, and what a first start
// that was killed leaves.
func TestWhatHoldsNothingOfADashboardStartsAsNew(t *testing.T) {
	for name, fill := range map[string]func(dir string){
		"a new volume": func(dir string) {
			_ = os.MkdirAll(filepath.Join(dir, "lost+found"), 0o700)
			put(t, filepath.Join(dir, ".keep"), "")
		},
		"empty folders": func(dir string) {
			_ = os.MkdirAll(filepath.Join(dir, "databases", "copies"), 0o700)
			_ = os.MkdirAll(filepath.Join(dir, "d1"), 0o700)
		},
		"killed before the first byte": func(dir string) { put(t, filepath.Join(dir, "control.db"), "") },
		"killed before the tables":     func(dir string) { database(t, filepath.Join(dir, "control.db")) },
	} {
		dir := t.TempDir()
		fill(dir)
		if !startsNew(t, dir) {
			t.Errorf("%s: it is no new dashboard", name)
		}
	}
}

// TestARefusalNeedsNoDatabaseBeside: a file that somebody else made isn't overwritten,
// and neither is a log taken for nothing.
func TestARefusalNeedsNoDatabaseBeside(t *testing.T) {
	for name, refused := range map[string]bool{
		"something else's":   true,
		"text":               true,
		"its log left alone": true,
		"missing":            false,
		"without a byte":     false,
	} {
		dir := t.TempDir()
		lost[name].lose(t, filepath.Join(dir, "control.db"))
		if !refused {
			if !startsNew(t, dir) {
				t.Errorf("%s: it is no new dashboard", name)
			}
			continue
		}
		code, _, errs := command(t, "", "--data", dir, "--listen", "127.0.0.1:0")
		if code != exitFailed || !strings.Contains(errs, lost[name].want) || strings.Contains(errs, "database, by") {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
}

func TestADemoThatLostItsControlPlaneIsRefused(t *testing.T) {
	smallDemo(t)
	dir := filepath.Join(t.TempDir(), "demo")
	s := startDemo(dir)
	if ok, code := s.serves(); !ok {
		t.Fatalf("%d %s", code, s.out.String())
	}
	s.stop(t)
	put(t, filepath.Join(dir, "control.db"), "")
	if code, _, errs := command(t, "", "--demo", "--data", dir, "--listen", "127.0.0.1:0"); code != exitFailed ||
		!strings.Contains(errs, "10 databases, by the names") {
		t.Errorf("%d %s", code, errs)
	}
}
