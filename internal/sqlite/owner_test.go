package sqlite_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/sqlite"
)

func newFile(t *testing.T) (*sqlite.Conn, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	return openFile(t, path, sqlite.Options{Create: true}), path
}

func openFile(t *testing.T, path string, o sqlite.Options) *sqlite.Conn {
	t.Helper()
	c, err := sqlite.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func checkOwner(t *testing.T, c *sqlite.Conn, want string) {
	t.Helper()
	if got, err := c.Owner(t.Context()); err != nil || got != want {
		t.Errorf("the file is %q's, %v; want %q", got, err, want)
	}
}

func mustOwn(t *testing.T, c *sqlite.Conn, id string) {
	t.Helper()
	if err := c.Own(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func TestAFileSaysWhichDatabaseItIs(t *testing.T) {
	t.Parallel()
	c, path := newFile(t)
	checkOwner(t, c, "")
	for _, id := range []string{"one", "two", "", "three"} {
		mustOwn(t, c, id)
		checkOwner(t, c, id)
		checkOwner(t, openFile(t, path, sqlite.Options{ReadOnly: true}), id)
	}
}

func TestAFileFromElsewhereHasNoOwnerUntilItIsGivenOne(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"without the hidden table": "DROP TABLE _cf_KV",
		"with D1's own rows":       "INSERT INTO _cf_KV VALUES ('alarm', x'00')",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, path := newFile(t)
			if err := sqlite.Past(c, sql); err != nil {
				t.Fatal(err)
			}
			checkOwner(t, c, "")
			mustOwn(t, c, "mine")
			checkOwner(t, openFile(t, path, sqlite.Options{}), "mine")
		})
	}
}

func TestNoStatementSeesWhoseFileItIs(t *testing.T) {
	t.Parallel()
	c, _ := newFile(t)
	mustOwn(t, c, "mine")
	for _, sql := range []string{
		"SELECT * FROM _cf_KV", "SELECT count(*) FROM main._cf_kv", "UPDATE _cf_KV SET value = 'x'", "DELETE FROM _cf_KV",
		"INSERT INTO _cf_KV VALUES ('kuratchi:database', 'x') ON CONFLICT DO UPDATE SET value = 'x'", "DROP TABLE _cf_KV",
		"CREATE TRIGGER t AFTER INSERT ON _cf_KV BEGIN SELECT 1; END", "ALTER TABLE _cf_KV RENAME TO k",
	} {
		_, err := exec(c, sqlite.Write, sql)
		if err == nil || !strings.Contains(err.Error(), "prohibited") && !strings.Contains(err.Error(), "not authorized") {
			t.Errorf("%s: %v, want a refusal", sql, err)
		}
	}
	checkOwner(t, c, "mine")
}

func TestOwningAFileCanBeInterrupted(t *testing.T) {
	t.Parallel()
	c, path := newFile(t)
	mustOwn(t, c, "mine")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Own(ctx, "another"); err == nil {
		t.Error("it was owned by who had gone")
	}
	checkOwner(t, c, "mine")
	if c.InTransaction() {
		t.Error("a transaction was left open")
	}
	// A view of the name, in a file from outside, that never ends.
	if err := sqlite.Past(c, "DROP TABLE _cf_KV"); err != nil {
		t.Fatal(err)
	}
	endless := "WITH RECURSIVE n(key, value) AS (SELECT 'a', 'b' UNION ALL SELECT key, value FROM n) SELECT * FROM n"
	if err := sqlite.Past(c, "CREATE VIEW _cf_KV AS "+endless); err != nil {
		t.Fatal(err)
	}
	v := openFile(t, path, sqlite.Options{ReadOnly: true})
	if _, err := v.Owner(ctx); err == nil {
		t.Error("an endless view was read to its end")
	}
}
