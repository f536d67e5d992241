package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
)

const lab = "/databases/acme-org-001/tables/lab"

func (s *site) lab(rows ...string) {
	s.t.Helper()
	s.exec(s.open("acme-org-001"), "create table lab(id integer primary key, t text, n integer, r real, x, b blob, "+
		"flag boolean, dflag boolean not null default 1)")
	for _, row := range rows {
		s.exec(s.open("acme-org-001"), "insert into lab "+row)
	}
}

func (s *site) labCell(column string) d1.Value {
	s.t.Helper()
	r, err := s.open("acme-org-001").Query(s.t.Context(), d1.Query("select \""+column+"\" from lab where id = 1"))
	must(s.t, err)
	return r.Rows[0][0]
}

// values are the values of all fields of a name.
func values(doc *html.Node, name string) []string {
	var out []string
	for _, e := range nodes(doc) {
		if attr(e, "name") == name {
			out = append(out, attr(e, "value"))
		}
	}
	return out
}

// asShown is a row's form as a browser would send it, nothing touched.
func asShown(t *testing.T, doc *html.Node) url.Values {
	t.Helper()
	form := url.Values{"do": {"save"}}
	for _, e := range nodes(doc) {
		name := attr(e, "name")
		if what, _, ok := strings.Cut(name, "."); ok && slices.Contains([]string{"v", "as", "old", "was"}, what) || name == "key" {
			form.Set(name, strings.TrimPrefix(value(t, doc, name), "\n"))
		}
	}
	return form
}

func (s *site) labForm(b *browser, changes ...string) url.Values {
	s.t.Helper()
	form := asShown(s.t, b.get(lab+"/row?key="+itemKey(1)).is(http.StatusOK).doc())
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

func TestARowsFormWritesOnlyWhatWasTouched(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t, n, x) values (1, 'a', 5, 42)")
	a := owner.post(lab+"/row", merge(s.labForm(owner, "v.n", "6"), url.Values{"do": {"sql"}})).is(http.StatusOK)
	if !strings.Contains(a.body, `SET &#34;n&#34; = 6 WHERE`) {
		t.Errorf("more than n would be written: %s", excerpt(a.body))
	}
	owner.post(lab+"/row", s.labForm(owner, "v.n", "6")).is(http.StatusSeeOther)
	if got := s.labCell("flag"); !got.IsNull() {
		t.Errorf("an untouched boolean became %s", got.Literal())
	}
	doc := owner.get(lab + "/rows/new").is(http.StatusOK).doc()
	owner.post(lab+"/rows", merge(asShown(t, doc), url.Values{"do": {"sql"}})).is(http.StatusOK, `INSERT INTO "lab" DEFAULT VALUES`)
	owner.post(lab+"/rows", merge(asShown(t, doc), url.Values{"do": {"sql"}, "v.flag": {"0"}})).
		is(http.StatusOK, `INSERT INTO "lab" ("flag") VALUES (0)`)
	if v := value(t, doc, "v.dflag"); v != "" {
		t.Errorf("a default of 1 is shown as %q", v)
	}
}

func TestADefaultIsOfferedWhereThereIsOne(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab()
	doc := owner.get(lab + "/rows/new").is(http.StatusOK).doc()
	for column, want := range map[string]string{"id": "next number", "t": "NULL", "flag": "NULL", "dflag": "default"} {
		var got []string
		for _, o := range nodes(byName(doc, "as."+column)) {
			if o.Data == "option" && attr(o, "value") == "default" {
				got = append(got, strings.TrimSpace(textOf(o)))
			}
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
}

func TestTheChoiceBesideAFieldWins(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t, n, x, dflag) values (1, 'a', 5, 42, 0)")
	owner.post(lab+"/row", s.labForm(owner, "as.t", "null", "v.n", "7")).is(http.StatusSeeOther)
	if got := s.labCell("t"); !got.IsNull() {
		t.Errorf("NULL was chosen, and t is %s", got.Literal())
	}
	// Who types beside the choice a page came with means the text.
	owner.post(lab+"/row", s.labForm(owner, "v.t", "typed")).is(http.StatusSeeOther)
	if got := s.labCell("t"); got != d1.Str("typed") {
		t.Errorf("t was typed, and is %s", got.Literal())
	}
	owner.post(lab+"/row", s.labForm(owner, "as.t", "empty")).is(http.StatusSeeOther)
	if got := s.labCell("t"); got != d1.Str("") {
		t.Errorf("t is %s", got.Literal())
	}
	owner.post(lab+"/row", s.labForm(owner, "as.dflag", "default")).is(http.StatusSeeOther)
	if got := s.labCell("dflag"); got != d1.Int(1) {
		t.Errorf("the default was chosen, and dflag is %s", got.Literal())
	}
	owner.post(lab+"/row", s.labForm(owner, "v.x", "43")).is(http.StatusSeeOther)
	if got := s.labCell("x"); got != d1.Int(43) {
		t.Errorf("an integer without a type became %s", got.Literal())
	}
	owner.post(lab+"/row", s.labForm(owner, "v.n", "")).is(http.StatusSeeOther)
	if got := s.labCell("n"); !got.IsNull() {
		t.Errorf("a number was cleared, and is %s", got.Literal())
	}
	owner.post(lab+"/row", s.labForm(owner, "v.n", "12345678901234567890")).is(http.StatusUnprocessableEntity, "beyond the integers")
	// In a new row too, and on a form that comes back with what was typed.
	doc := owner.post(lab+"/rows", merge(asShown(t, owner.get(lab+"/rows/new").doc()),
		url.Values{"v.dflag": {"0"}, "v.t": {"x"}, "do": {"sql"}})).is(http.StatusOK, `("t", "dflag") VALUES ('x', 0)`).doc()
	owner.post(lab+"/rows", merge(asShown(t, doc), url.Values{"as.dflag": {"default"}, "do": {"sql"}})).is(http.StatusOK, `("t") VALUES ('x')`)
}

func TestALongCellIsReplacedByItsForm(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t, n, b) values (1, printf('%.*c', 100000, 'x'), 1, zeroblob(70000))")
	long := s.labCell("t")
	owner.post(lab+"/row", s.labForm(owner, "v.n", "2")).is(http.StatusSeeOther)
	if s.labCell("t") != long {
		t.Error("an untouched long text changed")
	}
	owner.post(lab+"/row", s.labForm(owner, "v.t", "short")).is(http.StatusSeeOther)
	if got := s.labCell("t"); got != d1.Str("short") {
		t.Errorf("a long text was replaced with %s", got.Literal())
	}
	owner.post(lab+"/row", s.labForm(owner, "as.b", "null")).is(http.StatusSeeOther)
	if got := s.labCell("b"); !got.IsNull() {
		t.Errorf("a long BLOB was made NULL and is %s", got.Kind())
	}
	s.exec(s.open("acme-org-001"), "update lab set t = printf('%.*c', 100000, 'y')")
	form := s.labForm(owner, "v.t", "mine")
	s.exec(s.open("acme-org-001"), "update lab set t = printf('%.*c', 100000, 'z')")
	owner.post(lab+"/row", form).is(http.StatusConflict, "a long value")
	// A long text that somebody else changes is no conflict of another column.
	s.exec(s.open("acme-org-001"), "update lab set t = printf('%.*c', 3000, 'y')")
	form = s.labForm(owner, "v.n", "77")
	s.exec(s.open("acme-org-001"), "update lab set t = 'other'")
	owner.post(lab+"/row", form).is(http.StatusSeeOther)
	if s.labCell("t") != d1.Str("other") {
		t.Error("an untouched long text was written back")
	}
}

func TestARowNobodySawIsNotDeleted(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	conn := s.open("acme-org-001")
	for _, sql := range []string{"create table loose(t text)", "insert into loose values ('one'), ('two'), ('three')"} {
		s.exec(conn, sql)
	}
	path := "/databases/acme-org-001/tables/loose/delete"
	doc := owner.get(path+"?key="+itemKey(3)).is(http.StatusOK, "three").doc()
	s.exec(conn, "delete from loose where t = 'three'")
	s.exec(conn, "insert into loose values ('PRECIOUS')")
	form := url.Values{"key": {itemKey(3)}, "seen": values(doc, "seen"), "do": {"delete"}}
	a := owner.post(path, form).is(http.StatusConflict, "Nothing was deleted", "PRECIOUS")
	form["seen"] = values(a.doc(), "seen")
	owner.post(path, form).is(http.StatusSeeOther)
}

func TestManyRowsAreAskedFor(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	conn := s.open("acme-org-001")
	s.exec(conn, "create table keys(k text primary key)")
	s.exec(conn, "with recursive n(i) as (select 1 union all select i+1 from n where i < 100) insert into keys "+
		"select printf('%0300d', i) from n")
	doc := owner.get("/databases/acme-org-001/tables/keys").is(http.StatusOK).doc()
	button := nodes(doc)[slices.IndexFunc(nodes(doc), func(e *html.Node) bool { return has(e, "data-delete") })]
	if attr(button, "formmethod") != "post" {
		t.Error("the keys would be put into an address")
	}
	form := url.Values{"key": values(doc, "key"), attr(button, "name"): {attr(button, "value")}}
	doc = owner.post("/databases/acme-org-001/tables/keys/delete", form).is(http.StatusOK, "Delete 100 rows").doc()
	form = url.Values{"key": values(doc, "key"), "seen": values(doc, "seen"), "do": {"delete"}}
	owner.post("/databases/acme-org-001/tables/keys/delete", form).is(http.StatusSeeOther)
	s.as(auth.RoleViewer).post("/databases/acme-org-001/tables/keys/delete", url.Values{"do": {"ask"}}).is(http.StatusForbidden)
}

func TestASavedRowIsShownAtItsPlaceOrAsGone(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t) values (1, 'a'), (2, 'b'), (3, 'c')")
	s.exec(s.open("acme-org-001"), "create trigger zap after update on lab when new.id = 2 begin delete from lab where id = 2; end")
	row := func(id int64, place, was string) string {
		return `{"key":"` + itemKey(id) + `","row":` + place + `,"cells":[{"column":"t","kind":"text","old":"` + was +
			`","as":"value","text":"new-` + was + `"}]}`
	}
	a := owner.htmx().post(lab+"/changes", url.Values{"changes": {"[" + row(1, "0", "a") + "," + row(2, "1", "b") + "," +
		row(3, "2", "c") + "]"}, "do": {"save"}}).is(http.StatusOK)
	for place, words := range []string{"new-a", "then the row was removed", "new-c"} {
		_, part, _ := strings.Cut(a.body, `hx-target="#r`+string(rune('0'+place))+`"`)
		part, _, _ = strings.Cut(part, "</hx-partial>")
		if !strings.Contains(part, words) {
			t.Errorf("row %d shows %s", place, excerpt(part))
		}
	}
}

func TestAGridShowsWhatATextHolds(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t) values (1, '  a  b ' || char(10) || 'c'), (2, printf('%.*c', 60, 'w')), (3, ' ')")
	owner.get(lab).is(http.StatusOK).holds(`<td><i class="sp">  </i>a  b <i class="nl">`+"\n</i>c",
		`<td title="`+strings.Repeat("w", 60)+`">`, `<td><i class="sp"> </i>`)
	s.exec(s.open("acme-org-001"), "create table keyed(k text primary key)")
	s.exec(s.open("acme-org-001"), "insert into keyed values (printf('%.*c', 3000, 'k'))")
	a := owner.get("/databases/acme-org-001/tables/keyed").is(http.StatusOK).
		holds(`<input type="checkbox" disabled title="The key of this row is too long`)
	if strings.Contains(a.body, `name="key"`) {
		t.Error("a row without a key can be chosen")
	}
}

func TestAConflictShowsWhereLongTextsDiffer(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	s.lab("(id, t) values (1, printf('%.*c', 600, 'x') || 'old')")
	queue := `[{"key":"` + itemKey(1) + `","row":0,"cells":[{"column":"t","kind":"text","old":"` + strings.Repeat("x", 600) +
		`old","as":"value","text":"mine"}]}]`
	s.exec(s.open("acme-org-001"), "update lab set t = printf('%.*c', 600, 'x') || 'new'")
	a := owner.htmx().post(lab+"/changes", url.Values{"changes": {queue}, "do": {"save"}}).
		is(http.StatusConflict, "xold (603 B)", "xnew (603 B)", "id 1")
	for _, e := range nodes(a.doc()) {
		if attr(e, "data-conflict") == "theirs" && (attr(e, "data-now") != strings.Repeat("x", 600)+"new" || has(e, "data-cut")) {
			t.Error("what is there can't be taken whole")
		}
	}
	s.exec(s.open("acme-org-001"), "update lab set t = printf('%.*c', 6000, 'x') || 'new'")
	a = owner.htmx().post(lab+"/changes", url.Values{"changes": {queue}, "do": {"save"}}).is(http.StatusConflict)
	if !slices.ContainsFunc(nodes(a.doc()), func(e *html.Node) bool { return has(e, "data-cut") }) {
		t.Error("a part of a text could be taken for the value")
	}
}
