package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// newCloudSite is a site whose account is real D1 behind a front, with a database
// there; reading says whether there is a reading token.
func newCloudSite(t *testing.T, reading bool) (*site, *front.Front, *browser) {
	t.Helper()
	cloud := front.New(t, front.Options{History: true})
	s, b := siteOn(t, cloud.URL, reading)
	return s, cloud, b
}

// siteOn is a site whose account is reached at an address, with the database acme-d1.
func siteOn(t *testing.T, api string, reading bool, tune ...func(*handlers.Options)) (*site, *browser) {
	t.Helper()
	env := account.Credentials{ID: front.Account, Token: config.NewSecret(front.Token)}
	if reading {
		env.ReadToken = config.NewSecret(front.ReadToken)
	}
	s := newSiteAt(t, api, env, tune...)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	b := s.signedIn(owner)
	b.get("/databases/new").is(http.StatusOK, "Cloudflare D1", "Jurisdiction, on D1")
	b.post("/databases", form(url.Values{"org": {""}, "org_name": {"Acme"}, "name": {"acme-d1"}, "place": {"d1"},
		"jurisdiction": {"eu"}, "replication": {"auto"}, "schema": {"shop"}, "version": {"1"}})).is(http.StatusSeeOther)
	s.ready("acme-d1")
	return s, b
}

// TestWhenCloudflareHangs: every page says so while its answer can still be written, and
// a form says what isn't known.
func TestWhenCloudflareHangs(t *testing.T) {
	t.Parallel()
	x := front.NewFaults(t, front.New(t, front.Options{}))
	s, b := siteOn(t, x.URL, true, func(o *handlers.Options) { o.PageTime, o.FormTime = 3*time.Second, 4*time.Second })
	s.exec(s.open("acme-d1"), "insert into items (id, name, price) values (1, 'a', 1.0)")
	const db = "/databases/acme-d1"
	x.Always(front.HangBefore)
	for _, path := range []string{db, db + "/tables/items", db + "/migrations", "/databases/adopt?again=1"} {
		b.get(path).is(http.StatusServiceUnavailable, "in time", "Nothing was changed") // it hangs for longer than this test runs
	}
	for _, path := range []string{"/", db + "/settings", db + "/backups", "/settings"} { // what is known here is shown all the same
		b.get(path).is(http.StatusOK)
	}
	b.post(db+"/tables/items/rows", url.Values{"v1": {"2"}}).is(http.StatusServiceUnavailable, "in time", "Nothing was changed")
	x.Always("")
	s.eventually("it answers again", func() bool { return b.get(db+"/tables/items").status == http.StatusOK })
}

// calls are the operations that fn made the account answer.
func calls(cloud *front.Front, fn func()) string {
	before := len(cloud.Calls())
	fn()
	var ops []string
	for _, c := range cloud.Calls()[before:] {
		ops = append(ops, c.Op)
	}
	return strings.Join(ops, " ")
}

func TestPagesOfADatabaseOnD1(t *testing.T) {
	t.Parallel()
	s, _, b := newCloudSite(t, true)
	const db = "/databases/acme-d1"
	s.exec(s.open("acme-d1"), "insert into items (id, name, price) values (9007199254740993, 'a', 1.0), (2, 'b', null)")
	s.clock.add(time.Minute)
	b.get(db+"/tables/items").is(http.StatusOK, "9007199254740993", "1.0")
	// A schema that changed is seen at once.
	s.exec(s.open("acme-d1"), "alter table items add column colour text default 'green'")
	s.exec(s.open("acme-d1"), "create table fresh(a)")
	b.get(db+"/tables/items").is(http.StatusOK, "colour", "green")
	s.exec(s.open("acme-d1"), "drop table fresh")
	s.exec(s.open("acme-d1"), "create table fresh2(a)")
	b.get(db+"/tables/fresh2").is(http.StatusOK, "fresh2")
	b.get(db + "/tables/fresh").is(http.StatusNotFound)
	s.exec(s.open("acme-d1"), "alter table items drop column colour")
	if got := b.get(db + "/tables/items").is(http.StatusOK); strings.Contains(got.body, "green") {
		t.Error("a column that is gone is shown")
	}
	b.get(db+"/settings").is(http.StatusOK, "Cloudflare D1", "Region", "eu", "automatic", "API latency", "Switch off")
	off := b.post(db+"/replication", url.Values{"mode": {"disabled"}}).is(http.StatusSeeOther).location()
	b.get(off).is(http.StatusOK, "Switch on", "Read replication is switched off. It takes some hours")
	b.get(b.post(db+"/replication", url.Values{"mode": {"auto"}}).is(http.StatusSeeOther).location()).
		is(http.StatusOK, "Read replication is on.")
	b.get("/").is(http.StatusOK, "D1 · eu")
	b.post(db+"/replication", url.Values{"mode": {"some"}}).is(http.StatusUnprocessableEntity)

	b.get(db+"/backups").is(http.StatusOK, "Time Travel", "D1 keeps every moment for 30 days on paid plans, 7 on the free one")
	b.post(db+"/points", nil).is(http.StatusSeeOther)
	s.exec(s.open("acme-d1"), "delete from items")
	points, err := s.fleet.Keep.Points.List(t.Context(), s.databaseNamed("acme-d1"), fleet.Page{})
	must(t, err)
	for at, words := range map[string]string{
		"yesterday":        "a date and a time in UTC",
		"2999-01-01T00:00": "in the future",
		"2020-01-01T00:00": "longer ago than D1 keeps: 30 days on paid plans, 7 on the free one",
	} {
		b.get(db+"/points/restore?"+url.Values{"at": {at}}.Encode()).is(http.StatusUnprocessableEntity, words, "Put it back to a moment")
	}
	moment := s.clock.now().UTC().Format("2006-01-02T15:04:05")
	if page := b.get(db+"/points/restore?"+url.Values{"at": {moment}}.Encode()).
		is(http.StatusOK, "Every write since then is undone", "Cloudflare ends the statements"); !strings.Contains(page.body,
		`name="at" value="`+moment) {
		t.Error("the form doesn't say which moment")
	}
	if now, _ := s.fleet.Keep.Points.List(t.Context(), s.databaseNamed("acme-d1"), fleet.Page{}); len(now) != len(points) {
		t.Errorf("asking made a point: %+v", now)
	}
	b.post(db+"/points/restore", url.Values{"at": {moment}, "confirm": {"x"}}).is(http.StatusUnprocessableEntity, "Type acme-d1")
	b.post(db+"/points/restore", url.Values{"at": {moment}, "confirm": {"acme-d1"}}).is(http.StatusSeeOther)
	now, _ := s.fleet.Keep.Points.List(t.Context(), s.databaseNamed("acme-d1"), fleet.Page{})
	if len(now) != len(points)+2 { // the moment, and the state before
		t.Errorf("%+v", now)
	}
	b.post(db+"/points/restore", url.Values{"point": {points[0].ID}, "confirm": {"acme-d1"}}).is(http.StatusSeeOther)
	if got := s.text("acme-d1", "select count(*) from items"); got != "2" {
		t.Errorf("put back: %s rows", got)
	}
}

// TestThePaletteFindsTablesWithoutACall: by the names of the schema's version, and once the
// database was read, by what was read.
func TestThePaletteFindsTablesWithoutACall(t *testing.T) {
	t.Parallel()
	s, cloud, b := newCloudSite(t, true)
	s.exec(s.open("acme-d1"), "create table by_hand(a)")
	find := func(text string, words ...string) (a answer) {
		t.Helper()
		if got := calls(cloud, func() { a = b.htmx().get("/search?db=acme-d1&q="+text).is(http.StatusOK, words...) }); got != "" {
			t.Errorf("searching %s takes %q", text, got)
		}
		return a
	}
	find("item", "Tables of acme-d1", "items")
	if strings.Contains(find("by_h").body, "by_hand") {
		t.Error("a table is found that nobody has read of")
	}
	b.get("/databases/acme-d1").is(http.StatusOK)
	find("by_h", "Tables of acme-d1", "by_hand")
	b.post("/databases/acme-d1/archive", url.Values{"confirm": {"acme-d1"}}).is(http.StatusSeeOther)
	if strings.Contains(find("item").body, "Tables of") {
		t.Error("tables of a database that is archived are found")
	}
}

// TestTheConsoleOnD1ReadsOnly tries to write by the reading console, with a reading
// token and without one.
func TestTheConsoleOnD1ReadsOnly(t *testing.T) {
	t.Parallel()
	for name, reading := range map[string]bool{"with a reading token": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, cloud, b := newCloudSite(t, reading)
			const path = "/databases/acme-d1/sql"
			b.get(path).is(http.StatusOK, map[bool]string{
				true:  "enforced by Cloudflare: the reading token",
				false: "each statement is compiled here before it is sent",
			}[reading])
			s.exec(s.open("acme-d1"), "insert into items (id, name, price) values (9007199254740993, 'a', 2.0)")
			viewer := s.as(auth.RoleViewer)
			for _, sql := range []string{"create view tidy as select * from pragma_optimize",
				"create view through as select * from [TIDY]", "create view harmless as select id from items"} {
				s.exec(s.open("acme-d1"), sql)
			}
			for _, view := range []string{"tidy", "through"} {
				if got := calls(cloud, func() {
					viewer.get("/databases/acme-d1/tables/"+view).is(http.StatusUnprocessableEntity, "the view tidy reads pragma_optimize, which writes")
				}); strings.Contains(got, "raw raw") {
					t.Errorf("the view was read: %s", got)
				}
			}
			viewer.get("/databases/acme-d1/tables/harmless").is(http.StatusOK, "9007199254740993")
			viewer.post(path, url.Values{"sql": {"select id, price, name from items"}}).is(http.StatusOK, "9007199254740993", "2.0")
			for _, sql := range []string{
				"delete from items", "with x as (select 1) delete from items", "pragma optimize", "select * from pragma_optimize", "create table x(a)",
				"explain delete from items", "update items set name = 'x' returning *",
			} {
				before := cloud.Calls()
				a := viewer.post(path, url.Values{"sql": {sql}})
				if a.status == http.StatusOK && !strings.Contains(a.body, "Nothing was changed") && !strings.Contains(a.body, "not authorized") &&
					!strings.Contains(a.body, "syntax error") {
					t.Errorf("%s: %s", sql, a.body)
				}
				for _, c := range cloud.Calls()[len(before):] {
					if c.Effect {
						t.Errorf("%s changed something", sql)
					}
				}
			}
			viewer.post(path, url.Values{"sql": {"select nope from items"}}).is(http.StatusOK, "no such column: nope", "line 1, column 8")

			b.post(path+"/writes", url.Values{"writes": {"on"}}).is(http.StatusOK)
			b.post(path, url.Values{"sql": {"update items set name = 'b' where id = 9007199254740993"}}).is(http.StatusOK, "1 row changed")
			b.post(path, url.Values{"sql": {"delete from items"}}).is(http.StatusOK, "Nothing has run yet", "Delete every row of items: 1 row")
			if got := s.text("acme-d1", "select name from items"); got != "b" {
				t.Errorf("%s", got)
			}
		})
	}
}

// TestDatabasesOfTheAccountAreAdopted lists 60, looks into some, and registers them.
func TestDatabasesOfTheAccountAreAdopted(t *testing.T) {
	t.Parallel()
	s, cloud, b := newCloudSite(t, true)
	provider, err := s.account.Provider()
	must(t, err)
	target, err := schema.Parse([]byte(shop(1)))
	must(t, err)
	ids := map[string]string{}
	for _, name := range []string{"exact", "drifted", "empty-one", "new"} {
		ids[name] = cloud.Add(name)
		conn, err := provider.Open(t.Context(), ids[name])
		must(t, err)
		switch name {
		case "exact", "drifted":
			_, err = migrate.Synchronize(t.Context(), conn, target, migrate.Attempt{ID: "x", Actor: "test", At: s.clock.now()})
			must(t, err)
		}
		if name == "drifted" {
			_, err = conn.Query(t.Context(), d1.Exec("alter table items add column by_hand"))
			must(t, err)
		}
	}
	page := b.get("/databases/adopt").is(http.StatusOK, "exact", "drifted", "acme-d1", "not registered", "5 of 5")
	if !strings.Contains(page.body, `href="/databases/acme-d1"`) {
		t.Error("what is registered is not linked")
	}
	if got := calls(cloud, func() { b.get("/databases/adopt?q=exa").is(http.StatusOK, "exact", "1 of 1") }); got != "" {
		t.Errorf("a search takes %q", got)
	}
	if got := calls(cloud, func() { b.get("/databases/adopt?again=1").is(http.StatusOK) }); got != "list" {
		t.Errorf("reading again takes %q", got)
	}
	b.get("/databases/adopt?q=nothing-like-it").is(http.StatusOK, "No database matches")
	b.get("/").is(http.StatusOK, "Adopt")
	chosen := url.Values{"schema": {"shop"}, "id": {ids["exact"], ids["drifted"], ids["empty-one"], ids["new"]}}
	b.get("/databases/adopt?"+chosen.Encode()).
		is(http.StatusOK, "shop v1", "differs", "Add column items.by_hand", "table items is missing", "Adopt 3 databases")
	b.get("/databases/adopt?schema=shop").is(http.StatusUnprocessableEntity, "Choose at least one database to look into")
	b.get("/databases/adopt?id=gone").is(http.StatusNotFound, "no database gone any more")
	many := url.Values{"id": slices.Repeat([]string{ids["exact"]}, 26)}
	b.get("/databases/adopt?"+many.Encode()).is(http.StatusUnprocessableEntity, "At most 25")

	b.post("/databases/adopt", url.Values{"org_name": {"X"}}).is(http.StatusUnprocessableEntity, "Choose at least one")
	b.post("/databases/adopt", chosen).is(http.StatusUnprocessableEntity, "Give the organization a name", "Adopt 3 databases")
	chosen.Set("org_name", "Adopted Inc.")
	b.post("/databases/adopt", chosen).is(http.StatusOK, "3 databases adopted", "is taken by a page of the dashboard")
	if got := s.count("select count(*) from audit where action = 'database.adopt' and org = 'adopted-inc'"); got != 3 {
		t.Errorf("%d entries", got)
	}
	if d := s.databaseNamed("exact"); d.Schema != "shop" || d.Version != 1 || d.ProviderID != ids["exact"] || d.OrgSlug != "adopted-inc" {
		t.Errorf("%+v", d)
	}
	if d := s.databaseNamed("drifted"); d.Schema != "" {
		t.Errorf("%+v", d)
	}
	b.get("/databases/drifted/tables/items").is(http.StatusOK, "by_hand")
	b.post("/databases/adopt", url.Values{"id": {ids["exact"], ids["new"]}, "each": {"on"}}).
		is(http.StatusOK, "0 databases adopted", "registered already, as exact")
	s.as(auth.RoleViewer).get("/databases/adopt").is(http.StatusForbidden)
	s.as(auth.RoleViewer).post("/databases/adopt", chosen).is(http.StatusForbidden)
}

// What keeps a database from D1 stands beside the button, before it is pressed.
func TestSettingsSayWhatD1CantTake(t *testing.T) {
	t.Parallel()
	s, cloud, b := newCloudSite(t, true)
	b.post("/databases", form(url.Values{"org": {""}, "request": {"req-2"}, "org_name": {"Here"}, "name": {"here"},
		"place": {"embedded"}, "schema": {"shop"}, "version": {"1"}})).is(http.StatusSeeOther)
	s.ready("here")
	if page := b.get("/databases/here/settings").is(http.StatusOK, "Move to Cloudflare D1"); strings.Contains(page.body, "virtual table") {
		t.Error("a database without virtual tables is said to have some")
	}
	s.exec(s.open("here"), "create virtual table places using rtree(id, x0, x1)")
	s.exec(s.open("here"), "create virtual table texts using fts5(body, content = '')")
	const words = "The virtual table texts keeps no text that could be read back"
	b.get("/databases/here/settings").is(http.StatusOK, words)
	b.post("/databases/here/move", url.Values{"place": {"d1"}, "confirm": {"here"}}).is(http.StatusUnprocessableEntity, words)
	if made, _ := cloud.Count("create"); made != 1 {
		t.Errorf("%d databases were made on D1", made)
	}
	b.get("/databases/here/tables/places").is(http.StatusOK, "x0")
}

func TestADatabaseIsMovedAndTheOldOneLetGo(t *testing.T) {
	t.Parallel()
	s, cloud, b := newCloudSite(t, true)
	const db = "/databases/acme-d1"
	s.exec(s.open("acme-d1"), "insert into items (id, name, price) values (9007199254740993, 'a', 1.0)")
	b.get(db+"/settings").is(http.StatusOK, "Move to the data folder, embedded")
	move := url.Values{"place": {"embedded"}}
	b.post(db+"/move", move).is(http.StatusUnprocessableEntity, "Type acme-d1")
	s.as(auth.RoleOperator).post(db+"/move", move).is(http.StatusForbidden)
	move.Set("confirm", "acme-d1")
	b.post(db+"/move", move).is(http.StatusSeeOther)
	s.idle("acme-d1")
	b.get(db+"/settings").is(http.StatusOK, "the data folder, embedded", "The old one is kept", "is still in Cloudflare D1",
		"Let the old one go")
	b.get(db+"/tables/items").is(http.StatusOK, "9007199254740993", "1.0")
	b.post(db+"/let-go", url.Values{"confirm": {"acme-d1"}}).is(http.StatusSeeOther)
	if _, gone := cloud.Count("delete"); gone != 1 {
		t.Errorf("%d deleted on D1", gone)
	}
	b.get(db+"/settings").is(http.StatusOK, "Move to Cloudflare D1")
}

// idle waits until nothing is done to a database as a whole.
func (s *site) idle(name string) {
	s.t.Helper()
	s.eventually(name+" is idle", func() bool { return !s.fleet.Fleet.Holds.Work(s.databaseNamed(name).ID).Running() })
}

// upload posts a file.
func (b *browser) upload(path, name string, content []byte) answer {
	b.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	must(b.s.t, err)
	_, err = part.Write(content)
	must(b.s.t, err)
	must(b.s.t, w.Close())
	return b.send(http.MethodPost, path, w.FormDataContentType(), &body)
}

func TestExportAndImportOnBothPlaces(t *testing.T) {
	t.Parallel()
	s, cloud, b := newCloudSite(t, true)
	s.exec(s.open("acme-d1"), "insert into items (id, name, price, picture) values (9007199254740993, 'a', 1.0, x'00ff')")
	b.get("/databases/acme-d1/settings").is(http.StatusOK, "Make a copy to download")
	b.post("/databases/acme-d1/download", nil).is(http.StatusSeeOther)
	s.idle("acme-d1")
	b.get("/databases/acme-d1/settings").is(http.StatusOK, "acme-d1.db", "read ")
	exports, _ := cloud.Count("raw")
	file := b.post("/databases/acme-d1/download", nil).is(http.StatusOK)
	if again, _ := cloud.Count("raw"); again != exports || !strings.HasPrefix(file.body, "SQLite format 3") {
		t.Errorf("%d statements, %d before; %.20q", again, exports, file.body)
	}
	if n := s.count("select count(*) from audit where action = 'database.download'"); n != 1 {
		t.Errorf("%d downloads in the audit log", n)
	}
	for _, place := range []string{"embedded", "d1"} {
		name := "into-" + place
		b.post("/databases", form(url.Values{"org": {"acme"}, "name": {name}, "place": {place}, "schema": {""},
			"request": {name}})).is(http.StatusSeeOther)
		s.ready(name)
		b.get("/databases/"+name+"/settings").is(http.StatusOK, "SQLite file")
		b.upload("/databases/"+name+"/import", "x.db", []byte("no database")).is(http.StatusUnprocessableEntity)
		b.upload("/databases/"+name+"/import", "x.db", []byte(file.body)).is(http.StatusSeeOther)
		s.idle(name)
		if got := s.text(name, "select id || typeof(price) || hex(picture) from items"); got != "9007199254740993real00FF" {
			t.Errorf("%s: %s", name, got)
		}
		b.upload("/databases/"+name+"/import", "x.db", []byte(file.body)).is(http.StatusConflict, "isn't empty")
		if n := s.count("select count(*) from audit where action = 'database.import' and outcome = 'done' and database_name = '" +
			name + "'"); n != 1 {
			t.Errorf("%d imports in the audit log", n)
		}
	}
	s.as(auth.RoleOperator).upload("/databases/into-d1/import", "x.db", []byte(file.body)).is(http.StatusForbidden)
}
