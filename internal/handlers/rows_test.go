package handlers_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

const items = "/databases/acme-org-001/tables/items"

func itemKey(i int64) string { return browse.EncodeKey([]d1.Value{d1.Int(i)}) }

// changes is the script's queue with one change: the name of an item, from what was seen.
func changes(item int64, old, text string) url.Values {
	b, _ := json.Marshal([]any{map[string]any{"key": itemKey(item), "row": 4, "cells": []any{
		map[string]string{"column": "name", "kind": "text", "old": old, "as": "value", "text": text},
	}}})
	return url.Values{"changes": {string(b)}}
}

// editForm is a row's form as it is, with one field changed.
func (s *site) editForm(item int64, column, text string) url.Values {
	s.t.Helper()
	b := s.as(auth.RoleOperator)
	doc := b.get(items + "/row?key=" + itemKey(item)).is(http.StatusOK).doc()
	form := url.Values{"key": {itemKey(item)}}
	for _, col := range []string{"id", "name", "price", "data", "picture"} {
		for _, what := range []string{"old", "v", "as"} {
			form.Set(what+"."+col, value(s.t, doc, what+"."+col))
		}
	}
	form.Set("v."+column, text)
	return form
}

func (s *site) item(i int64, column string) d1.Value {
	s.t.Helper()
	r, err := s.open("acme-org-001").Query(s.t.Context(), d1.Query("select \""+column+"\" from items where id = ?1", d1.Int(i)))
	must(s.t, err)
	if len(r.Rows) == 0 {
		return d1.Str("(gone)")
	}
	return r.Rows[0][0]
}

// holds checks that the markup has these words.
func (a answer) holds(words ...string) answer {
	a.t.Helper()
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			a.t.Errorf("%s: %q is not in the markup: %s", a.path, w, excerpt(a.body))
		}
	}
	return a
}

func TestARowIsEditedByItsForm(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	form := s.editForm(5, "name", "it's <new>")
	a := owner.post(items+"/row", merge(form, url.Values{"do": {"sql"}})).is(http.StatusOK, `SET "name" = 'it''s <new>'`)
	if strings.Contains(a.body, "&#34;price&#34; = ") {
		t.Error("an untouched field would be written")
	}
	if got := s.item(5, "name"); got != d1.Str("item 5") {
		t.Errorf("showing the SQL wrote %s", got.Literal())
	}
	a = owner.post(items+"/row", merge(form, url.Values{"back": {"sort=-price&evil=1"}})).is(http.StatusSeeOther)
	if a.location() != items+"?done=saved&sort=-price" && a.location() != items+"?sort=-price&done=saved" {
		t.Errorf("it led to %s", a.location())
	}
	if got := s.item(5, "name"); got != d1.Str("it's <new>") {
		t.Errorf("saved %s", got.Literal())
	}
	// The same form again: the row isn't what it says it saw.
	a = owner.post(items+"/row", merge(form, url.Values{"v.name": {"third"}})).
		is(http.StatusConflict, "Somebody changed the cell name meanwhile", "You saw", "item 5", "it's <new>")
	again := merge(form, url.Values{"v.name": {"third"}, "old.name": {value(t, a.doc(), "old.name")}})
	owner.post(items+"/row", again).is(http.StatusSeeOther)
	if got := s.item(5, "name"); got != d1.Str("third") {
		t.Errorf("overwritten with %s", got.Literal())
	}
	owner.post(items+"/row", s.editForm(5, "name", "third")).is(http.StatusUnprocessableEntity, "Nothing of the row is changed")
	owner.post(items+"/row", merge(s.editForm(5, "id", "6"), nil)).is(http.StatusConflict, "UNIQUE constraint failed: items.id")
	owner.post(items+"/row", merge(s.editForm(1, "picture", "00ff"), nil)).is(http.StatusSeeOther)
	if got := s.item(1, "picture"); got != d1.Bytes([]byte{0, 255}) {
		t.Errorf("a BLOB became %s", got.Literal())
	}
	owner.post(items+"/row", merge(s.editForm(4, "price", ""), url.Values{"as.price": {"null"}})).is(http.StatusSeeOther)
	if got := s.item(4, "price"); !got.IsNull() {
		t.Errorf("NULL became %s", got.Literal())
	}
}

func merge(a, b url.Values) url.Values {
	out := url.Values{}
	for _, v := range []url.Values{a, b} {
		for k, x := range v {
			out[k] = x
		}
	}
	return out
}

func TestTheQueueIsSavedInOneBatchAndAnswersWithItsRows(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	b := owner.htmx()
	queue := `[{"key":"` + itemKey(5) + `","row":4,"cells":[{"column":"name","kind":"text","old":"item 5","as":"value",
	  "text":"five"},{"column":"price","kind":"real","old":"7.5","as":"null","text":""}]},
	  {"key":"` + itemKey(8) + `","row":7,"cells":[{"column":"id","kind":"integer","old":"8","as":"value","text":"800"}]}]`
	send := func(queue, do string) answer {
		return b.post(items+"/changes", url.Values{"changes": {queue}, "do": {do}})
	}
	if a := send(queue, "sql").is(http.StatusOK, `UPDATE "items"`); strings.Contains(a.body, "hx-partial") ||
		s.item(5, "name") != d1.Str("item 5") {
		t.Errorf("showing the SQL did more: %s", excerpt(a.body))
	}
	a := send(queue, "save").is(http.StatusOK).
		holds(`hx-target="#r4"`, `<tr id="r4">`, "five", `<span class="null">NULL</span>`, `hx-target="#r7"`, `value="`+itemKey(800)+`"`)
	if a.header.Get("HX-Trigger") != "rows:saved" {
		t.Error("the script isn't told")
	}
	a = send(`[{"key":"`+itemKey(9)+`","row":8,"cells":[{"column":"name","kind":"text","old":"item 9","as":"value","text":"nine"}]},
	  {"key":"`+itemKey(5)+`","row":4,"cells":[{"column":"name","kind":"text","old":"item 5","as":"value","text":"mine"}]},
	  {"key":"`+itemKey(8)+`","row":7,"cells":[{"column":"name","kind":"text","old":"item 8","as":"value","text":"gone"}]}]`, "save")
	a.is(http.StatusConflict, "changed the cell name and deleted a row meanwhile", "id 5", "id 8", "item 5", "five", "mine",
		"The row is gone.").holds(`data-conflict="mine"`)
	if got := s.item(9, "name"); got != d1.Str("item 9") {
		t.Errorf("half of the queue was saved: %s", got.Literal())
	}
	var seen string
	for _, e := range nodes(a.doc()) {
		if attr(e, "data-conflict") == "mine" {
			seen = attr(e, "data-seen")
		}
	}
	send(`[{"key":"`+itemKey(5)+`","row":4,"cells":[{"column":"name","kind":"seen","old":"`+seen+
		`","as":"value","text":"mine"}]}]`, "save").is(http.StatusOK)
	if got := s.item(5, "name"); got != d1.Str("mine") {
		t.Errorf("overwriting gave %s", got.Literal())
	}
	for _, bad := range []string{"", "{}", `[{"key":"x"}]`, `[]`,
		`[{"key":"` + itemKey(5) + `","cells":[{"column":"name","kind":"blob","old":"","as":"value"}]}]`} {
		if a := send(bad, "save"); a.status != http.StatusUnprocessableEntity && a.status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
}

func TestRowsAreInsertedAndDeleted(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	owner.post(items+"/rows", url.Values{"v.id": {"5"}, "as.id": {"value"}, "v.name": {"dup"}, "as.name": {"value"}}).
		is(http.StatusConflict, "UNIQUE constraint failed: items.id").holds(`value="dup"`)
	owner.post(items+"/rows", url.Values{"v.name": {""}, "as.name": {"default"}}).
		is(http.StatusConflict, "NOT NULL constraint failed: items.name")
	owner.post(items+"/rows", url.Values{"v.id": {"1000"}, "as.id": {"default"}, "v.name": {"typed"}, "as.name": {"default"}}).
		is(http.StatusSeeOther)
	if got := s.item(1000, "name"); got != d1.Str("typed") {
		t.Errorf("inserted %s", got.Literal())
	}
	owner.get(items+"/delete?key="+itemKey(1)+"&key="+itemKey(1000)).is(http.StatusOK, "Delete 2 rows", "Deleted with them: 1 row of sales")
	ask := func(keys ...string) url.Values { // what the page that asks would send
		a := owner.post(items+"/delete", url.Values{"key": keys, "do": {"ask"}}).is(http.StatusOK)
		return url.Values{"key": keys, "seen": values(a.doc(), "seen"), "do": {"delete"}}
	}
	if a := owner.get(items + "/delete?key=" + itemKey(1) + "&key=" + itemKey(777)); !strings.Contains(a.body,
		"1 row of these are gone already") && !strings.Contains(a.body, "gone already") {
		t.Error("a row that is gone isn't said")
	}
	owner.post(items+"/delete", ask(itemKey(1), itemKey(1000), itemKey(777))).is(http.StatusConflict, "gone")
	owner.post(items+"/delete", url.Values{"key": {itemKey(1)}}).is(http.StatusUnprocessableEntity, "Look at them")
	if got := s.item(1, "name"); got == d1.Str("(gone)") {
		t.Error("half of them were deleted")
	}
	form := ask(itemKey(1), itemKey(1000))
	s.exec(s.open("acme-org-001"), "update items set price = 99 where id = 1000")
	owner.post(items+"/delete", form).is(http.StatusConflict, "changed a row", "Nothing was deleted", "99")
	if got := s.item(1000, "name"); got != d1.Str("typed") {
		t.Error("a row was deleted that isn't what was shown")
	}
	owner.post(items+"/delete", ask(itemKey(1), itemKey(1000))).is(http.StatusSeeOther)
	if got := s.item(1, "name"); got != d1.Str("(gone)") {
		t.Errorf("still there: %s", got.Literal())
	}
}

func TestWhoMayNotWriteSeesNoWayTo(t *testing.T) {
	t.Parallel()
	s, owner := newFullSite(t)
	owner.get(items).is(http.StatusOK, "Insert row").holds("data-editable", `id="changes"`)
	for _, path := range []string{items, "/databases/acme-org-001/tables/cheap"} {
		b := s.as(auth.RoleViewer)
		if strings.HasSuffix(path, "cheap") {
			b = owner
		}
		if a := b.get(path).is(http.StatusOK); strings.Contains(a.body, "data-editable") || strings.Contains(a.body, "Insert row") ||
			strings.Contains(a.body, `name="key"`) {
			t.Errorf("%s offers to write", path)
		}
	}
	owner.get("/databases/acme-org-001/tables/cheap").is(http.StatusOK, "A view has no key")
	owner.get("/databases/acme-org-001/tables/cheap/rows/new").is(http.StatusUnprocessableEntity, "a view shows rows of other tables")
}

// Two fetches of one page must be one text, so that a page can be compared and kept.
func TestTheFilterFormCarriesTheAddressAlongInOneOrder(t *testing.T) {
	t.Parallel()
	_, b := newFullSite(t)
	want := []string{"cols=id,name", "f=name:notnull", "f=id:gt:0", "limit=7", "sort=-id"}
	for range 8 { // a map's order differs between two walks
		doc := b.get(items + "?sort=-id&limit=7&f=name:notnull&f=id:gt:0&cols=id,name").is(http.StatusOK).doc()
		var got []string
		for _, e := range nodes(byName(doc, "op").Parent.Parent) {
			if e.Data == "input" && attr(e, "type") == "hidden" {
				got = append(got, attr(e, "name")+"="+attr(e, "value"))
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	}
}
