package handlers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/views"
)

// rowsOf are all rows of tables with a key and a column of the table's own name.
func (s *site) rowsOf(conn d1.Conn, names []string) map[string][]string {
	s.t.Helper()
	out := map[string][]string{}
	for _, name := range names {
		r, err := conn.Query(s.t.Context(), d1.Query(fmt.Sprintf("select id, %s from %[1]s order by id", quoted(name))))
		must(s.t, err)
		for _, row := range r.Rows {
			out[name] = append(out[name], row[0].Literal()+" "+row[1].Literal())
		}
	}
	return out
}

// formOf is the form of a page that leads to that address, as it is.
func formOf(a answer, action string) url.Values {
	a.t.Helper()
	for _, e := range nodes(a.doc()) {
		if e.Data == "form" && attr(e, "method") == "post" && attr(e, "action") == action {
			return fieldsOf(e)
		}
	}
	a.t.Fatalf("%s: no form leads to %s", a.path, action)
	return nil
}

func TestRowsOfTablesWithHostileNamesAreWritten(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	names := hostile
	if small {
		names = hostile[:8]
	}
	conn := s.bare("names")
	for i, name := range names {
		s.exec(conn, fmt.Sprintf("create table %s (id integer primary key, %[1]s text, other text check (other is not %s))",
			quoted(name), d1.Str(name).Literal()))
		s.exec(conn, fmt.Sprintf("insert into %s (id, %[1]s) values (1, 'first'), (2, ?1)", quoted(name)), d1.Str(names[len(names)-1-i]))
	}
	b, want := s.as(auth.RoleOwner), s.rowsOf(conn, names)
	check := func(after string, name string, rows ...string) {
		t.Helper()
		want = maps.Clone(want)
		want[name] = rows
		if diff := cmp.Diff(want, s.rowsOf(conn, names)); diff != "" {
			t.Fatalf("after %s of %q (-want +got):\n%s", after, name, diff)
		}
	}
	for i, name := range names {
		table, field := paths.Table("names", name), func(what string) string { return views.FieldName(what, name) }
		second, text := want[name][1], d1.Str("new "+name).Literal()

		b.get(table).is(http.StatusOK, "first").holds(`value="` + key(1) + `"`)
		sent := formOf(b.get(paths.NewRow("names", name)).is(http.StatusOK), paths.Rows("names", name))
		sent.Set(field("as"), "value")
		sent.Set(field("v"), "new "+name)
		b.post(paths.Rows("names", name), sent).is(http.StatusSeeOther)
		check("the insert", name, "1 'first'", second, "3 "+text)

		sent = formOf(b.get(paths.Row("names", name)+"?key="+key(3)).is(http.StatusOK), paths.Row("names", name))
		sent.Set(field("v"), name+"'edited")
		b.post(paths.Row("names", name), sent).is(http.StatusSeeOther)
		edited := d1.Str(name + "'edited").Literal()
		check("the edit", name, "1 'first'", second, "3 "+edited)

		other := names[(i+1)%len(names)]
		queue, err := json.Marshal([]any{map[string]any{"key": key(1), "row": 0, "cells": []any{
			map[string]string{"column": name, "kind": "text", "old": "first", "as": "value", "text": other},
		}}})
		must(t, err)
		b.htmx().post(paths.Changes("names", name), url.Values{"changes": {string(queue)}}).is(http.StatusOK)
		check("the queue", name, "1 "+d1.Str(other).Literal(), second, "3 "+edited)
		b.htmx().post(paths.Changes("names", name), url.Values{"changes": {string(queue)}}).is(http.StatusConflict)

		b.post(paths.Rows("names", name), url.Values{views.FieldName("v", "other"): {name}, views.FieldName("as", "other"): {"value"}}).
			is(http.StatusConflict, "CHECK constraint failed")
		keys := url.Values{"key": {key(2), key(3)}}
		sent = formOf(b.get(paths.DeleteRows("names", name)+"?"+keys.Encode()).is(http.StatusOK, "Delete 2 rows"),
			paths.DeleteRows("names", name))
		if !slices.Equal(sent["key"], keys["key"]) {
			t.Fatalf("%q: the page would delete %q", name, sent["key"])
		}
		a := b.post(paths.DeleteRows("names", name), sent).is(http.StatusSeeOther)
		check("the delete", name, "1 "+d1.Str(other).Literal())
		if back, _, _ := strings.Cut(a.location(), "?"); back != table {
			t.Errorf("after deleting from %q it led to %s", name, a.location())
		}
	}
	if n := s.count("select count(*) from audit where action = 'database.rows' and outcome = 'done'"); n != int64(4*len(names)) {
		t.Errorf("%d writes are in the audit log, of %d", n, 4*len(names))
	}
}
