package handlers_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// TestADestructivePlanIsReadRehearsedAcknowledgedAppliedAndRestored is the way of a
// plan that rebuilds a parent and drops a column.
func TestADestructivePlanIsReadRehearsedAcknowledgedAppliedAndRestored(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	s.provision(a, "Acme Inc.", "acme-org-001")
	s.rows("acme-org-001")
	conn := s.open("acme-org-001")
	s.exec(conn, "drop view cheap")
	source := strings.Replace(shop(1), `"version": 1`, `"version": 2`, 1)
	source = strings.Replace(source, `"data": "json"`, `"extra": "json default (json_object())"`, 1)
	source = strings.Replace(source, `"name": "text not null"`, `"name": "text not null", "code": "text"`, 1)
	_, err = s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "shop", source)
	must(t, err)
	b := s.signedIn(owner)

	made := b.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"2"}}).is(http.StatusSeeOther)
	page := made.location()
	b.get(page).is(http.StatusOK, "Rebuild items: ", "items.data", "values of items.data that are lost: 119",
		"rows of items that are written anew: 120", "Acknowledge each by its name")
	plan, _, err := s.fleet.Change.Plans.List(t.Context(), anOwner, "acme-org-001", fleet.Page{Number: 1, Size: 1})
	must(t, err)
	hash := url.Values{"hash": {plan[0].Hash}}
	b.post(page+"/approve", hash).is(http.StatusUnprocessableEntity, "not all of it was acknowledged by name: items.data")
	b.post(page+"/rehearse", hash).is(http.StatusSeeOther)
	b.get(page + "/rehearsal").is(http.StatusSeeOther)
	b.htmx().get(page+"/rehearsal").is(http.StatusOK, "every row of sales is kept")
	b.get(page).is(http.StatusOK, "Rehearsal", "every row of sales is kept", "the schema afterwards is shop v2")
	if n := s.count("select count(*) from audit where action = 'plan.approve'"); n != 0 {
		t.Errorf("%d approvals", n)
	}
	b.post(page+"/approve", url.Values{"hash": hash["hash"], "acknowledge": {"items.data"}}).is(http.StatusSeeOther)
	if n := s.count("select count(*) from audit where action = 'plan.approve' and detail like '%acknowledged: items.data'"); n != 1 {
		t.Error("the acknowledgement isn't recorded")
	}
	b.post(page+"/apply", url.Values{"hash": hash["hash"], "confirm": {"acme-org-001"}}).is(http.StatusSeeOther)
	b.get(page).is(http.StatusOK, "Applied.", "every row of sales is kept", "Restore to before", "Acknowledged by "+owner.Email)
	if got := s.text("acme-org-001", "select (select count(*) from items) || ' ' || (select count(*) "+
		"from sales) || ' ' || (select extra from items where id = 7)"); got != "120 2 {}" {
		t.Errorf("afterwards: %s", got)
	}
	applied, err := s.fleet.Change.Plans.Plan(t.Context(), anOwner, plan[0].ID)
	must(t, err)
	b.post("/databases/acme-org-001/points/restore", url.Values{"point": {applied.Point}, "confirm": {"acme-org-001"}}).is(http.StatusSeeOther)
	if got := s.text("acme-org-001", "select count(data) from items"); got != "119" {
		t.Errorf("restored: %s values of data", got)
	}
}

// TestAPlanTheRowsForbidIsNotApproved shows the rows that stand against it.
func TestAPlanTheRowsForbidIsNotApproved(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	s.provision(a, "Acme Inc.", "acme-org-001")
	s.rows("acme-org-001")
	_, err = s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "shop",
		strings.Replace(strings.Replace(shop(1), `"version": 1`, `"version": 2`, 1), `"price": "real"`, `"price": "real not null"`, 1))
	must(t, err)
	b := s.signedIn(owner)
	page := b.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"2"}}).is(http.StatusSeeOther).location()
	b.get(page).is(http.StatusOK, "rows of items without price: 1", "id: 1", "Give them a value, or the column a default.")
	plan, _, err := s.fleet.Change.Plans.List(t.Context(), anOwner, "acme-org-001", fleet.Page{Number: 1, Size: 1})
	must(t, err)
	b.post(page+"/approve", url.Values{"hash": {plan[0].Hash}}).
		is(http.StatusUnprocessableEntity, "while the rows forbid it: rows of items without price: 1")
	s.exec(s.open("acme-org-001"), "create table by_hand(a)")
	b.get(page).is(http.StatusOK, "Stale.", "The plan from what the database has now")
}

// text is the one value of a statement on a database.
func (s *site) text(db, sql string) string {
	s.t.Helper()
	r, err := s.open(db).Query(s.t.Context(), d1.Query(sql))
	must(s.t, err)
	return r.Rows[0][0].Text()
}

// TestAnExistingDatabaseIsAdopted writes what is there as version 1; a plan to it
// then has nothing to change.
func TestAnExistingDatabaseIsAdopted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	s.provision(a, "Acme Inc.", "acme-org-001")
	s.exec(s.open("acme-org-001"), `create table "odd one"(a integer primary key autoincrement, `+
		`b text collate nocase check (length(b) < 9), unique (b, a)) strict`)
	b := s.signedIn(owner)
	b.get("/databases/acme-org-001/structure").is(http.StatusOK, "Adopt as a schema")
	form := b.get("/schemas/new?from=acme-org-001").is(http.StatusOK, `"odd one"`, "collate nocase", `"@strict": true`)
	_, source, _ := strings.Cut(form.body, `spellcheck="false" rows="24"`)
	_, source, _ = strings.Cut(source, ">")
	source, _, _ = strings.Cut(source, "</textarea>")
	source = html.UnescapeString(source)
	b.post("/schemas", url.Values{"source": {source}, "do": {"save"}}).is(http.StatusSeeOther)
	b.get("/databases/acme-org-001/migrations?schema=acme-org-001").is(http.StatusOK, "The tables are what the schema says.")
	b.get("/schemas/new?from=nothing-there").is(http.StatusNotFound)
}

// TestDDLBecomesAVersion takes what was typed in the console to the editor, renames
// as renames, and what nobody manages stays out.
func TestDDLBecomesAVersion(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	s.provision(a, "Acme Inc.", "acme-org-001")
	s.rows("acme-org-001")
	s.exec(s.open("acme-org-001"), "create table by_hand(a)")
	b := s.signedIn(owner)
	sql := "/databases/acme-org-001/sql"
	b.get(sql).is(http.StatusOK, "Make this DDL a plan")
	form := b.post(sql+"/version", url.Values{"sql": {"alter table items rename column name to title;\n" +
		"create table tags(id integer primary key, item_id integer references items(id));\nalter table sales rename to orders"}})
	form.is(http.StatusOK, "shop v2", "Rename column items.name to title", "Create table tags", "Rename table sales to orders",
		`"version": 2`, "was name")
	if strings.Contains(form.body, "by_hand") {
		t.Error("a table that nobody manages is in the version")
	}
	_, source, _ := strings.Cut(form.body, `spellcheck="false" rows="24"`)
	_, source, _ = strings.Cut(source, ">")
	source, _, _ = strings.Cut(source, "</textarea>")
	b.post("/schemas/shop/versions", url.Values{"source": {html.UnescapeString(source)}, "do": {"save"}}).is(http.StatusSeeOther)
	b.get("/databases/acme-org-001/migrations?schema=shop&version=2").
		is(http.StatusOK, "Rename table sales to orders", "Create table tags", "left alone").holds("by_hand")
	for text, words := range map[string]string{
		"":                           "There is no statement",
		"delete from items":          "Statement 1 is none that a schema can say",
		"create table x as select 1": "Statement 1 is none that a schema can say",
		"create table ok(a); alter table z rename to y": "Statement 2: SQLite says: no such table: z",
		"create table items(a)":                         "already exists",
	} {
		b.post(sql+"/version", url.Values{"sql": {text}}).is(http.StatusUnprocessableEntity, words)
	}
	if got := s.text("acme-org-001", "select count(name) from items"); got != "120" {
		t.Error("the database was touched")
	}
}

// TestAFindingIsOverriddenWithAReason approves a rename, which breaks running code.
func TestAFindingIsOverriddenWithAReason(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	owner := s.operator(auth.RoleOwner)
	a := ownerActor(owner)
	_, err := s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "", shop(1))
	must(t, err)
	s.provision(a, "Acme Inc.", "acme-org-001")
	_, err = s.fleet.Change.Schemas.SaveVersion(t.Context(), a, "shop",
		strings.Replace(strings.Replace(shop(1), `"version": 1`, `"version": 2`, 1), `"price": "real"`, `"cost": "real was price"`, 1))
	must(t, err)
	b := s.signedIn(owner)
	page := b.post("/databases/acme-org-001/plans", url.Values{"schema": {"shop"}, "version": {"2"}}).is(http.StatusSeeOther).location()
	b.get(page).is(http.StatusOK, "CP101", "Why it may be done all the same")
	plan, _, err := s.fleet.Change.Plans.List(t.Context(), anOwner, "acme-org-001", fleet.Page{Number: 1, Size: 1})
	must(t, err)
	form := url.Values{"hash": {plan[0].Hash}, "finding": {"CP101 items.cost"}, "reason": {" "}}
	b.post(page+"/approve", form).is(http.StatusUnprocessableEntity, "CP101 items.cost")
	form.Set("reason", "the code reads both since Monday")
	b.post(page+"/approve", form).is(http.StatusSeeOther)
	b.get(page).is(http.StatusOK, "Overridden by "+owner.Email+": the code reads both since Monday")
	if n := s.count("select count(*) from audit where action = 'plan.approve' " +
		"and instr(detail, 'overridden: CP101 items.cost: the code reads both since Monday')"); n != 1 {
		t.Error("the reason isn't recorded")
	}
}
