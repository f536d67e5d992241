package handlers_test

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/fleet"
)

const onD1 = "/databases/acme-d1"

// filledShop is version 2, with a column whose rows are filled.
var filledShop = strings.NewReplacer(`"version": 1`, `"version": 2`, `"picture": "blob"`, `"picture": "blob", "label": "text fill (name)"`).
	Replace(shop(1))

// walkFree are the pages and actions that need no database.
func (w *callWalk) walkFree() {
	for _, path := range []string{
		"/healthz", "/readyz", "/login", "/", "/?q=acme", "/search/orgs?org=acme", "/help", "/orgs",
		"/orgs/acme", "/orgs/acme/activity", "/orgs/acme/settings", "/databases/new", "/account", "/audit", "/audit.csv", "/schemas",
		"/schemas/new", "/schemas/shop", "/schemas/shop/versions/new", "/schemas/shop/versions/1", "/settings",
	} {
		a := w.b
		if path == "/login" {
			a = w.browser()
		}
		w.costs(http.MethodGet, path, "", func() { a.get(path).is(http.StatusOK) })
	}
	w.get("/search?q=acme", "")
	w.costs(http.MethodGet, "/static/app.css", "", func() { w.b.get(w.fill("/static/*")) })
	w.costs(http.MethodGet, "/setup", "", func() { w.browser().get("/setup") })
	w.costs(http.MethodPost, "/setup", "", func() { w.browser().post("/setup", nil) })
	w.costs(http.MethodPost, "/login", "", func() { w.browser().login("nobody@example.com", "wrong", "") })
	w.act("/orgs", "", url.Values{"org_name": {"Beta"}})
	w.act("/orgs/beta/rename", "", url.Values{"org_name": {"Beta Inc"}})
	w.act("/orgs/beta/delete", "", url.Values{"confirm": {"beta"}, "databases": {"0"}})
	w.act("/schemas", "", url.Values{"source": {strings.Replace(shop(1), `"shop"`, `"other"`, 1)}, "do": {"save"}})
	w.act("/schemas/shop/versions", "", url.Values{"source": {filledShop}, "do": {"save"}})
	w.act("/check", "", nil)
	other := w.as(auth.RoleOwner)
	w.costs(http.MethodPost, "/account/password", "", func() { other.post("/account/password", url.Values{"old": {"x"}}) })
	w.costs(http.MethodPost, "/account/sessions/end", "", func() { other.post("/account/sessions/end", nil) })
	w.costs(http.MethodPost, "/account/sessions/end-all", "", func() { other.post("/account/sessions/end-all", nil) })
	w.costs(http.MethodPost, "/logout", "", func() { other.post("/logout", nil) })
}

func provisionForm(name string) url.Values {
	return form(url.Values{"org": {"acme"}, "name": {name}, "place": {"d1"}, "schema": {"shop"}, "version": {"1"}, "request": {name}})
}

// walkProvision makes databases: one that is followed, one that fails and goes on, one that
// fails and is undone.
func (w *callWalk) walkProvision() {
	w.costs(http.MethodPost, "/databases", "", func() {
		seen, release := w.net.Seen(), w.net.Hold()
		defer release()
		w.b.post("/databases", provisionForm("made-d1")).is(http.StatusSeeOther)
		w.arrives(seen)
		w.get("/databases/made-d1", "being made")
		w.poll("/databases/made-d1", "being made")
		release()
		w.ready("made-d1")
	})
	for _, verb := range []string{"resume", "undo"} {
		name := "to-" + verb
		w.net.Always(front.Quota)
		w.b.post("/databases", provisionForm(name)).is(http.StatusSeeOther)
		w.rests(name)()
		w.net.Always("")
		if verb == "undo" {
			w.act("/databases/"+name+"/undo", "", nil)
			continue
		}
		w.act("/databases/"+name+"/resume", "", nil, w.rests(name))
	}
}

func (w *callWalk) walkRows() {
	const table = onD1 + "/tables/items"
	conn := w.open("acme-d1")
	w.exec(conn, "insert into items (id, name, price, picture) values (1, 'a', 1.0, x'00'), (2, 'b', null, null), "+
		"(3, 'c', 3.5, null), (4, 'd', 1, null)")
	w.exec(conn, "create view cheap as select id, name from items where price < 10")
	w.get(table, "the first after a start")
	w.get(table, "a page of rows")
	w.get(table+"?sort=-price&f=name:contains:a", "a page of rows")
	w.get(onD1+"/tables/cheap", "of a view for the first time")
	w.get(onD1+"/tables/cheap", "a page of rows")
	w.get(table+"/cell?column=name&key="+itemKey(1), "")
	w.get(table+"/blob?column=picture&key="+itemKey(1), "")
	w.get(onD1, "list of tables")
	w.get(onD1+"/tables", "list of tables")
	w.get(onD1+"/structure", "")
	w.get(table+"/rows/new", "")
	w.act(table+"/rows", "", url.Values{"v.id": {"9"}, "as.id": {"value"}, "v.name": {"new"}, "as.name": {"value"}})
	row := w.get(table+"/row?key="+itemKey(1), "").doc()
	edit := url.Values{"key": {itemKey(1)}}
	for _, col := range []string{"id", "name", "price", "data", "picture"} {
		for _, what := range []string{"old", "v", "as"} {
			edit.Set(what+"."+col, value(w.t, row, what+"."+col))
		}
	}
	edit.Set("v.name", "changed")
	w.act(table+"/row", "", edit)
	w.costs(http.MethodPost, table+"/changes", "", func() { w.b.htmx().post(table+"/changes", changes(2, "b", "by hand")).is(http.StatusOK) })
	keys := url.Values{"key": {itemKey(3), itemKey(4)}}
	asked := w.get(table+"/delete?"+keys.Encode(), "").doc()
	w.post(table+"/delete", "asked", merge(keys, url.Values{"do": {"ask"}}), http.StatusOK)
	keys["seen"] = fieldsOf(asked)["seen"]
	w.act(table+"/delete", "answered", keys)
	w.get("/search?q=item&db=acme-d1", "in a database")
	w.poll("/search?q=item&db=acme-d1", "in a database")
	w.get("/search?q=item&db=made-d1", "in a database")
}

func (w *callWalk) walkConsole() {
	const sql = onD1 + "/sql"
	w.get(sql, "console when it opens")
	run := func(words, text string) {
		w.t.Helper()
		w.costs(http.MethodPost, sql, words, func() { w.b.htmx().post(sql, url.Values{"sql": {text}}).is(http.StatusOK) })
	}
	run("one statement that reads", "select 1")
	run("two statements that read", "select 1; select 2")
	w.post(sql+"/writes", "", url.Values{"writes": {"on"}}, http.StatusOK)
	run("a statement that writes", "update items set name = 'z' where id = 1")
	run("that is asked about", "delete from items")
	w.costs(http.MethodPost, sql+"/cancel", "", func() { w.b.post(sql+"/cancel", url.Values{"run": {"x"}}) })
	w.post(sql+"/version", "", url.Values{"sql": {"alter table items add column more text"}}, http.StatusOK)
}

// walkMigrations proposes, rehearses, approves and applies a plan whose fills then run.
func (w *callWalk) walkMigrations() {
	w.get(onD1+"/migrations", "")
	propose := func(version string) (path string, hash url.Values) {
		path = w.act(onD1+"/plans", "", url.Values{"schema": {"shop"}, "version": {version}}).location()
		plans, _, err := w.fleet.Change.Plans.List(w.t.Context(), anOwner, "acme-d1", fleet.Page{Number: 1, Size: 1})
		must(w.t, err)
		return path, url.Values{"hash": {plans[0].Hash}, "confirm": {"acme-d1"}}
	}
	path, hash := propose("2")
	w.act(path+"/reject", "", hash)
	path, hash = propose("2")
	w.get(path, "the page of a plan that waits, and its approval")
	w.act(path+"/rehearse", "", hash, w.rests("acme-d1"))
	w.poll(path+"/rehearsal", "")
	w.act(path+"/approve", "the page of a plan that waits, and its approval", hash)
	set := func(sql string) {
		w.exec(w.control, "update plans set "+sql+" where hash = ?1 and state <> 'rejected'", d1.Str(hash.Get("hash")))
	}
	set("state = 'applying', applied_at = 0, applied_by = 'ada'")
	w.poll(path, "is being applied")
	set("state = 'approved', applied_at = null, applied_by = null")
	plans, _, err := w.fleet.Change.Plans.List(w.t.Context(), anOwner, "acme-d1", fleet.Page{Number: 1, Size: 1})
	must(w.t, err)
	filled := func() { w.fillEnds(plans[0].ID) }
	w.act(path+"/apply", "and filling", hash, w.rests("acme-d1"), filled)
	w.get(path, "was applied")
	set("fill = 'running'")
	w.act(path+"/fill/stop", "", nil)
	w.costs(http.MethodPost, path+"/fill", "", func() {
		seen, release := w.net.Seen(), w.net.Hold()
		defer release()
		w.b.post(path+"/fill", nil).is(http.StatusSeeOther)
		w.arrives(seen)
		w.poll(path, "fills run")
		release()
		filled()
	})
	save := func(version, from, to string) {
		next := strings.NewReplacer(`"version": 2`, `"version": `+version, from, to).Replace(filledShop)
		_, err := w.fleet.Change.Schemas.SaveVersion(w.t.Context(), auth.SystemActor("test"), "shop", next)
		must(w.t, err)
	}
	save("3", `"picture": "blob"`, `"picture": "blob unique"`)
	path, hash = propose("3")
	w.get(path, "whose checks ask the live rows")
	w.act(path+"/approve", "whose checks ask the live rows", hash)
	w.act(path+"/apply", "applying a plan", hash, w.rests("acme-d1"))
	save("4", `"price": "real", "data": "json"`, `"price": "real not null", "data": "json not null"`)
	path, _ = propose("4")
	w.get(path, "that rows stand against")
	for _, again := range []string{path + "/settle", onD1 + "/settle"} {
		w.exec(w.control, "update plans set state = 'applying', decided_at = 1, decided_by = 'ada', "+
			"applied_at = 0, applied_by = 'ada' where id = ?1",
			d1.Str(strings.TrimPrefix(path, "/plans/")))
		must(w.t, w.fleet.Recover(w.t.Context()))
		w.act(again, "", nil)
	}
	w.act(path+"/retry", "", nil)
}

func (w *callWalk) walkBackups() {
	w.get(onD1+"/backups", "")
	w.costs(http.MethodPost, onD1+"/points", "", func() {
		seen, release := w.net.Seen(), w.net.Hold()
		defer release()
		w.b.post(onD1+"/points", nil).is(http.StatusSeeOther)
		w.arrives(seen)
		w.poll(onD1+"/backups", "")
		release()
		w.rests("acme-d1")()
	})
	points, err := w.fleet.Keep.Points.List(w.t.Context(), w.databaseNamed("acme-d1"), fleet.Page{})
	must(w.t, err)
	w.exec(w.open("acme-d1"), "delete from sales")
	moment := w.clock.now().UTC().Format("2006-01-02T15:04:05")
	point, at := url.Values{"point": {points[0].ID}}, url.Values{"at": {moment}}
	confirm := url.Values{"confirm": {"acme-d1"}}
	w.get(onD1+"/points/restore?"+point.Encode(), "back to a point")
	w.get(onD1+"/points/restore?"+at.Encode(), "back to a moment")
	w.act(onD1+"/points/restore", "to a point", merge(point, confirm), w.rests("acme-d1"))
	w.act(onD1+"/points/restore", "to a moment", merge(at, confirm), w.rests("acme-d1"))
	w.act(onD1+"/points/forget", "", point)
}

func (w *callWalk) walkSettings() {
	w.get(onD1+"/settings", "the settings of a database")
	w.act(onD1+"/check", "", nil)
	w.act(onD1+"/replication", "", url.Values{"mode": {"disabled"}})
	w.costs(http.MethodPost, onD1+"/download", "that is made", func() {
		seen, release := w.net.Seen(), w.net.Hold()
		defer release()
		w.b.post(onD1+"/download", nil).is(http.StatusSeeOther)
		w.arrives(seen)
		w.poll(onD1+"/settings", "while something is done", "Region", "API latency") // as D1 said before
		release()
		w.rests("acme-d1")()
	})
	file := w.post(onD1+"/download", "that was made", nil, http.StatusOK)
	w.b.post("/databases", merge(provisionForm("empty-d1"), url.Values{"schema": {""}})).is(http.StatusSeeOther)
	w.ready("empty-d1")
	w.costs(http.MethodPost, "/databases/empty-d1/import", "", func() {
		w.b.upload("/databases/empty-d1/import", "x.db", []byte(file.body)).is(http.StatusSeeOther)
		w.rests("empty-d1")()
	})
}

func (w *callWalk) walkAdoption() {
	id := w.cloud.Add("stranger")
	w.get("/databases/adopt?again=1", "the list of the account's databases")
	w.get("/databases/adopt?q=str", "searched within a minute")
	chosen := url.Values{"id": {id}, "schema": {"shop"}, "org_name": {"Gamma"}}
	w.get("/databases/adopt?"+chosen.Encode(), "a look into")
	w.post("/databases/adopt", "", chosen, http.StatusOK)
}

// walkWhole is what is done to a database as a whole.
func (w *callWalk) walkWhole() {
	const db = "/databases/made-d1"
	named := url.Values{"confirm": {"made-d1"}}
	rests := w.rests("made-d1")
	w.act(db+"/archive", "", named)
	w.get(db, "is archived or deleted")
	w.act(db+"/unarchive", "", nil)
	w.act(db+"/move", "from D1", merge(named, url.Values{"place": {"embedded"}}), rests)
	w.get(db+"/settings", "that was moved away")
	w.act(db+"/let-go", "kept on D1", named, rests)
	w.act(db+"/move", "to D1", merge(named, url.Values{"place": {"d1"}}), rests)
	w.act(db+"/let-go", "kept in the data folder", named, rests)
	w.act(db+"/delete", "", named, rests)
	w.get(db, "is archived or deleted")
	w.act(db+"/revive", "", nil, rests)
}

// walkAccount enters the account on a site that has none.
func (w *callWalk) walkAccount() {
	other := *w
	other.site = newSiteAt(w.t, w.net.URL, account.Credentials{})
	other.b = other.as(auth.RoleOwner)
	typed := url.Values{"account": {front.Account}, "token": {front.Token}}
	both := merge(typed, url.Values{"read_token": {front.ReadToken}})
	const path = "/settings/cloudflare"
	other.post(path+"/test", "with one token", typed, http.StatusOK)
	other.post(path+"/test", "with a reading token", both, http.StatusOK)
	other.act(path, "with one token", typed)
	other.act(path, "with a reading token", both)
	other.act(path+"/forget", "", url.Values{"confirm": {front.Account}})
}
