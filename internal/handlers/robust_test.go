package handlers_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/house"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/textual"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// noProvider is a provider that can't be asked anything: every call is a panic.
type noProvider struct{ d1.Provider }

// withoutEngine serves the site's pages from what is remembered alone.
func (s *site) withoutEngine() {
	s.t.Helper()
	o := s.server.Options
	o.House = house.New(s.store, fleet.EmbeddedOnly{Engine: noProvider{}}, o.Log, s.clock.now)
	s.t.Cleanup(o.House.Close)
	server := httptest.NewServer(handlers.New(o).Handler())
	s.t.Cleanup(server.Close)
	s.url = server.URL
}

// crowd remembers n databases, in every state and health, of two schemas and of
// none, and n / 4 organizations.
func (s *site) crowd(n int) {
	s.t.Helper()
	for _, name := range []string{"shop", "depot"} {
		for v := 1; v <= 3; v++ {
			_, err := s.fleet.Change.Schemas.SaveVersion(s.t.Context(), auth.SystemActor("test"), "",
				strings.Replace(shop(v), `"name": "shop"`, `"name": "`+name+`"`, 1))
			must(s.t, err)
		}
	}
	numbers := fmt.Sprintf("with recursive n(i) as (select 0 union all select i + 1 from n where i < %d) ", n-1)
	at := s.clock.now().UnixMilli()
	s.exec(s.control, fmt.Sprintf(`insert into organizations (id, slug, name, created_at, created_by, deleted_at) %s
		select 'o' || i, 'org-' || i, 'Org & <Son> ' || i, %d + i, 'test', iif(i %% 40 = 39, %[2]d, null) from n where i < %d`, numbers, at, n/4))
	s.exec(s.control, fmt.Sprintf(`insert into databases
		(id, name, org_id, org_slug, org_name, provider, provider_id, schema_name, schema_version, location, state,
		 created_at, created_by, updated_at, archived_at, deleted_at, purge_at, health, checked_at, size, table_count) %s
		select 'd' || i, printf('db-%%05d', i * 7919 %% %d), 'o' || (i %% %d), 'org-' || (i %% %[3]d), 'Org & <Son> ' || (i %% %[3]d),
			'embedded', 'p' || i,
			case i %% 7 when 0 then null when 1 then 'depot' else 'shop' end, iif(i %% 7 = 0, 0, 1 + i %% 3),
			case i %% 3 when 0 then 'weur' when 1 then 'enam' end,
			case when i %% 97 = 0 then 'failed' when i %% 101 = 0 then 'interrupted' when i %% 89 = 0 then 'provisioning' else 'ready' end,
			%d + i * 7919 %% %[2]d, 'test', 0,
			iif(i %% 50 = 1 and i %% 97 and i %% 101 and i %% 89, %[4]d, null),
			iif(i %% 60 = 2 and i %% 97 and i %% 101 and i %% 89, %[4]d, null), iif(i %% 60 = 2, %[4]d, null),
			case i %% 11 when 0 then null when 1 then 'drifted' when 2 then 'unreachable' else 'ok' end,
			iif(i %% 11, %[4]d - i * 1000, null), iif(i %% 11, i * 7919 %% 5000000, null), 3
		from n`, numbers, n, n/4, at))
}

const (
	inUse  = "archived_at is null and deleted_at is null"
	usable = inUse + " and state = 'ready'"
	newest = "(select latest from schemas where name = schema_name)"
)

// fleetFilters are the list's filters, each with what it means in SQL.
var fleetFilters = map[string]string{
	"":                    inUse,
	"status=in-sync":      usable + " and schema_version > 0 and schema_version = " + newest + " and (health is null or health = 'ok')",
	"status=behind":       usable + " and schema_version > 0 and schema_version < " + newest + " and (health is null or health = 'ok')",
	"status=drifted":      usable + " and schema_version > 0 and health = 'drifted'",
	"status=unreachable":  usable + " and health = 'unreachable'",
	"status=no-schema":    usable + " and schema_version = 0 and health is not 'unreachable'",
	"status=failing":      inUse + " and (state in ('failed', 'interrupted') or state = 'ready' and health = 'unreachable')",
	"status=provisioning": inUse + " and state = 'provisioning'",
	"status=failed":       inUse + " and state = 'failed'",
	"status=interrupted":  inUse + " and state = 'interrupted'",
	"status=archived":     "archived_at is not null and deleted_at is null",
	"status=deleted":      "deleted_at is not null",
	"schema=depot":        inUse + " and schema_name = 'depot'",
	"org=org-7":           inUse + " and org_slug = 'org-7'",
	"q=B-0009":            inUse + " and (name like '%b-0009%' or org_name like '%b-0009%')",
	"q=%26+%3Cson%3E+1":   inUse + " and org_name like '%& <son> 1%'",
	"status=behind&q=son+2": usable + " and schema_version > 0 and schema_version < " + newest +
		" and (health is null or health = 'ok') and org_name like '%son> 2%' and 0",
}

// fleetSorts are its orders.
var fleetSorts = map[string]string{
	"name": "name", "org": "org_name, name", "schema": "schema_name, schema_version, name",
	"location": "provider, jurisdiction, location, name", "created": "created_at, name",
	"status": "state, health, schema_version, name", "size": "size, name", "checked": "checked_at, name",
	"-name": "name desc", "-org": "org_name desc, name desc",
	"-status": "state desc, health desc, schema_version desc, name desc", "-size": "size desc, name desc",
}

func TestTheFleetOfTenThousandIsListedRight(t *testing.T) {
	t.Parallel()
	n := 10_000
	if small {
		n = 1000
	}
	s := newSite(t)
	b := s.as(auth.RoleOwner)
	s.crowd(n)
	s.withoutEngine()
	for filter, where := range fleetFilters {
		s.checkList(b, filter, where, "name")
	}
	for sort, order := range fleetSorts {
		s.checkList(b, "sort="+sort, inUse, order)
		s.checkList(b, "status=behind&sort="+sort, fleetFilters["status=behind"], order)
	}
	s.checkStats(b.get("/"))
	orgs := s.count("select count(*) from organizations where deleted_at is null")
	pages := (orgs + 49) / 50
	b.get(fmt.Sprintf("/orgs?page=%d", pages)).is(http.StatusOK, textual.Count(orgs))
	b.get(fmt.Sprintf("/orgs?page=%d", pages+1)).is(http.StatusNotFound)
	b.get("/orgs/org-7").is(http.StatusOK, "Org & <Son> 7")
	b.get("/search?q=db-00077").is(http.StatusOK, "db-00077")
	b.get("/schemas").is(http.StatusOK, "depot")
}

// checkList compares the first and the last page of a list, and what is behind it,
// with the rows themselves.
func (s *site) checkList(b *browser, query, where, order string) {
	s.t.Helper()
	total := int(s.count("select count(*) from databases where " + where))
	last := max(1, (total+49)/50)
	for _, page := range slices.Compact([]int{1, last}) {
		a := b.get(fmt.Sprintf("/?page=%d&%s", page, query)).is(http.StatusOK)
		r, err := s.control.Query(s.t.Context(),
			d1.Query(fmt.Sprintf("select name from databases where %s order by %s limit 50 offset %d", where, order, (page-1)*50)))
		must(s.t, err)
		var want, got []string
		for _, row := range r.Rows {
			want = append(want, row[0].Text())
		}
		doc := a.doc()
		for _, e := range nodes(doc) {
			if e.Data == "td" && attr(e, "class") == "mono name" {
				got = append(got, textOf(e))
			}
		}
		if !slices.Equal(got, want) {
			s.t.Errorf("%s: shows %q, want %q", a.path, got, want)
		}
		words := "of " + textual.Count(total)
		if total == 0 {
			words = "No database matches"
		}
		if !strings.Contains(textOf(doc), words) {
			s.t.Errorf("%s: %q is not on the page", a.path, words)
		}
	}
	b.get(fmt.Sprintf("/?page=%d&%s", last+1, query)).is(http.StatusNotFound)
}

// checkStats compares the numbers above the list with the rows themselves.
func (s *site) checkStats(a answer) {
	s.t.Helper()
	got := map[string]string{}
	for _, e := range nodes(a.doc()) {
		if attr(e, "class") == "stat" {
			number, text, _ := strings.Cut(textOf(e), " ")
			got[text] = number
		}
	}
	for text, filter := range map[string]string{
		"databases": "", "in sync": "status=in-sync", "behind": "status=behind", "drifted": "status=drifted",
		"failed or unreachable": "status=failing",
	} {
		if want := textual.Count(s.count("select count(*) from databases where " + fleetFilters[filter])); got[text] != want {
			s.t.Errorf("%s %s, want %s: %v", got[text], text, want, got)
		}
	}
	totals, err := s.fleet.Fleet.Totals(s.t.Context(), anOwner)
	must(s.t, err)
	count := func(filter string) int {
		return int(s.count("select count(*) from databases where " + fleetFilters[filter]))
	}
	want := fleet.Totals{
		Databases: count(""), Orgs: int(s.count("select count(*) from organizations where deleted_at is null")),
		InSync: count("status=in-sync"), Behind: count("status=behind"), Drifted: count("status=drifted"),
		Unreachable: count("status=unreachable"),
		Failed:      count("status=failed") + count("status=interrupted"), Provisioning: count("status=provisioning"),
		NoSchema: count("status=no-schema"),
		Archived: count("status=archived"), Deleted: count("status=deleted"), Size: s.count("select sum(size) from databases where " + inUse),
	}
	if totals != want { // some were never checked, so there is no oldest check
		s.t.Errorf("totals %+v, want %+v", totals, want)
	}
	s.exec(s.control, "update databases set checked_at = 1000 + rowid where checked_at is null")
	totals, err = s.fleet.Fleet.Totals(s.t.Context(), anOwner)
	must(s.t, err)
	if oldest := s.count("select min(checked_at) from databases where " + usable); totals.Oldest.UnixMilli() != oldest {
		s.t.Errorf("the oldest check is of %v, want %d", totals.Oldest, oldest)
	}
}

// bare provisions a database without a schema.
func (s *site) bare(name string) d1.Conn {
	s.t.Helper()
	owner := s.operator(auth.RoleOwner)
	_, err := s.fleet.Provision.Start(s.t.Context(), ownerActor(owner),
		provision.Input{OrgName: name, Name: name})
	must(s.t, err)
	s.ready(name)
	return s.open(name)
}

// cellSize is nearly the 2 MB that D1 allows a value.
const cellSize = 1_900_000

func TestWideTablesAndLargeCells(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	conn := s.bare("wide")
	names, columns := []string{"id", "body", "raw"}, []string{"id integer primary key"}
	for i := 1; i < 98; i++ {
		names = append(names, fmt.Sprintf("c%d", i))
		columns = append(columns, fmt.Sprintf("c%d text default 'v%[1]d'", i))
	}
	s.exec(conn, "create table wide ("+strings.Join(append(columns, "body text", "raw blob"), ", ")+")")
	body, raw := strings.Repeat("<é> \"x\"\n", cellSize/9), strings.Repeat("\x00<\xff", cellSize/3)
	for id := range int64(40) {
		s.exec(conn, "insert into wide (id, body) values (?1, ?2)", d1.Int(2*id), d1.Str(body))
		s.exec(conn, "insert into wide (id, raw) values (?1, ?2)", d1.Int(2*id+1), d1.BlobOf(raw))
	}
	b, table := s.as(auth.RoleOwner), paths.Table("wide", "wide")
	bounded := func(a answer) answer {
		t.Helper()
		if a.is(http.StatusOK); len(a.body) > 1_000_000 {
			t.Errorf("%s: a page of %d bytes", a.path, len(a.body))
		}
		return a
	}
	bounded(b.get(table)).is(http.StatusOK, "c97", "v1", "80 rows", fmt.Sprintf("%d of 100 columns", browse.DefaultColumns))
	bounded(b.get(table+"?cols="+strings.Join(names, ","))).is(http.StatusOK, "v97", "80 rows", "BLOB over 256 B", "<é> \"x\"").holds("raw")
	bounded(b.get(paths.Structure("wide"))).is(http.StatusOK, "c97")
	bounded(b.post(paths.SQL("wide"), url.Values{"sql": {"select * from wide"}})).is(http.StatusOK, "v97")
	bounded(b.get(table+"/rows/new")).is(http.StatusOK, "c97")
	bounded(b.get(table + "/delete?key=" + key(0) + "&key=" + key(1)))
	for id, want := range map[int64]string{0: body, 1: raw} {
		column := map[int64]string{0: "body", 1: "raw"}[id]
		doc := bounded(b.get(paths.Row("wide", "wide") + "?key=" + key(id))).doc()
		sent := fieldsOf(doc)
		sent.Set(views.FieldName("v", "c50"), "changed")
		bounded(b.post(paths.Row("wide", "wide"), merge(sent, url.Values{"do": {"sql"}}))).is(http.StatusOK, `"c50" = 'changed'`)
		b.post(paths.Row("wide", "wide"), sent).is(http.StatusSeeOther)
		r, err := conn.Query(t.Context(), d1.Query("select c49, c50, c51, "+column+" from wide where id = ?1", d1.Int(id)))
		must(t, err)
		if row := r.Rows[0]; row[0].Text() != "v49" || row[1].Text() != "changed" || row[2].Text() != "v51" || row[3].Text() != want {
			t.Errorf("row %d is %q, %q, %q and %d bytes of %s", id, row[0].Text(), row[1].Text(), row[2].Text(), row[3].Len(), column)
		}
		if a := b.get(paths.Blob("wide", "wide", key(id), column)).is(http.StatusOK); a.body != want {
			t.Errorf("%d bytes of %s were downloaded", len(a.body), column)
		}
	}
	shown := 256_000 / 9 // see TestALongCellIsShownInPart
	if got := strings.Count(bounded(b.get(paths.Cell("wide", "wide", key(0), "body"))).body, "é"); got != shown && got != shown+1 {
		t.Errorf("the page of the cell has %d é of %d", got, shown)
	}
	b.get(paths.Cell("wide", "wide", key(1), "raw")).is(http.StatusOK, "A BLOB is not shown")
	// A large value is typed over by a large value.
	sent := fieldsOf(b.get(paths.Row("wide", "wide") + "?key=" + key(2)).doc())
	other := strings.Repeat("y", cellSize)
	sent.Set(views.FieldName("v", "body"), other)
	sent.Set(views.FieldName("as", "body"), "value")
	b.post(paths.Row("wide", "wide"), sent).is(http.StatusSeeOther)
	r, err := conn.Query(t.Context(), d1.Query("select body from wide where id = 2"))
	must(t, err)
	if r.Rows[0][0].Text() != other {
		t.Errorf("the new value has %d bytes", r.Rows[0][0].Len())
	}
}

func TestADatabaseOfAThousandTables(t *testing.T) {
	t.Parallel()
	n := 1000
	if small {
		n = 100
	}
	s := newSite(t)
	for v := 1; v <= 2; v++ {
		_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), auth.SystemActor("test"), "", shop(v))
		must(t, err)
	}
	s.provision(auth.SystemActor("test"), "Many", "many")
	conn := s.open("many")
	var ss []d1.Stmt
	for i := range n {
		parent := ""
		if i > 0 {
			parent = fmt.Sprintf(" references t%04d", i-1)
		}
		ss = append(ss, d1.Exec(fmt.Sprintf("create table t%04d (id integer primary key, name text not null, parent integer%s)", i, parent)),
			d1.Exec(fmt.Sprintf("create index t%04d_name on t%04[1]d (name)", i)))
	}
	for chunk := range slices.Chunk(ss, 100) {
		_, err := conn.Batch(t.Context(), chunk)
		must(t, err)
	}
	last := fmt.Sprintf("t%04d", n-1)
	b := s.as(auth.RoleOwner)
	links := linksOf(b.get(paths.Database("many")).is(http.StatusOK, textual.Count(n+2)+" tables").doc(), paths.Database("many"))
	for i := range n {
		if path := paths.Table("many", fmt.Sprintf("t%04d", i)); !slices.Contains(links, path) {
			t.Fatalf("no link to %s", path)
		}
	}
	for _, a := range []answer{
		b.get(paths.Table("many", last)), b.get(paths.Structure("many") + "?table=" + last), b.get(paths.SQL("many")),
		b.get(paths.Table("many", last) + "/rows/new"), b.get(paths.Migrations("many")), b.get(paths.Settings("many")),
		b.post(paths.SQL("many"), url.Values{"sql": {"select count(*) as tables from sqlite_master where type = 'table'"}}),
	} {
		if a.is(http.StatusOK); len(a.body) > 1_000_000 {
			t.Errorf("%s: a page of %d bytes", a.path, len(a.body))
		}
	}
	b.get(paths.SQL("many")).holds(last)
	b.get("/search?db=many&q="+last).is(http.StatusOK, "Tables of many", last)
	b.post(paths.Rows("many", last), url.Values{"v.name": {"first"}, "as.name": {"value"}}).is(http.StatusSeeOther)
	b.get(paths.Table("many", last)).is(http.StatusOK, "first")
	d, err := s.fleet.Health.Check(t.Context(), auth.SystemActor("test"), "many")
	must(t, err)
	if d.Health != fleet.HealthOK || d.Tables < n+2 || d.Version != 1 {
		t.Errorf("the check says %s, %d tables, v%d: %s", d.Health, d.Tables, d.Version, d.HealthDetail)
	}
}
