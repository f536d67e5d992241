package handlers_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/handlers"
)

// filled are the forms that people fill in, by their route.
func filled() map[string]url.Values {
	statement := "select 'é<b>&\"'" + strings.Repeat(", 123456789", 5000) + "\n-- the end\n"
	return map[string]url.Values{
		"/orgs": {"org_name": {`Gamma <"&'> Ltd.`}},
		"/databases": {"org": {""}, "org_name": {"Gamma & Sons"}, "name": {"gamma-org-007"},
			"schema": {"shop"}, "version": {"2"}, "location": {"weur"}, "request": {"the-request"}},
		"/databases/:db/tables/:table/rows": {"v.name": {"typed <&>"}, "as.name": {"value"}, "v.price": {"1.5"}, "as.price": {"value"}},
		"/databases/:db/tables/:table/row": {"key": {itemKey(5)}, "v.name": {"typed <&>"}, "as.name": {"value"},
			"v.price": {"1.5"}, "as.price": {"value"}},
		"/databases/:db/sql":      {"sql": {statement}, "params": {"1\n'two'\nNULL"}},
		"/databases/:db/plans":    {"schema": {"shop"}, "version": {"1"}},
		"/schemas":                {"source": {"{\n  \"name\": \"é<&>\"\n}\n"}},
		"/schemas/:name/versions": {"source": {shop(4) + "\n\n"}},
	}
}

func TestAFormOutlivesItsSession(t *testing.T) {
	t.Parallel()
	for _, partial := range []bool{false, true} {
		s, _ := newFullSite(t)
		walked := 0
		for _, r := range s.server.Routes() {
			if !r.Keep {
				continue
			}
			walked++
			form := filled()[r.Path]
			if form == nil {
				t.Fatalf("POST %s keeps its form, but none is filled in here", r.Path)
			}
			t.Run(r.Path, func(t *testing.T) {
				s.t = t
				s.checkKept(r, form, partial)
			})
		}
		if walked != len(filled()) {
			t.Errorf("%d forms are kept, %d are filled in here", walked, len(filled()))
		}
	}
}

func (s *site) checkKept(r handlers.Route, form url.Values, partial bool) {
	t := s.t
	t.Helper()
	o := s.operator(auth.RoleOwner)
	b := s.signedIn(o)
	s.clock.add(auth.IdleTimeout)
	before := s.snapshot()
	a := s.sendExpired(b, r, form, partial)
	a.is(http.StatusUnauthorized, "Your session has ended. What you filled in is kept")
	after := s.snapshot()
	delete(before, "control sessions")
	delete(after, "control sessions")
	if len(before) != len(after) || before["control audit"] != after["control audit"] {
		t.Error("sending a form without a session did something")
	}
	page := value(t, a.doc(), "next")
	if page != s.fill(r.Form) {
		t.Errorf("the login leads to %q", page)
	}
	b.login(o.Email, "wrong password", page).is(http.StatusUnprocessableEntity) // and is still kept
	if a = b.login(o.Email, password, page).is(http.StatusSeeOther); a.location() != page {
		t.Errorf("the login led to %q", a.location())
	}
	for range 3 { // looking doesn't spend it, here or elsewhere
		b.get("/")
		b.htmx().get("/")
		s.checkFilled(b.get(page), form)
	}
	if r.Path == "/databases/:db/sql" { // a link that says what to show goes first
		if got := value(t, b.get(page+"?sql=select+1").doc(), "sql"); got != "select 1" {
			t.Errorf("the link shows %.40q", got)
		}
	}
	b.post(s.fill(r.Path), form)
	if name := form.Get("name"); name != "" {
		s.ready(name)
	}
	if strings.HasSuffix(page, "/row") { // without a row that was kept it is nobody's page
		b.get(page).is(http.StatusUnprocessableEntity, "Choose one row")
		return
	}
	s.checkEmpty(b.get(page), form)
}

func TestTheQueueOfAGridStaysOnItsPage(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleOwner)
	b := s.signedIn(o)
	s.clock.add(auth.IdleTimeout)
	queue := changes(5, "item 5", "five")
	a := b.htmx().post(items+"/changes", merge(queue, url.Values{"do": {"save"}})).
		is(http.StatusUnauthorized, "Your session has ended", "still on this page", "in another tab")
	if a.header.Get("HX-Retarget") != "" || a.header.Get("HX-Redirect") != "" || strings.Contains(a.body, "password") {
		t.Error("the page with the changes is taken away")
	}
	b.login(o.Email, password, items).is(http.StatusSeeOther)
	b.htmx().post(items+"/changes", merge(queue, url.Values{"do": {"save"}})).is(http.StatusOK)
	if got := s.item(5, "name"); got != d1.Str("five") {
		t.Errorf("saved again, it is %s", got.Literal())
	}
}

func (s *site) sendExpired(b *browser, r handlers.Route, form url.Values, partial bool) answer {
	s.t.Helper()
	if !partial {
		return b.post(s.fill(r.Path), form)
	}
	a := b.htmx().post(s.fill(r.Path), form)
	if a.header.Get("HX-Retarget") != "body" || a.header.Get("HX-Reswap") != "innerHTML" {
		s.t.Errorf("the login goes into %q by %q", a.header.Get("HX-Retarget"), a.header.Get("HX-Reswap"))
	}
	return a
}

func (s *site) checkFilled(a answer, form url.Values) {
	s.t.Helper()
	doc := a.is(http.StatusOK).doc()
	for name, want := range form {
		if got := value(s.t, doc, name); got != want[0] {
			s.t.Errorf("%s: %s is %.80q, want %.80q", a.path, name, got, want[0])
		}
	}
}

// checkEmpty checks that a page's form isn't the one that was kept.
func (s *site) checkEmpty(a answer, form url.Values) {
	s.t.Helper()
	doc, same := a.is(http.StatusOK).doc(), true
	for name, want := range form {
		same = same && value(s.t, doc, name) == want[0]
	}
	if same {
		s.t.Errorf("%s: the form is still there after it was sent", a.path)
	}
}

func TestAFileOutlivesItsSessionAsText(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	o := s.operator(auth.RoleOwner)
	b := s.signedIn(o)
	s.clock.add(auth.IdleTimeout)
	body, contentType := upload(t, "the text", shop(4))
	a := b.send("POST", "/schemas/shop/versions", contentType, body).is(http.StatusUnauthorized, "is kept")
	b.login(o.Email, password, value(t, a.doc(), "next")).is(http.StatusSeeOther)
	if got := value(t, b.get("/schemas/shop/versions/new").doc(), "source"); got != shop(4) {
		t.Errorf("the source is %q", got)
	}
}

// upload is the schema editor's form with a text and a file.
func upload(t *testing.T, text, file string) (*bytes.Buffer, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	must(t, w.WriteField("source", text))
	f, err := w.CreateFormFile("file", "shop.json")
	must(t, err)
	_, err = f.Write([]byte(file))
	must(t, err)
	must(t, w.Close())
	return &b, w.FormDataContentType()
}

func TestAKeptFormIsNobodyElses(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	b := s.signedIn(s.operator(auth.RoleOwner))
	other := s.operator(auth.RoleOwner)
	s.clock.add(auth.IdleTimeout)
	b.post("/orgs", url.Values{"org_name": {"Secret Ltd."}}).is(http.StatusUnauthorized, "is kept")
	b.login(other.Email, password, "/orgs").is(http.StatusSeeOther)
	if a := b.get("/orgs"); strings.Contains(a.body, "Secret Ltd.") {
		t.Error("another operator got the form")
	}
}

func TestWhatIsNoFilledInFormIsNotKept(t *testing.T) {
	t.Parallel()
	s, _ := newFullSite(t)
	b := s.as(auth.RoleOwner)
	s.clock.add(auth.IdleTimeout)
	for _, r := range s.server.Routes() {
		if r.Method != http.MethodPost || r.Keep || open(r) {
			continue
		}
		a := b.post(s.fill(r.Path), url.Values{"hash": {"x"}, "confirm": {"acme-org-001"}}).is(http.StatusUnauthorized)
		if strings.Contains(textOf(a.doc()), "is kept") {
			t.Errorf("%s says that something is kept", r.Path)
		}
	}
	a := b.post("/orgs", url.Values{"org_name": {strings.Repeat("x", handlers.MaxForm)}}).is(http.StatusUnauthorized)
	if strings.Contains(textOf(a.doc()), "is kept") {
		t.Error("a form that is too large is kept")
	}
	if n := s.count("select count(*) from sessions where draft is not null"); n != 0 {
		t.Errorf("%d forms are kept", n)
	}
	s.clock.add(100 * time.Hour)
	b.post("/orgs", url.Values{"org_name": {"late"}}).is(http.StatusUnauthorized)
	if n := s.count("select count(*) from sessions where draft is not null"); n != 0 {
		t.Errorf("a session that ended days ago keeps %d forms", n)
	}
}
