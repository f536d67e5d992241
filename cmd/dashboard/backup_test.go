package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// control runs a statement on a folder's control plane.
func control(t *testing.T, dir, sql string) string {
	t.Helper()
	conn, err := local.OpenFile(filepath.Join(dir, "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, err := conn.Query(t.Context(), d1.Exec(sql))
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(r.Rows) == 0 {
		return ""
	}
	return r.Rows[0][0].Text()
}

const addOrg = "insert into organizations (id, slug, name, created_at, created_by) values ('1', 'acme', 'Acme', 0, 'ada')"

func TestBackupWhileServingAndRestore(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "control.bak")
	_, _, stop := serving(t, dir)
	control(t, dir, addOrg)
	if code, out, errs := command(t, "", "--data", dir, "backup", file); code != exitOK || !strings.Contains(out, "audit log") {
		t.Fatalf("backup: %d %s %s", code, out, errs)
	}
	if code, _, errs := command(t, "", "--data", dir, "backup", file); code != exitFailed || !strings.Contains(errs, "exists already") {
		t.Errorf("a second backup to the same file: %d %s", code, errs)
	}
	if code, _, errs := command(t, "", "--data", dir, "restore", file); code != exitFailed || !strings.Contains(errs, "in use by process") {
		t.Errorf("restore while it serves: %d %s", code, errs)
	}
	stop()
	control(t, dir, "update organizations set name = 'changed after the backup'")
	code, out, errs := command(t, "", "--data", dir, "restore", file)
	if code != exitOK || !strings.Contains(out, "kept as") {
		t.Fatalf("restore: %d %s %s", code, out, errs)
	}
	if got := control(t, dir, "select name from organizations"); got != "Acme" {
		t.Errorf("restored: %s", got)
	}
	before, _ := filepath.Glob(filepath.Join(dir, "control.db.before-*Z"))
	if len(before) != 1 {
		t.Fatalf("kept: %v", before)
	}
	elsewhere := t.TempDir() // a new machine
	if code, out, errs := command(t, "", "--data", elsewhere, "restore", before[0]); code != exitOK {
		t.Fatalf("restore into an empty folder: %d %s %s", code, out, errs)
	}
	if got := control(t, elsewhere, "select name from organizations"); got != "changed after the backup" {
		t.Errorf("restored elsewhere: %s", got)
	}
	_, served, _ := serving(t, elsewhere)
	if !strings.Contains(served.String(), "Kuratchi Dashboard") {
		t.Errorf("it does not serve: %s", served)
	}
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	dir := t.TempDir()
	_, _, stop := serving(t, dir)
	stop()
	control(t, dir, addOrg)
	other := filepath.Join(t.TempDir(), "other.db")
	conn, err := local.OpenFile(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Query(t.Context(), d1.Exec("create table t (x)")); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		other:                      "no control plane",
		text:                       "no database that can be read",
		filepath.Join(dir, "none"): "no database that can be read",
	} {
		if code, _, errs := command(t, "", "--data", dir, "restore", file); code != exitFailed || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", file, code, errs)
		}
	}
	if code, _, _ := command(t, "", "--data", dir, "restore"); code != exitUsage {
		t.Errorf("without a file: %d", code)
	}
	if got := control(t, dir, "select name from organizations"); got != "Acme" {
		t.Errorf("a refused restore changed it: %s", got)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*incoming*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRestoreSaysWhichDatabasesDiffer(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "b")
	_, _, stop := serving(t, dir)
	stop()
	control(t, dir, addOrg)
	control(t, dir, "insert into databases (id, name, org_id, org_slug, org_name, provider, provider_id, state, created_at, "+
		"created_by, updated_at) values ('1', 'lost', '1', 'acme', 'Acme', 'embedded', 'x', 'ready', 0, 'ada', 0)")
	engine, err := local.Open(filepath.Join(dir, "databases"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Create(t.Context(), d1.CreateInput{Name: "younger"}); err != nil {
		t.Fatal(err)
	}
	_ = engine.Close()
	if code, _, errs := command(t, "", "--data", dir, "backup", file); code != exitOK {
		t.Fatal(errs)
	}
	_, out, errs := command(t, "", "--data", dir, "restore", file)
	if !strings.Contains(out, "not in "+filepath.Join(dir, "databases")+": lost") ||
		!strings.Contains(out, "doesn't know, made after the backup: younger") {
		t.Errorf("%s %s", out, errs)
	}
}
