package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
)

// Whatever becomes of the one call that a save is, what is in the database, what is said and
// what is noted are one; and what was saved is shown, by that call.
func TestASaveIsOneCallAndItsOutcomeIsTrue(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	cloud := front.New(t, front.Options{})
	direct := front.Provider(t, cloud.URL)
	info, err := direct.Create(t.Context(), d1.CreateInput{Name: "remote"})
	must(t, err)
	conn, err := direct.Open(t.Context(), info.ID)
	must(t, err)
	fill(t, conn)
	db := fleet.Database{Name: "remote", OrgSlug: "acme-inc", Provider: fleet.D1, ProviderID: info.ID}
	cache := &live.Cache{}
	_, err = cache.Database(t.Context(), info.ID, conn)
	must(t, err)
	for i, fl := range append([]front.Fault{""}, front.AllFaults...) {
		id, saved := int64(1000+i), fmt.Sprint("saved ", i)
		_, err := conn.Query(t.Context(), d1.Exec("insert into items (id, name) values (?1, 'before')", d1.Int(id)))
		must(t, err)
		x := front.NewFaults(t, cloud)
		p := front.Provider(t, x.URL, func(o *rest.Options) {
			if strings.HasPrefix(string(fl), "hang") {
				o.Quiet = 500 * time.Millisecond // on a busy machine it may end more: judged alike
			}
		})
		failing, err := p.Open(t.Context(), info.ID)
		must(t, err)
		before, _ := s.entries(ada)
		x.Next(fl)
		var done browse.Written
		err = cache.Change(t.Context(), info.ID, failing, func(conn d1.Conn, read *live.Database) error {
			cat := &browse.Catalog{Database: read}
			w, err := cat.Update(t.Context(), conn, "items", []browse.RowEdit{{Key: browse.EncodeKey([]d1.Value{d1.Int(id)}),
				Cells: []browse.CellEdit{{Column: "name", Old: browse.See(d1.Str("before")), New: browse.Input{As: browse.AsText, Text: saved}}}}},
				s.clock.now())
			must(t, err)
			must(t, w.Show(browse.Request{Table: "items"}))
			done, err = s.Save(t.Context(), ada, db, conn, "items", w)
			return err
		})
		calls := x.Seen()
		x.Close() // what the save gave up is over too
		r, readErr := conn.Query(t.Context(), d1.Query("select name from items where id = ?1", d1.Int(id)))
		must(t, readErr)
		is := r.Rows[0][0].Text() == saved
		outcome := "done 1"
		switch {
		case fault.Is(err, fault.Unknown):
			outcome = "unknown 0"
		case err != nil:
			outcome = "failed 0"
		}
		if outcome == "done 1" && !is || outcome == "failed 0" && is {
			t.Errorf("%q: it is saved: %t, and said is %v", fl, is, err)
		}
		if err == nil && (len(done.Rows) != 1 || done.Rows[0].At != 0 || done.Page.Rows[0].Cells[1].Value != d1.Str(saved)) {
			t.Errorf("%q: %+v is shown", fl, done.Page)
		}
		lines, _ := s.entries(ada)
		if got, want := lines[len(before):], []string{"database.rows intent 0", "database.rows " + outcome}; !slices.Equal(got, want) {
			t.Errorf("%q: noted is %v, want %v", fl, got, want)
		}
		if calls != 1 {
			t.Errorf("%q: %d calls", fl, calls)
		}
	}
}

// A table that was altered since it was read is read anew; both attempts are noted.
func TestASaveOfATableThatWasAlteredIsMadeAnew(t *testing.T) {
	t.Parallel()
	s, ada := newSite(t), operator(auth.RoleOperator)
	cache := &live.Cache{}
	_, err := cache.Database(t.Context(), "x", s.conn)
	must(t, err)
	var done browse.Written
	var once sync.Once
	err = cache.Change(t.Context(), "x", s.conn, func(conn d1.Conn, read *live.Database) error {
		cat := &browse.Catalog{Database: read}
		w, err := cat.Insert(t.Context(), conn, "items", map[string]browse.Input{"name": {As: browse.AsValue, Text: "c"}}, s.clock.now())
		must(t, err)
		once.Do(func() {
			_, err := s.conn.Query(t.Context(), d1.Exec("alter table items add column more default 'green'"))
			must(t, err)
		})
		done, err = s.Save(t.Context(), ada, s.db, conn, "items", w)
		return err
	})
	if err != nil || done.Changes != 1 || s.items() != 3 {
		t.Errorf("%+v, %v", done, err)
	}
	lines, es := s.entries(ada)
	want := []string{"database.rows intent 0", "database.rows failed 0", "database.rows intent 0", "database.rows done 1"}
	if !slices.Equal(lines, want) {
		t.Errorf("%v", lines)
	}
	if e := es[len(es)-2]; !strings.Contains(e.Detail, "The table items was altered meanwhile. Nothing was changed.") {
		t.Errorf("%+v", e)
	}
}
