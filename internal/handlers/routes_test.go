package handlers_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/web/static"
)

var parameter = regexp.MustCompile(`:[a-z]+|\*`)

func TestEveryRouteDeclaresWhatItNeeds(t *testing.T) {
	routes := newSite(t).server.Routes()
	gets := map[string]handlers.Route{}
	for _, r := range routes {
		if r.Method == http.MethodGet {
			gets[r.Path] = r
		}
	}
	for _, r := range routes {
		if !r.Permission.Valid() {
			t.Errorf("%s %s has no valid permission: %q", r.Method, r.Path, r.Permission)
		}
		switch r.Method {
		case http.MethodGet:
			if r.Form != "" || r.Keep {
				t.Errorf("GET %s sends a form", r.Path)
			}
		case http.MethodPost:
			form, ok := gets[r.Form]
			if !ok {
				t.Errorf("POST %s: its form's page %q is not a GET route", r.Path, r.Form)
			}
			for _, p := range parameter.FindAllString(form.Path, -1) {
				if !slices.Contains(parameter.FindAllString(r.Path, -1), p) {
					t.Errorf("POST %s has no %s for its form's page %s", r.Path, p, form.Path)
				}
			}
		default:
			t.Errorf("%s %s: only GET and POST are here", r.Method, r.Path)
		}
	}
}

// addresses are real addresses of every GET route. A new route belongs here.
func (s *site) addresses() map[string][]string {
	dbs := []string{"acme-org-001", "beta-org-001"}
	db := func(suffix string) (out []string) {
		for _, name := range dbs {
			out = append(out, "/databases/"+name+suffix)
		}
		return out
	}
	cell := func(what string) (out []string) {
		for _, column := range []string{"id", "name", "price", "data", "picture"} {
			for key := range int64(4) {
				out = append(out, "/databases/acme-org-001/tables/items/"+what+"?"+
					url.Values{"key": {browse.EncodeKey([]d1.Value{d1.Int(key + 1)})}, "column": {column}}.Encode())
			}
		}
		return out
	}
	var plans, rehearsals []string
	for _, p := range s.plans {
		plans, rehearsals = append(plans, "/plans/"+string(p)), append(rehearsals, "/plans/"+string(p)+"/rehearsal")
	}
	slices.Sort(plans)
	return map[string][]string{
		static.Prefix + "*": {static.Path("app.css"), static.Path("app.js"), static.Path("editor.js"),
			static.Path("icons.svg"), static.Path("favicon.svg")},
		"/healthz":                      {"/healthz"},
		"/readyz":                       {"/readyz"},
		"/setup":                        {"/setup", "/setup?token=x"},
		"/login":                        {"/login", "/login?next=/orgs"},
		"/":                             {"/", "/?q=acme", "/?status=behind&sort=-created", "/?org=acme-inc&schema=shop", "/?page=1"},
		"/orgs":                         {"/orgs", "/orgs?q=a"},
		"/orgs/:org":                    {"/orgs/acme-inc", "/orgs/b-ta-co", "/orgs/delta"},
		"/orgs/:org/activity":           {"/orgs/acme-inc/activity"},
		"/orgs/:org/settings":           {"/orgs/acme-inc/settings", "/orgs/gamma/settings"},
		"/search/orgs":                  {"/search/orgs", "/search/orgs?org=acme", "/search/orgs?org=zzz"},
		"/search":                       {"/search", "/search?q=acme", "/search?q=item&db=acme-org-001", "/search?q=x&db=nope", "/search?q=zzz"},
		"/help":                         {"/help"},
		"/databases/:db/backups":        db("/backups"),
		"/databases/:db/points/restore": {"/databases/acme-org-001/points/restore?" + url.Values{"point": {s.point}}.Encode()},
		"/databases/:db/settings":       append(db("/settings"), "/databases/gamma-archived/settings", "/databases/delta-deleted/settings"),
		"/databases/new":                {"/databases/new", "/databases/new?org=acme-inc"},
		"/databases/:db": append(db(""), "/databases/acme-provisioning", "/databases/acme-failed",
			"/databases/acme-interrupted", "/databases/gamma-archived", "/databases/delta-deleted"),
		"/databases/:db/tables": db("/tables"),
		"/databases/:db/tables/:table": append(db("/tables/items"),
			"/databases/acme-org-001/tables/items?limit=7", "/databases/acme-org-001/tables/items?sort=-price&limit=50",
			"/databases/acme-org-001/tables/cheap",
			"/databases/acme-org-001/tables/items?op=contains&column=name&value=1"),
		"/databases/:db/tables/:table/rows/new": {"/databases/acme-org-001/tables/items/rows/new"},
		"/databases/:db/tables/:table/row": {"/databases/acme-org-001/tables/items/row?key=" + itemKey(1),
			"/databases/acme-org-001/tables/items/row?key=" + itemKey(2)},
		"/databases/:db/tables/:table/delete": {"/databases/acme-org-001/tables/items/delete?key=" + itemKey(1) + "&key=" +
			itemKey(2) + "&back=sort%3Dname"},
		"/databases/:db/tables/:table/cell": cell("cell"),
		"/databases/:db/tables/:table/blob": cell("blob"),
		"/databases/:db/structure":          append(db("/structure"), "/databases/acme-org-001/structure?table=sales"),
		"/databases/:db/sql":                append(db("/sql"), "/databases/acme-org-001/sql?sql=drop+table+items&params=1"),
		"/databases/:db/migrations": append(db("/migrations"), "/databases/acme-org-001/migrations?schema=shop&version=2",
			"/databases/acme-org-001/migrations?schema=shop&version=1"),
		"/plans/:plan":           plans,
		"/plans/:plan/rehearsal": rehearsals,
		"/account":               {"/account", "/account?done=password"},
		"/audit": {"/audit", "/audit?action=plan.apply&outcome=done&q=a",
			"/audit?database=acme-org-001&since=2020-01-01&until=2999-01-01", "/audit?before=zz&actor=nobody"},
		"/databases/adopt":                 {"/databases/adopt", "/databases/adopt?id=x"},
		"/settings":                        {"/settings"},
		"/audit.csv":                       {"/audit.csv", "/audit.csv?database=acme-org-001"},
		"/schemas":                         {"/schemas"},
		"/schemas/new":                     {"/schemas/new"},
		"/schemas/:name":                   {"/schemas/shop"},
		"/schemas/:name/versions/new":      {"/schemas/shop/versions/new"}, // from an offer: fills_test.go
		"/schemas/:name/versions/:version": {"/schemas/shop/versions/1", "/schemas/shop/versions/2", "/schemas/shop/versions/3"},
	}
}

// fill puts real values into a route's pattern.
func (s *site) fill(pattern string) string {
	if strings.HasPrefix(pattern, static.Prefix) {
		return static.Path("app.css")
	}
	return strings.NewReplacer(":db", "acme-org-001", ":org", "acme-inc", ":table", "items", ":plan", string(s.plans["proposed"]),
		":name", "shop", ":version", "2").Replace(pattern)
}

func TestNoGetChangesAnything(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	addresses := s.addresses()
	var start []string
	for _, r := range s.server.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		if len(addresses[r.Path]) == 0 {
			t.Errorf("GET %s has no addresses to walk", r.Path)
		}
		start = append(start, addresses[r.Path]...)
	}
	before := s.snapshot()
	seen := s.crawl(owner, start, 2000)
	t.Logf("%d pages", len(seen))
	s.unchanged(before)
	for _, path := range start { // and as parts of pages, and for nobody
		if a := owner.htmx().get(path); a.status >= 500 {
			t.Errorf("%s as a fragment: %d", path, a.status)
		}
		s.browser().get(path)
	}
	s.unchanged(before)
}

// crawl reads every page that can be reached from the start, most of them, and
// returns the status of each. No page may lead nowhere.
func (s *site) crawl(b *browser, start []string, most int) map[string]int {
	s.t.Helper()
	return s.walk(b, start, most, func(answer) {})
}

// walk is crawl with a look at every page.
func (s *site) walk(b *browser, start []string, most int, look func(answer)) map[string]int {
	s.t.Helper()
	if small {
		most = min(most, 150)
	}
	type step struct{ from, to string }
	var queue []step
	for _, path := range start {
		queue = append(queue, step{"the start", path})
	}
	seen := map[string]int{}
	for len(queue) > 0 && len(seen) < most {
		next := queue[0]
		queue = queue[1:]
		if _, ok := seen[next.to]; ok {
			continue
		}
		a := b.get(next.to)
		seen[next.to] = a.status
		if a.status >= 500 || a.status >= 400 && next.from != "the start" {
			s.t.Errorf("%s leads to %s: %d: %s", next.from, next.to, a.status, excerpt(a.body))
		}
		if a.location() != "" {
			queue = append(queue, step{next.to, a.location()})
		}
		if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			look(a)
			for _, to := range linksOf(a.doc(), next.to) {
				queue = append(queue, step{next.to, to})
			}
		}
	}
	return seen
}

// linksOf are the addresses a page leads to: its links, its files, and its forms
// that read, as they are.
func linksOf(doc *html.Node, path string) (out []string) {
	base, err := url.Parse(path)
	if err != nil {
		return nil
	}
	add := func(to string) {
		if u, err := base.Parse(to); err == nil && to != "" {
			u.Fragment = ""
			out = append(out, u.String())
		}
	}
	for _, e := range nodes(doc) {
		for _, key := range []string{"href", "src", "hx-get"} {
			if has(e, key) {
				add(attr(e, key))
			}
		}
		if e.Data == "form" && !strings.EqualFold(attr(e, "method"), "post") && !strings.Contains(path, "f=") {
			add(attr(e, "action") + "?" + fieldsOf(e).Encode())
		}
	}
	return out
}
