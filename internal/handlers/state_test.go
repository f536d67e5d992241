package handlers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/migrate"
)

// snapshot is everything that is stored: each table's rows, of the control plane
// and of every database, and each database's schema. When sessions were last
// used isn't in it.
func (s *site) snapshot() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	dump(s.t, "control", s.control, all)
	infos, err := s.engine.List(s.t.Context())
	must(s.t, err)
	for _, info := range infos {
		conn, err := s.engine.Open(s.t.Context(), info.ID)
		must(s.t, err)
		dump(s.t, info.Name, conn, all)
		must(s.t, conn.Close())
	}
	return all
}

func dump(t *testing.T, name string, conn d1.Conn, into map[string]string) {
	t.Helper()
	live, err := migrate.Inspect(t.Context(), conn)
	must(t, err)
	into[name+" schema"] = live.Fingerprint()
	tables, err := conn.Query(t.Context(), d1.Query("select name, sql from sqlite_master where type = 'table' "+
		"and substr(name, 1, 4) <> '_cf_' order by name"))
	must(t, err)
	for _, row := range tables.Rows {
		table := row[0].Text()
		into[name+" "+table+" sql"] = row[1].Text()
		r, err := conn.Query(t.Context(), d1.Query(`select * from "`+strings.ReplaceAll(table, `"`, `""`)+`"`))
		if err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		var lines []string
		for _, row := range r.Rows {
			lines = append(lines, line(name, r.Columns, row))
		}
		slices.Sort(lines)
		into[name+" "+table] = strings.Join(lines, "\n")
	}
}

func line(name string, columns []string, row []d1.Value) string {
	var b strings.Builder
	for i, v := range row {
		if name == "control" && columns[i] == "last_seen" {
			continue
		}
		fmt.Fprintf(&b, "%s=%s:%q ", columns[i], v.Kind(), v.Text())
	}
	return b.String()
}

// unchanged fails when anything is stored differently than before.
func (s *site) unchanged(before map[string]string) {
	s.t.Helper()
	if diff := cmp.Diff(before, s.snapshot()); diff != "" {
		s.t.Errorf("something changed (-before +after):\n%.3000s", diff)
	}
}

// actions are the audit log's, from the oldest, each with its outcome.
func (s *site) actions() []string {
	s.t.Helper()
	r, err := s.control.Query(s.t.Context(), d1.Query("select action, outcome from audit order by rowid"))
	must(s.t, err)
	var out []string
	for _, row := range r.Rows {
		out = append(out, row[0].Text()+" "+row[1].Text())
	}
	return out
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
