package handlers_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
)

// hostile are names and values that mean something to a browser, a path, a URL
// or a parser.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`,
	`" hx-get="/logout" hx-trigger="load`, `javascript:alert(1)`,
	`</textarea><script>alert(1)</script>`, `</title><svg onload=alert(1)>`, `</pre></main></body>`, `<!--`, `]]>`,
	`&lt;img src=x&gt;&quot;&#39;`, `{{7*7}}${7*7}`,
	`a/b`, `..`, `.`, `../../etc`, `%2e%2e%2f`, `a?b#c`, `a;b`, `it's "quoted" [x]` + " `y`", "emoji 😀", "\u202Ertl\u2066",
	strings.Repeat("n", 200), "tab\there", "line\nend",
	` `, `-minus`, `~tilde`, `new`, `cell`, `//evil.example/`, `\\evil`, "data:text/html,<b>x", "\x7f\x01", "NULL", "0", "é\u0301",
}

// tame returns as many names as hostile has, as long, of letters.
func tame() []string {
	out := make([]string, len(hostile))
	for i := range out {
		out[i] = fmt.Sprintf("plain%02d", i)
		out[i] += strings.Repeat("z", max(0, len(hostile[i])-len(out[i])))
	}
	return out
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// furnish makes an empty database in which each name is a table's, a column's,
// an index's, a trigger's, a view's, a default and a cell.
func (s *site) furnish(db string, names []string) d1.Conn {
	s.t.Helper()
	owner := s.operator(auth.RoleOwner)
	_, err := s.fleet.Provision.Start(s.t.Context(), ownerActor(owner), provision.Input{OrgName: db, Name: db})
	must(s.t, err)
	s.ready(db)
	conn := s.open(db)
	for i, name := range names {
		q := quoted(name)
		s.exec(conn, fmt.Sprintf("create table %s (id integer primary key, %s text default %s, other integer references %s check (other <> %s))",
			q, q, "'"+strings.ReplaceAll(name, "'", "''")+"'", quoted(names[(i+1)%len(names)]), "'"+strings.ReplaceAll(name, "'", "''")+"'"))
		s.exec(conn, fmt.Sprintf("create index %s on %s (%s)", quoted("ix "+name), q, q))
		s.exec(conn, fmt.Sprintf("create view %s as select id, %s from %s", quoted("v "+name), q, q))
		s.exec(conn, fmt.Sprintf("create trigger %s after delete on %s begin select %s; end", quoted("tr "+name), q,
			"'"+strings.ReplaceAll(name, "'", "''")+"'"))
	}
	for i, name := range names {
		q := quoted(name)
		for _, value := range names {
			if i < 2 || value == name {
				s.exec(conn, fmt.Sprintf("insert into %s (%s) values (?1)", q, q), d1.Str(value))
			}
		}
	}
	return conn
}

func TestHostileNamesAndValuesAreText(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names, plain := hostile, tame()
	if small {
		names, plain = hostile[:8], tame()[:8]
	}
	b := s.as(auth.RoleOwner)
	for at := 0; at < len(names); at += 10 {
		end := min(at+10, len(names))
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			s.t = t
			s.checkHostile(b, fmt.Sprintf("hostile-%d", at), fmt.Sprintf("tame-%d", at), names[at:end], plain[at:end])
		})
	}
}

// checkHostile compares a database of hostile names with its tame twin.
func (s *site) checkHostile(b *browser, hostile, tame string, names, plain []string) {
	t := s.t
	t.Helper()
	s.furnish(hostile, names)
	s.furnish(tame, plain)
	links := linksOf(b.get(paths.Database(hostile)).doc(), paths.Database(hostile))
	for i, name := range names {
		for _, page := range []func(db, name string) string{
			func(db, _ string) string { return paths.Database(db) },
			paths.Table,
			func(db, name string) string { return paths.Table(db, "v "+name) },
			func(db, name string) string { return paths.Structure(db) + "?" + url.Values{"table": {name}}.Encode() },
		} {
			got, want := b.get(page(hostile, name)).is(http.StatusOK), b.get(page(tame, plain[i])).is(http.StatusOK)
			if diff := cmp.Diff(shape(want.doc()), shape(got.doc())); diff != "" {
				t.Errorf("%s isn't made as %s (-want +got):\n%s", got.path, want.path, diff)
			}
		}
		label, _ := textual.Name(name) // what can't be seen has words
		if h := heading(b.get(paths.Table(hostile, name)).doc()); h != strings.Join(strings.Fields(label), " ") {
			t.Errorf("the page of %q is headed %q", name, h)
		}
		for _, path := range []string{paths.Table(hostile, name), paths.Table(hostile, "v "+name)} {
			if !slices.Contains(links, path) {
				t.Errorf("no link leads to %q at %s", name, path)
			}
		}
		console := paths.SQL(hostile)
		literal := "'" + strings.ReplaceAll(name, "'", "''") + "'"
		b.post(console, url.Values{"sql": {"select *, " + literal + " as " + quoted(name) + " from " + quoted(name)}}).is(http.StatusOK, "row")
		b.post(console, url.Values{"sql": {"select " + quoted(name) + ".x from\n" + name}}).is(http.StatusOK)
		b.post(console, url.Values{"sql": {name}, "params": {name}})
	}
	s.crawl(b, []string{paths.Table(hostile, names[0]), paths.Structure(hostile)}, 60)
}

// shape counts the elements of a page by name and attributes. Blanks at the edges
// of a text and its line breaks are marked by <i>, which a tame text doesn't have.
func shape(doc *html.Node) map[string]int {
	counts := map[string]int{}
	for _, e := range nodes(doc) {
		if e.Data == "i" {
			continue
		}
		var names []string
		for _, a := range e.Attr {
			names = append(names, a.Key)
		}
		slices.Sort(names)
		counts[e.Data+" "+strings.Join(names, " ")]++
	}
	return counts
}

func heading(doc *html.Node) string {
	for _, e := range nodes(doc) {
		if e.Data == "h1" {
			return textOf(e)
		}
	}
	return ""
}

func TestOddValuesHavePages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn := s.furnish("odd", []string{"plain"})
	var columns []string
	for i := range 99 {
		columns = append(columns, fmt.Sprintf("c%d text default 'v'", i))
	}
	s.exec(conn, "create table wide (id integer primary key, "+strings.Join(columns, ", ")+")")
	s.exec(conn, "insert into wide (id) values (1)")
	s.exec(conn, "create table vals (k text primary key, v) without rowid")
	size := 1_900_000
	if small {
		size = 200_000
	}
	values := map[string]d1.Value{
		"nul": d1.Str("a\x00<b>"), "invalid": d1.Str("\xff\xfe<i>\xc3"), "large": d1.Str(strings.Repeat("<x>", size/3)),
		"largeblob": d1.BlobOf(strings.Repeat("\x00", size)),
		"int":       d1.Int(-1 << 63), "real": d1.Float(1e308), "blob": d1.BlobOf("<script>"), "empty": d1.Str(""),
		"deep":          d1.Str(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)),
		"\x00\"<k>\xff": d1.Str("x"),
	}
	for _, k := range keys(values) {
		s.exec(conn, "insert into vals values (?1, ?2)", d1.Str(k), values[k])
	}
	b := s.as(auth.RoleOwner)
	b.get("/databases/odd/tables/wide").is(http.StatusOK, "c98")
	b.get("/databases/odd/tables/vals").is(http.StatusOK)
	b.post("/databases/odd/sql", url.Values{"sql": {"select * from vals; select * from wide"}}).is(http.StatusOK)
	b.post("/databases/odd/sql", url.Values{"sql": {"select 1 as \xff\xc3, '\xff', 😀😀😀😀😀😀"}}).is(http.StatusOK)
	seen := s.crawl(b, []string{"/databases/odd/tables/vals", "/databases/odd/tables/wide"}, 100)
	for path := range seen {
		if strings.Contains(path, "/cell?") {
			b.get(strings.Replace(path, "/cell?", "/blob?", 1)).is(http.StatusOK)
		}
	}
}
