package e2e_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1/d1test"
)

// imports uploads a file to an empty database; err is set when the program died.
func (c *client) imports(database, path string) (status int, err error) {
	c.t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("file", "shop.db") // a buffer takes everything
	_, _ = part.Write(content)
	_ = form.Close()
	req, err := http.NewRequest(http.MethodPost, c.p.base+"/databases/"+database+"/import", &body)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Cookie", c.cookie)
	h := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := h.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// TestKilledImport kills the program while it imports a file. After the start the database
// is empty or whole, nothing of the file is left elsewhere, and an empty one takes it.
func TestKilledImport(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shop.db")
	d1test.Outside(t, file, "create table goods(id integer primary key, name text); create table other(x);"+
		"insert into goods with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) select i, 'thing ' || i from n;")
	for point, whole := range map[string]bool{"import:rows": false, "import:made": false, "import:put": true} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			p := start(t, t.TempDir())
			c := claimOwner(t, p)
			data := p.data
			c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme Inc."}, "name": {"acme-org-001"}, "request": {"r1"}})
			c.waitPage("/databases/acme-org-001/settings", "Leave out")
			p.stop()
			p = start(t, data, "FAILPOINT="+point)
			c = signIn(t, p)
			if status, err := c.imports("acme-org-001", file); err == nil && status >= 400 {
				t.Fatalf("the import: %d", status)
			}
			_ = p.wait()
			if p.cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("the program was not killed: %v\n%s", p.cmd.ProcessState, p.log)
			}
			p = start(t, data)
			c = signIn(t, p)
			c.waitPage("/audit?action=database.import", "end not seen")
			if !whole {
				if status, err := c.imports("acme-org-001", file); err != nil || status >= 400 {
					t.Fatalf("the second import: %d %v", status, err)
				}
			}
			c.waitPage("/databases/acme-org-001/tables", "goods")
			if n := c.rows("acme-org-001", "goods"); n != "500" {
				t.Errorf("it has %s rows", n)
			}
			p.stop()
			files, err := filepath.Glob(filepath.Join(data, "*", "*"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if name := filepath.Base(f); strings.Contains(name, ".new") || strings.Contains(filepath.Dir(f), "uploads") {
					t.Errorf("%s is left", name)
				}
			}
		})
	}
}
