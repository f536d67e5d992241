package handlers_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
)

func TestTheAccountIsSetUpTestedAndTakenAway(t *testing.T) {
	t.Parallel()
	cloud := front.New(t, front.Options{})
	s := newSiteAt(t, cloud.URL, account.Credentials{})
	b := s.as(auth.RoleOwner)
	b.get("/settings").is(http.StatusOK, "not set up: every database lives in the data folder")
	for _, role := range []auth.Role{auth.RoleAdmin, auth.RoleOperator, auth.RoleViewer} {
		s.as(role).get("/settings").is(http.StatusForbidden)
	}

	// What is typed is tested before it is saved.
	typed := url.Values{"account": {front.Account}, "token": {front.ReadToken}}
	b.post("/settings/cloudflare/test", typed).
		is(http.StatusOK, "something is missing", "what was typed is not saved: type it again", "D1 Edit", "The token may only read D1.")
	typed.Set("token", "no-token-of-anybody")
	b.post("/settings/cloudflare/test", typed).is(http.StatusOK, "accept the token. Make a new one")
	typed.Set("token", front.Token)
	typed.Set("read_token", front.Token)
	b.post("/settings/cloudflare/test", typed).is(http.StatusOK, "The reading token may also write")
	typed.Set("read_token", front.ReadToken)
	b.post("/settings/cloudflare/test", typed).is(http.StatusOK, "everything is as it should be", "change anything.")
	if _, effects := cloud.Count("edit"); effects != 0 {
		t.Error("a test changed something")
	}

	// What Cloudflare doesn't accept isn't saved either.
	for field, bad := range map[string]url.Values{
		"may only read D1":                 {"account": {front.Account}, "token": {front.ReadToken}},
		"accept the token":                 {"account": {front.Account}, "token": {"no-token-of-anybody"}},
		"Check the account":                {"account": {strings.Repeat("0", 32)}, "token": {front.Token}},
		"The reading token may also write": {"account": {front.Account}, "token": {front.Token}, "read_token": {front.Token}},
		"accept the reading token":         {"account": {front.Account}, "token": {front.Token}, "read_token": {"nobody's"}},
		"32 hexadecimal digits":            {"account": {"xyz"}, "token": {front.Token}},
	} {
		b.post("/settings/cloudflare", bad).is(http.StatusUnprocessableEntity, field)
	}
	if s.account.State().ID != "" {
		t.Error("it was saved")
	}
	b.post("/settings/cloudflare", typed).is(http.StatusSeeOther)
	page := b.get("/settings").is(http.StatusOK, "set up by", "There is one; left empty, it stays.", "Take the account away")
	for _, secret := range []string{front.Token, front.ReadToken} {
		if strings.Contains(page.body, secret) {
			t.Error("a token is on the page")
		}
		if n := s.count("select count(*) from cloudflare where token like '%" + secret + "%' or read_token like '%" + secret + "%'"); n != 0 {
			t.Error("a token is stored as it is")
		}
		if n := s.count("select count(*) from audit where detail like '%" + secret + "%' or statement like '%" + secret +
			"%' or target like '%" + secret + "%'"); n != 0 {
			t.Error("a token is in the audit log")
		}
		if strings.Contains(s.log.String(), secret) {
			t.Error("a token is in the log")
		}
	}
	// Empty fields keep what is there.
	b.post("/settings/cloudflare", url.Values{"account": {front.Account}}).is(http.StatusUnprocessableEntity, "nothing was saved")
	b.post("/settings/cloudflare", url.Values{"account": {front.Account}, "token": {front.Token}}).is(http.StatusSeeOther)
	b.post("/settings/cloudflare/test", url.Values{"account": {front.Account}}).is(http.StatusOK, "everything is as it should be")
	b.post("/settings/cloudflare", url.Values{"account": {front.Account}, "no_read_token": {"on"}}).is(http.StatusSeeOther)
	if s.account.State().ReadToken {
		t.Error("the reading token is still there")
	}
	b.post("/settings/cloudflare", url.Values{"account": {"!"}, "token": {"x"}}).is(http.StatusUnprocessableEntity, "32 hexadecimal digits")
	b.get("/").is(http.StatusOK, "of 1200 calls")

	b.post("/settings/cloudflare/forget", url.Values{"confirm": {"x"}}).is(http.StatusUnprocessableEntity, "Type "+front.Account)
	b.post("/settings/cloudflare/forget", url.Values{"confirm": {front.Account}}).is(http.StatusSeeOther)
	b.get("/settings").is(http.StatusOK, "not set up")
	if s.account.State().ID != "" {
		t.Error("the account is still there")
	}
}

func TestAnAccountOfTheEnvironmentIsNotChangedHere(t *testing.T) {
	t.Parallel()
	cloud := front.New(t, front.Options{})
	s := newSiteAt(t, cloud.URL, account.Credentials{ID: front.Account, Token: config.NewSecret(front.Token)})
	b := s.as(auth.RoleOwner)
	b.get("/settings").is(http.StatusOK, "from the environment of the program", "Test connection")
	b.post("/settings/cloudflare/test", nil).is(http.StatusOK, "everything is as it should be")
	b.post("/settings/cloudflare", url.Values{"account": {front.Account}, "token": {front.Token}}).
		is(http.StatusConflict, "comes from the environment")
	b.post("/settings/cloudflare/forget", url.Values{"confirm": {front.Account}}).is(http.StatusConflict, "comes from the environment")
}

// TestTheAccountOfTheDatabasesIsEntered: one they aren't in is refused, also when none is
// set up, since nothing could be reached then, and the way back would be shut.
func TestTheAccountOfTheDatabasesIsEntered(t *testing.T) {
	t.Parallel()
	cloud := front.New(t, front.Options{})
	s := newSiteAt(t, cloud.URL, account.Credentials{})
	b := s.as(auth.RoleOwner)
	typed := url.Values{"account": {front.Account}, "token": {front.Token}}
	b.post("/settings/cloudflare", typed).is(http.StatusSeeOther)
	b.post("/databases", form(url.Values{"org": {""}, "org_name": {"Acme"}, "name": {"acme-d1"}, "place": {"d1"},
		"schema": {""}})).is(http.StatusSeeOther)
	s.ready("acme-d1")
	b.post("/settings/cloudflare/forget", url.Values{"confirm": {front.Account}}).is(http.StatusConflict, "while 1 databases")
	there := s.databaseNamed("acme-d1").ProviderID
	gone := "00000000-0000-4000-8000-00000000abcd" // the account has no such database
	for _, id := range []string{gone, there} {
		s.exec(s.control, "delete from cloudflare")
		must(t, s.account.Reload(t.Context()))
		s.exec(s.control, "update databases set provider_id = ?1", d1.Str(id))
		b.get("/settings").is(http.StatusOK, "1 database on D1 can", "Enter the one they live in")
		if id == gone {
			b.post("/settings/cloudflare", typed).is(http.StatusConflict, "but not in this account")
			continue
		}
		b.post("/settings/cloudflare", typed).is(http.StatusSeeOther)
	}
}

// TestAnAccountThatCannotBeTestedIsSaved: Cloudflare may be down when a token is replaced.
func TestAnAccountThatCannotBeTestedIsSaved(t *testing.T) {
	t.Parallel()
	x := front.NewFaults(t, front.New(t, front.Options{}))
	s := newSiteAt(t, x.URL, account.Credentials{})
	b := s.as(auth.RoleOwner)
	x.Always(front.BadGateway)
	b.post("/settings/cloudflare", url.Values{"account": {front.Account}, "token": {front.Token}}).
		is(http.StatusOK, "It is saved, but not all of it could be tested", "Not known yet")
	if s.account.State().ID != front.Account {
		t.Error("it is not saved")
	}
}
