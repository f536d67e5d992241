package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// withRows provisions a database, then executes statements on it while the
// program is stopped, and returns the program started again with its owner.
func withRows(t *testing.T, statements ...d1.Stmt) (*program, *client) {
	t.Helper()
	return withRowsAt(t, "", statements...)
}

// withRowsAt is withRows at a version of the schema, "" for the newest.
func withRowsAt(t *testing.T, version string, statements ...d1.Stmt) (*program, *client) {
	t.Helper()
	data := t.TempDir()
	p := start(t, data)
	c := claimOwner(t, p)
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme Inc."}, "name": {"acme-org-001"},
		"schema": {"organization"}, "version": {version}, "request": {"r1"}})
	c.waitPage("/databases/acme-org-001", "newsletter_contacts")
	p.stop()
	e, err := local.Open(filepath.Join(data, "databases"), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	infos, _ := e.List(t.Context())
	conn, err := e.Open(t.Context(), infos[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := conn.Query(t.Context(), s); err != nil {
			t.Fatalf("%.200s: %v", s.SQL, err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	p = start(t, data)
	return p, signIn(t, p)
}

// adopt gives the tab the session of a client.
func (x *tab) adopt(c *client) {
	x.t.Helper()
	x.adoptOwner(c.p)
}

// adoptOwner signs the tab in as the owner.
func (x *tab) adoptOwner(p *program) {
	x.t.Helper()
	x.open(p.base + "/login")
	x.fill("#email", ownerEmail)
	x.fill("#password", ownerPassword)
	x.press("Sign in")
	x.sees("Fleet")
}

func users(n int) d1.Stmt {
	return d1.Exec(`insert into users (id, name, email, status, role, invite_token, image, created_at, lastLoginAt)
	  with recursive n(i) as (select 1 union all select i + 1 from n where i < ?1)
	  select printf('usr_%06d', i), 'Person ' || i, 'person' || i || '@acme.test', i % 5 <> 0,
	    case i % 3 when 0 then 'owner' when 1 then 'editor' else 'member' end,
	    case when i % 4 = 0 then 'inv_' || hex(i * 7919) end, case when i % 6 = 0 then '' end,
	    datetime(1795000000 + i * 60, 'unixepoch'), 1795000000000 + i from n`, d1.Int(int64(n)))
}

func TestBrowse(t *testing.T) {
	t.Parallel()
	p, c := withRows(t, users(1000),
		d1.Exec(`insert into leads (id, formId, data) select 'l1', 'f1', ?1 where 0`, d1.Str("{}")),
		d1.Exec(`insert into forms (id, name, fields) values ('f1', 'Contact', ?1)`,
			d1.Str(`[{"label":"`+strings.Repeat("long ", 200)+`","n":9007199254740993}]`)),
		d1.Exec(`create table files (id integer primary key, body blob, big integer, real_one real)`),
		d1.Exec(`insert into files values (1, zeroblob(100000), 9223372036854775807, 1.0), (2, x'00ff', -9223372036854775808, `+
			`0.1), (3, null, 0, null)`))
	x := newTab(t)
	x.adopt(c)
	base := p.base + "/databases/acme-org-001/tables/"
	x.open(base + "users?cols=id,name,email,status,role,invite_token,image,created_at")
	x.sees("usr_000001")
	x.audit("a table with rows")
	x.picture("browse")
	if rows := eval[int](x, "document.querySelectorAll('tbody tr').length"); rows != 100 {
		t.Errorf("%d rows on a page", rows)
	}
	x.press("Next")
	x.sees("usr_000101")
	x.press("Next")
	x.sees("usr_000201")
	x.press("Previous")
	x.sees("usr_000101")
	_ = eval[bool](x, "(history.back(), true)")
	x.sees("usr_000201")

	x.open(base + "users?cols=id,name,email,status,role,invite_token,image,created_at")
	x.click("main th a[href*='sort=created_at']")
	x.waitFor("location.search.includes('sort=created_at')")
	x.click("main th a[href*='sort=-created_at']")
	x.sees("usr_001000")
	x.click("details.menu > summary")
	x.fill("#filter-column", "role")
	x.fill("#filter-op", "eq")
	x.fill("#filter-value", "owner")
	x.audit("the filter form")
	if height := eval[int](x, "document.querySelector('details.menu').offsetHeight"); height > 40 {
		t.Errorf("the filter form pushes the page down by %d px", height)
	}
	x.picture("browse-filter")
	x.press("Add filter")
	x.waitFor("location.search.includes('f=role')")
	x.sees("usr_000999")
	x.click("details.menu > summary")
	x.fill("#filter-column", "invite_token")
	x.fill("#filter-op", "notnull")
	x.press("Add filter")
	x.waitFor("location.search.includes('notnull')")
	x.sees("usr_000996")
	x.audit("a filtered table")
	x.picture("browse-filtered")
	x.click("a[aria-label='Remove the filter on role']")
	x.sees("usr_001000")
	x.open(base + "users?f=" + url.QueryEscape("email:eq:nobody"))
	x.sees("No row matches")
	x.audit("no row")

	x.open(base + "forms")
	x.click("a.cut")
	x.sees("9007199254740993")
	x.audit("a whole cell")
	x.picture("cell")
	x.open(base + "files")
	x.sees("9223372036854775807")
	x.sees("1.0")
	x.audit("numbers and BLOBs")
	x.picture("files")
	x.click("a.blob")
	x.sees("Download")
	x.audit("a BLOB")
	_, body := c.must(http.MethodGet, "/databases/acme-org-001/tables/files/blob?"+
		url.Values{"key": {browse.EncodeKey([]d1.Value{d1.Int(2)})}, "column": {"body"}}.Encode(), nil)
	if body != "\x00\xff" {
		t.Errorf("the download is %q", body)
	}
	x.do(chromedp.EmulateViewport(360, 740))
	x.open(base + "users")
	x.audit("a table, 360 px")
	x.picture("browse-360")
}

// hostile are texts that would run, break out or break the page if any of them
// were taken for more than text.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(2)>`, `'"><svg onload=alert(3)>`, `javascript:alert(4)`,
	`</td></table><h1>out</h1>`,
	`{{7*7}} ${7*7}`, "a/b\\c..", "..", ".", "%2f%00?#&=", "\u202eright\u202c", "😀 e\u0301",
	`<button hx-get="/logout" hx-trigger="load">x</button>`,
	`<a href="javascript:alert(5)">`, `<style>*{display:none}</style>`, `<!-- `, `]]>`, `'; drop table users; --`, "two\nlines\ttab",
	`<form action="https://evil.test"><button autofocus>`, strings.Repeat("w", 200), `&lt;b&gt;`,
	`<iframe srcdoc="<script>alert(6)</script>">`,
}

// TestHostileDatabase opens every page of a database whose names and values are
// hostile: nothing runs, nothing complains, and each table's page is found.
func TestHostileDatabase(t *testing.T) {
	t.Parallel()
	var statements []d1.Stmt
	for i, h := range hostile {
		q := `"` + strings.ReplaceAll(h, `"`, `""`) + `"`
		statements = append(statements,
			d1.Exec("create table "+q+" (id integer primary key, "+q+" text default "+d1.Str(h).
				Literal()+", other text check (other <> "+d1.Str(h).Literal()+"))"),
			d1.Exec("insert into "+q+" ("+q+") values (?1), (?2), (null)", d1.Str(h), d1.Str(strings.Repeat(h, 40))),
			d1.Exec(fmt.Sprintf(`create index "i%d %s" on %s (%s)`, i, strings.ReplaceAll(h, `"`, `""`), q, q)),
			d1.Exec(fmt.Sprintf(`create view "v%d %s" as select * from %s`, i, strings.ReplaceAll(h, `"`, `""`), q)),
			d1.Exec(fmt.Sprintf(`create trigger "t%d %s" after insert on %s begin select %s; end`, i,
				strings.ReplaceAll(h, `"`, `""`), q, d1.Str(h).Literal())))
	}
	p, c := withRows(t, statements...)
	x := newTab(t)
	x.expect("status of 4") // refused statements of the console
	x.adopt(c)
	db := p.base + "/databases/acme-org-001"
	visited := 0
	see := func(path, words string) {
		t.Helper()
		x.open(path)
		if words != "" {
			x.waitFor("document.querySelector('h1').textContent.trim() === " + quoteJS(strings.Join(strings.Fields(words), " ")) +
				" || document.querySelector('h1').textContent.includes(" + quoteJS(words) + ")")
		}
		if bad := eval[int](x, "document.querySelectorAll('main img, main iframe, main style, main script, main [onerror], "+
			"main [onload], main h1 h1, main form[action^=http], main a[href^=\"javascript\"], main button[hx-get]').length"); bad != 0 {
			t.Errorf("%s: %d elements came out of the data", path, bad)
		}
		x.quiet(path)
		visited++
	}
	for _, h := range hostile {
		see(db+"/tables/"+browse.EncodeName(h), h)
		see(db+"/structure?table="+url.QueryEscape(h), h)
		see(db+"/tables/"+browse.EncodeName(h)+"?"+
			url.Values{"f": {browse.Filter{Column: h, Op: browse.Eq, Value: h}.String()}, "sort": {browse.SortBy(h, true)}}.Encode(), h)
		if rows := eval[int](x, "document.querySelectorAll('tbody tr').length"); rows != 1 {
			t.Errorf("the filter on %q shows %d rows", h, rows)
		}
		see(db+"/tables/"+browse.EncodeName(h)+"/cell?"+url.Values{"key": {browse.EncodeKey([]d1.Value{d1.Int(1)})}, "column": {h}}.Encode(), h)
	}
	see(db, "")
	see(db+"/migrations", "")
	see(db+"/sql?sql="+url.QueryEscape("select '<img src=x onerror=alert(1)>' as \"<script>\""), "")
	x.press("Run")
	x.waitFor("document.querySelector('#result tbody td')?.textContent === '<img src=x onerror=alert(1)>'")
	for _, h := range hostile {
		x.fill("#sql", "select "+d1.Str(h).Literal()+" as \""+strings.ReplaceAll(h, `"`, `""`)+"\", nope")
		x.press("Run")
		x.waitFor("document.querySelector('#result [data-tone=bad]')")
		_ = eval[bool](x, "(document.querySelector('#result').textContent = '', true)")
	}
	x.quiet("the console")
	t.Logf("%d pages", visited)
}
