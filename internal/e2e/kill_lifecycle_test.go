package e2e_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

const killed = "/databases/acme-org-001"

// killedAt starts the program on a database of 50 users so that it is killed at a
// point, and has its owner do something that leads there: before is for what
// comes before it.
func killedAt(t *testing.T, point string, before func(c *client), path string, form func(c *client) url.Values) (data string) {
	t.Helper()
	p, _ := withRowsAt(t, "1", d1.Exec(`insert into users (id, name, email)
	  with recursive n(i) as (select 1 union all select i + 1 from n where i < 50)
	  select 'usr_' || i, 'Person ' || i, 'person' || i || '@acme.test' from n`))
	data = p.data
	p.stop()
	p = start(t, data, "FAILPOINT="+point)
	c := signIn(t, p)
	if before != nil {
		before(c)
	}
	if status, _, body, err := c.do(http.MethodPost, path, form(c)); err == nil && status >= 400 {
		t.Fatalf("%s: %d\n%.3000s", path, status, body)
	}
	_ = p.wait()
	if p.cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the program was not killed: %v\n%s", p.cmd.ProcessState, p.log)
	}
	return data
}

// left counts the users that a killed program left in its only database.
func left(t *testing.T, data string) int64 {
	t.Helper()
	e, err := local.Open(filepath.Join(data, "databases"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	infos, err := e.List(t.Context())
	if err != nil || len(infos) != 1 {
		t.Fatalf("%d databases, %v", len(infos), err)
	}
	conn, err := e.Open(t.Context(), infos[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, err := conn.Query(t.Context(), d1.Query("select count(*) from users"))
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows[0][0].Int()
}

func named(*client) url.Values { return url.Values{"confirm": {"acme-org-001"}} }

// TestKilledDelete kills the program while it deletes a database. The next start
// ends the delete, says so in the log, and the last state has every row.
func TestKilledDelete(t *testing.T) {
	t.Parallel()
	for point, stands := range map[string]string{"delete:marked": "v1", "delete:retired": "none"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			data := killedAt(t, point, nil, killed+"/delete", named)
			if got := standing(t, data); got != stands {
				t.Errorf("killed at %s, the database is %s, want %s", point, got, stands)
			}
			p := start(t, data)
			c := signIn(t, p)
			c.waitPage(killed+"/settings", "Bring it back")
			_, log := c.must(http.MethodGet, "/audit?action=database.delete", nil)
			if strings.Contains(log, "end not seen") || !strings.Contains(log, "system:recover") || !strings.Contains(log, "its last state") {
				t.Errorf("the log does not tell the end:\n%.3000s", log)
			}
			if got := standing(t, data); got != "none" {
				t.Errorf("after the start it is %s", got)
			}
			c.must(http.MethodPost, killed+"/revive", nil)
			c.waitPage(killed+"/settings", "Takes it out of use")
			if n := c.rows("acme-org-001", "users"); n != "50" {
				t.Errorf("brought back, it has %s users", n)
			}
			c.must(http.MethodPost, killed+"/delete", named(c)) // and it can be deleted again
			c.waitPage(killed+"/settings", "Bring it back")
		})
	}
}

// TestKilledRevive kills the program while it brings a database back. It is
// deleted as before then, and bringing it back again ends with every row.
func TestKilledRevive(t *testing.T) {
	t.Parallel()
	for point, stands := range map[string]string{"revive:created": "empty", "revive:restored": "v1"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			data := killedAt(t, point, func(c *client) {
				c.must(http.MethodPost, killed+"/delete", named(c))
				c.waitPage(killed+"/settings", "Bring it back")
			}, killed+"/revive", func(*client) url.Values { return nil })
			if got := standing(t, data); got != stands {
				t.Errorf("killed at %s, the database is %s, want %s", point, got, stands)
			}
			p := start(t, data)
			c := signIn(t, p)
			c.waitPage(killed+"/settings", "Bring it back")
			c.waitPage("/audit?action=database.revive", "end not seen")
			c.must(http.MethodPost, killed+"/revive", nil)
			c.waitPage(killed+"/settings", "Takes it out of use")
			if n := c.rows("acme-org-001", "users"); n != "50" {
				t.Errorf("brought back, it has %s users", n)
			}
			p.stop()
			if got := standing(t, data); got != "v1" {
				t.Errorf("afterwards it is %s", got)
			}
		})
	}
}

var pointField = regexp.MustCompile(`action="[^"]*/points/forget"><input type="hidden" name="point" value="([^"]+)"`)

// TestKilledRestore kills the program while it puts a database back to a restore
// point. The database is as before or as at the point; the log says that the end
// was not seen; and both states can be put back.
func TestKilledRestore(t *testing.T) {
	t.Parallel()
	for point, users := range map[string]int64{"restore:intent": 51, "restore:done": 50} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			kept := ""
			data := killedAt(t, point, func(c *client) {
				c.must(http.MethodPost, killed+"/points", nil)
				kept = pointField.FindStringSubmatch(c.waitPage(killed+"/backups", "/points/forget"))[1]
				c.must(http.MethodPost, killed+"/sql/writes", url.Values{"writes": {"on"}})
				c.must(http.MethodPost, killed+"/sql",
					url.Values{"sql": {"insert into users (id, name, email) values ('usr_late', 'Late', 'late@acme.test')"}})
				if n := c.rows("acme-org-001", "users"); n != "51" {
					t.Errorf("%s users before the restore", n)
				}
			}, killed+"/points/restore", func(c *client) url.Values { return url.Values{"confirm": {"acme-org-001"}, "point": {kept}} })
			if got := standing(t, data); got != "v1" {
				t.Errorf("killed at %s, the database is %s", point, got)
			}
			if n := left(t, data); n != users {
				t.Errorf("killed at %s, it has %d users, want %d", point, n, users)
			}
			p := start(t, data)
			c := signIn(t, p)
			c.waitPage("/audit?action=point.restore", "end not seen")
			points := pointField.FindAllStringSubmatch(c.waitPage(killed+"/backups", "before a restore"), -1)
			if len(points) != 2 || points[1][1] != kept {
				t.Fatalf("the restore points are %v, and %s was kept", points, kept)
			}
			for point, want := range map[string]string{kept: "50", points[0][1]: "51"} {
				c.must(http.MethodPost, killed+"/points/restore", url.Values{"confirm": {"acme-org-001"}, "point": {point}})
				if n := c.rows("acme-org-001", "users"); n != want {
					t.Errorf("put back to %s, it has %s users, want %s", point, n, want)
				}
			}
		})
	}
}
