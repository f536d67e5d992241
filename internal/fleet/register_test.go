package fleet_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/provision"
)

// mute refuses to look into some databases.
type mute struct {
	d1.Provider
	ids []string
}

func (m *mute) Visit(ctx context.Context, id string) (d1.Conn, error) {
	if slices.Contains(m.ids, id) {
		return nil, fault.New(fault.Unavailable, "It does not answer.")
	}
	return m.Provider.Visit(ctx, id)
}

// found puts a database that has existed for long into the account.
func (w *world) found(cloud *front.Front, name string, sql ...string) string {
	w.t.Helper()
	id := cloud.Add(name)
	for _, s := range sql {
		w.other(id, s)
	}
	return id
}

const (
	usersOne = `create table users (id integer primary key, email text not null)`
	usersTwo = `create table users (id integer primary key, email text not null, role text not null default 'member')`
)

func TestThirtyDatabasesOfTheAccountAreAdopted(t *testing.T) {
	w, cloud := newCloudWorld(t)
	ctx := t.Context()
	var ids []string
	for i := range 30 {
		ids = append(ids, w.found(cloud, fmt.Sprintf("shop-%02d", i)))
	}
	w.other(ids[0], usersTwo)
	w.other(ids[1], usersOne)
	w.other(ids[2], "create table users (id integer primary key)")
	for _, sql := range []string{usersTwo, "create table theirs(a)"} { // which the schema doesn't name
		w.other(ids[3], sql)
	}

	before := len(cloud.Calls())
	page, err := w.Provision.Adoptions.AccountDatabases(ctx, ada, "SHOP", fleet.Page{Number: 2, Size: 20}, false)
	if list := page.Databases; err != nil || page.Total != 30 || len(list) != 10 || list[0].Name != "shop-20" || list[0].Known != "" ||
		page.Read.IsZero() {
		t.Fatalf("%v %+v", err, page)
	}
	if page, err := w.Provision.Adoptions.AccountDatabases(ctx, ada, "-29", fleet.Page{Number: 1, Size: 20}, false); err != nil ||
		page.Total != 1 {
		t.Errorf("%v %d", err, page.Total)
	}
	if got := len(cloud.Calls()) - before; got != 1 {
		t.Errorf("two pages took %d calls", got)
	}
	if _, err := w.Provision.Adoptions.Examine(ctx, ada, ids[:26], ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("26 at once: %v", err)
	}
	if _, err := w.Provision.Adoptions.Examine(ctx, ada, []string{"gone"}, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("of another account: %v", err)
	}
	if _, err := w.Provision.Adoptions.Examine(ctx, ada, ids[:1], "nope"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown schema: %v", err)
	}

	w.places(func(p places) places { p.cloud = &mute{p.cloud, []string{ids[4]}}; return p })
	found, err := w.Provision.Adoptions.Examine(ctx, ada, ids[:6], "app")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		version int
		detail  string
		unread  bool
	}{{version: 2}, {version: 1}, {detail: "against app v1: Drop column users.email"}, {version: 2},
		{detail: "It does not answer.", unread: true}, {detail: "table users is missing"}} {
		if x := found[i]; x.Version != want.version || !strings.Contains(strings.ToLower(x.Detail), strings.ToLower(want.detail)) ||
			x.Unread != want.unread {
			t.Errorf("%s: %+v", x.Name, x)
		}
	}
	if found[3].Tables != 2 || found[0].Size == 0 {
		t.Errorf("%+v", found)
	}

	// Two are adopted into a new organization, one that doesn't answer is left, the rest
	// each with one of its own.
	done, err := w.Provision.Adoptions.Register(ctx, ada,
		provision.RegisterInput{IDs: []string{ids[4], ids[0], ids[1]}, Schema: "app", OrgName: "Shops"})
	if err != nil || len(done) != 3 || done[0].Error == "" || done[1].Error != "" || done[2].Error != "" {
		t.Fatalf("%v %+v", err, done)
	}
	for name, version := range map[string]int{"shop-00": 2, "shop-01": 1} {
		if d := w.database(name); d.OrgSlug != "shops" || d.Version != version || d.Schema != "app" || d.Health != fleet.HealthOK ||
			d.Provider != fleet.D1 {
			t.Errorf("%+v", d)
		}
	}
	// to one that is there
	if done, err = w.Provision.Adoptions.Register(ctx, ada, provision.RegisterInput{IDs: []string{ids[2]}, Org: "shops"}); err != nil ||
		done[0].Error != "" {
		t.Fatalf("%v %+v", err, done)
	}
	for i := 5; i < 30; i += 25 {
		if done, err = w.Provision.Adoptions.Register(ctx, ada,
			provision.RegisterInput{IDs: ids[i:min(30, i+25)], EachItsOwn: true}); err != nil {
			t.Fatal(err)
		}
		for _, d := range done {
			if d.Error != "" {
				t.Errorf("%+v", d)
			}
		}
	}
	if totals, err := w.Fleet.Totals(ctx, ada); err != nil || totals.Databases != 28 || totals.Orgs != 26 {
		t.Errorf("%+v %v", totals, err)
	}
	w.value("shop-29", "select 1")
	again, err := w.Provision.Adoptions.Register(ctx, ada, provision.RegisterInput{IDs: ids[:1], Org: "shops"})
	if err != nil || !strings.Contains(again[0].Error, "registered already, as shop-00") {
		t.Errorf("twice: %v %+v", err, again)
	}
	if writes := effects(cloud); writes != "" {
		t.Errorf("adopting wrote: %s", writes)
	}
}

// effects are the calls of a front that changed something, but for what the test wrote.
func effects(cloud *front.Front) string {
	var out []string
	for _, c := range cloud.Calls() {
		if c.Effect && c.Op != "raw" {
			out = append(out, c.Op)
		}
	}
	return strings.Join(out, " ")
}

// TestWhatIsAgainstAnAdoption: each has its reason, and nothing is half adopted.
func TestWhatIsAgainstAnAdoption(t *testing.T) {
	w, cloud := newCloudWorld(t)
	ctx := t.Context()
	w.provision(provision.Input{OrgName: "Taken", Name: "taken", Request: "f"})
	ids := []string{w.found(cloud, "taken"), w.found(cloud, "new"), w.found(cloud, strings.Repeat("long-", 12)+"name")}
	found, err := w.Provision.Adoptions.Examine(ctx, ada, ids, "")
	must(t, err)
	done, err := w.Provision.Adoptions.Register(ctx, ada, provision.RegisterInput{IDs: ids, EachItsOwn: true})
	must(t, err)
	for i, want := range []string{"taken", "page of the dashboard", ""} {
		if got := done[i].Error; (got == "") != (want == "") || !strings.Contains(got, want) || got != found[i].Against {
			t.Errorf("%s: %s, and looked into: %s", done[i].Name, got, found[i].Against)
		}
	}
	if orgs, n, _ := w.Fleet.Orgs.List(ctx, ada, "", fleet.Page{Number: 1, Size: 9}); n != 2 {
		t.Errorf("%+v", orgs)
	}
	for field, in := range map[string]provision.RegisterInput{
		"org": {IDs: ids[2:], Org: "nope"}, "org_name": {IDs: ids[2:], Org: "taken", OrgName: "Both"}, "": {},
	} {
		if _, err := w.Provision.Adoptions.Register(ctx, ada, in); !fault.Is(err, fault.Invalid) || fault.FieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// TestTheListIsOfTheAccountThatIsSetUp: another account's databases are not shown.
func TestTheListIsOfTheAccountThatIsSetUp(t *testing.T) {
	w, one := newCloudWorld(t)
	w.found(one, "of-one")
	two := front.New(t, front.Options{})
	two.Add("of-two")
	p, err := rest.New(rest.Options{
		Account: front.Account, Token: front.Token, BaseURL: two.URL, Dir: t.TempDir(), Poll: time.Millisecond,
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	must(t, err)
	now := &changing{places{w.engine, w.cloud}}
	w.at(now)
	for _, want := range []string{"of-one", "of-two"} {
		page, err := w.Provision.Adoptions.AccountDatabases(t.Context(), ada, "", fleet.Page{Number: 1, Size: 9}, false)
		if err != nil || page.Total != 1 || page.Databases[0].Name != want {
			t.Errorf("%v %+v, want %s", err, page, want)
		}
		now.cloud = p
	}
}

// changing is another account from one moment to the next.
type changing struct{ places }
