package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAnImportInTheBrowser chooses several files in the form: two databases, which are
// refused by their names, then one with the log that stands beside it.
func TestAnImportInTheBrowser(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p := start(t, data)
	c := claimOwner(t, p)
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "schema": {"organization"}, "version": {"1"}, "request": {"r1"}})
	c.waitPage("/databases/acme-org-001", "users")
	c.must(http.MethodPost, "/databases", url.Values{"org": {"acme"}, "name": {"into"}, "schema": {""}, "request": {"r2"}})
	c.waitPage("/databases/into/settings", "SQLite file")
	// A database of the program's own lies in WAL mode beside its log, as any program's does.
	files, other := fleetFiles(t, data)

	x := newTab(t)
	x.adoptOwner(p)
	x.open(p.base + "/databases/into/settings")
	x.audit("the form of an import")
	x.picture("import-form")
	x.expect("422")
	x.chooses(append(files, other)...)
	x.press("Import")
	x.sees("One database at a time: these are 2, acme.db and other.db.")
	x.quiet("a refused import")
	x.do(chromedp.EmulateViewport(320, 700))
	x.audit("a refused import, 320 px")
	x.picture("import-refused-320")
	x.chooses(files...)
	x.press("Import")
	x.waitFor("document.querySelector('#import-end h2')?.textContent === 'Imported'")
	x.audit("an import, 320 px")
	x.open(p.base + "/databases/into")
	x.sees("users")
	if left, err := os.ReadDir(filepath.Join(data, "uploads")); err != nil || len(left) != 0 {
		t.Errorf("%d uploads are left, %v", len(left), err)
	}
}

// chooses sets the files of the form.
func (x *tab) chooses(files ...string) {
	x.t.Helper()
	x.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), files))
}

// fleetFiles copies the file of a data folder's first database, with what stands beside
// it, and makes another database of it.
func fleetFiles(t *testing.T, data string) (files []string, other string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(data, "databases", "*acme-org-001*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no files, %v", err)
	}
	dir := t.TempDir()
	for _, f := range found {
		_, end, _ := strings.Cut(filepath.Base(f), ".db")
		b, err := os.ReadFile(f) //nolint:gosec // of this test's folder
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"acme.db", "other.db"} {
			if name == "other.db" && end != "" {
				continue
			}
			to := filepath.Join(dir, name+end)
			if err := os.WriteFile(to, b, 0o600); err != nil {
				t.Fatal(err)
			}
			if name == "acme.db" {
				files = append(files, to)
			}
		}
	}
	return files, filepath.Join(dir, "other.db")
}
