package rest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/fault"
)

// TestVirtualTablesGoToD1AndBack asks them the same things there and after they have come
// back. The older D1 has no R*Tree.
func TestVirtualTablesGoToD1AndBack(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, rt d1test.Runtime) {
		made := []string{
			"create table posts(id integer primary key, title text, body text)",
			"insert into posts values (3, 'Running', 'the quick brown fox'), (900, 'It''s', 'a dog; jumps')",
			"create virtual table own using fts5(title, body unindexed, tokenize = 'porter unicode61')",
			"insert into own(rowid, title, body) values (7, 'they were running', 'x'), (-9, 'nothing', null)",
			"insert into own(own, rank) values ('rank', 'bm25(10.0, 5.0)')",
			"create virtual table posts_ft using fts5(title, body, content = 'posts', content_rowid = 'id')",
			"insert into posts_ft(posts_ft) values ('rebuild')",
			"create virtual table words using fts5vocab('own', 'row')",
			"create trigger posts_new after insert on posts begin insert into posts_ft(rowid, title, body) " +
				"values (new.id, new.title, new.body); end",
		}
		questions := []string{
			"select group_concat(rowid) from own where own match 'run'", "select group_concat(rowid || coalesce(body, '-')) from own",
			"select group_concat(rowid) from posts_ft where posts_ft match 'jumps'", "select group_concat(term || cnt) from words",
			"select group_concat(k || v) from own_config where k <> 'version'",
		}
		if rt == d1test.Newest {
			made = append(made, "create virtual table boxes using rtree(id, x0, x1, y0, y1, +label text)",
				"insert into boxes values (1, 0, 10, 0, 10.1, 'first'), (2, 5, 6, 5, 6, null)",
				"create virtual table grid using rtree_i32(id, a, b)", "insert into grid values (-3, 2147483646, 2147483647)")
			questions = append(questions, "select group_concat(id || coalesce(label, '-') || y1) from boxes where x0 <= 5 and x1 >= 6",
				"select group_concat(id || b) from grid where a > 5")
		}
		p := provider(t, f.URL)
		id := f.Add("texts")
		filled, err := p.Fill(t.Context(), id, d1.FillInput{Path: sample(t, made...)})
		if err != nil {
			t.Fatal(err)
		}
		if filled.Rows != 4+int64(len(questions)-5)/2*3 {
			t.Errorf("it says %+v", filled)
		}
		there, err := p.Open(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		copied, err := p.Copy(t.Context(), id, "")
		back := embeddedFrom(t, saved(t, copied, err))
		want := embeddedFrom(t, sample(t, made...))
		for _, q := range questions {
			w := exec(t, want, q).Rows[0][0].Text()
			if got := exec(t, there, q).Rows[0][0].Text(); got != w || w == "" {
				t.Errorf("on D1 %s is %q, and was %q", q, got, w)
			}
			if got := exec(t, back, q).Rows[0][0].Text(); got != w {
				t.Errorf("back again %s is %q, and was %q", q, got, w)
			}
		}
	})
}

// TestWhatCannotBeReadBackIsRefusedByName comes before anything is sent.
func TestWhatCannotBeReadBackIsRefusedByName(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	p := provider(t, f.URL)
	id := f.Add("texts")
	const bare = "create virtual table bare using fts5(body, content = '')"
	const want = "The virtual table bare keeps no text that could be read back"
	if _, err := p.Fill(t.Context(), id, d1.FillInput{Path: sample(t, bare)}); !fault.Is(err, fault.Invalid) ||
		!strings.Contains(fault.Message(err), want) {
		t.Errorf("%v", err)
	}
	if n, _ := f.Count("import"); n > 0 {
		t.Error("an import was begun")
	}
	filled, err := p.Fill(t.Context(), id, d1.FillInput{Path: sample(t, bare, "create table plain(a)"), LeaveOut: true})
	if err != nil || len(filled.LeftOut) != 1 || !strings.HasPrefix(filled.LeftOut[0], want) {
		t.Errorf("left out: %+v %v", filled, err)
	}
	c, _ := p.Open(t.Context(), id)
	exec(t, c, bare)
	if _, err := p.Copy(t.Context(), id, ""); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), want) {
		t.Errorf("%v", err)
	}
	if _, err := p.Retire(t.Context(), id); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), want) {
		t.Errorf("%v", err)
	}
	if n, _ := f.Count("delete"); n > 0 {
		t.Error("it was deleted")
	}
}

// TestRowsThatD1RefusesAreToldBeforeAnythingIsSent is about foreign keys, which D1 looks
// at when an import ends. A CHECK it doesn't look at when it is told so.
func TestRowsThatD1RefusesAreToldBeforeAnythingIsSent(t *testing.T) {
	onEach(t, func(t *testing.T, f *front.Front, _ d1test.Runtime) {
		p := provider(t, f.URL)
		id := f.Add("rows")
		dangling := filepath.Join(t.TempDir(), "dangling.db")
		d1test.Outside(t, dangling, "create table p(id integer primary key); create table c(p integer references p); "+
			"insert into c values (1), (2), (null);")
		_, err := p.Fill(t.Context(), id, d1.FillInput{Path: dangling})
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Message(err), "Rows of c that refer to rows of p that aren't there: 2.") {
			t.Errorf("%v", err)
		}
		if n, _ := f.Count("import"); n > 0 {
			t.Error("an import was begun")
		}
		unchecked := filepath.Join(t.TempDir(), "unchecked.db")
		d1test.Outside(t, unchecked, "create table t(a check (a > 0)); pragma ignore_check_constraints = on; insert into t values (-1), (1);")
		filled, err := p.Fill(t.Context(), id, d1.FillInput{Path: unchecked})
		if err != nil || len(filled.Notes) != 1 || !strings.HasPrefix(filled.Notes[0], "Rows of t that break a CHECK: 1") {
			t.Errorf("%+v %v", filled, err)
		}
		c, _ := p.Open(t.Context(), id)
		if got := exec(t, c, "select group_concat(a) from t").Rows[0][0].Text(); got != "-1,1" {
			t.Errorf("there is %s", got)
		}
		if _, err := c.Query(t.Context(), d1.Exec("insert into t values (-2)")); err == nil {
			t.Error("a CHECK is not enforced any more")
		}
	})
}
