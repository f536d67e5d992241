package local_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// folder is an engine that can be stopped and started, and its folder.
type folder struct {
	*local.Engine
	t   *testing.T
	dir string
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{t: t, dir: t.TempDir()}
	f.start()
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func (f *folder) start() {
	f.t.Helper()
	e, err := local.Open(f.dir, local.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Engine = e
}

// stopped does something to the files while nobody has them open.
func (f *folder) stopped(do func()) {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	do()
	f.start()
}

// add makes a database with a row that says its name.
func (f *folder) add(name string) d1.Info {
	f.t.Helper()
	info, c := made(f.t, f.Engine, name)
	query(f.t, c, "create table t(x text)")
	query(f.t, c, "insert into t select '"+name+"' from json_each(json_array(1,2,3,4,5,6,7,8,9,10))")
	for range 3 {
		query(f.t, c, "insert into t select hex(randomblob(1500)) from json_each(json_array(1,2,3,4,5,6,7,8,9,10))")
	}
	return info
}

func (f *folder) path(d d1.Info) string {
	return filepath.Join(f.dir, d.Name+"."+d.ID+".db")
}

func (f *folder) query(d d1.Info, sql string) (string, error) {
	f.t.Helper()
	c, err := f.Open(f.t.Context(), d.ID)
	if err != nil {
		return "", err
	}
	s := d1.Query(sql)
	if !strings.HasPrefix(sql, "select") {
		s = d1.Exec(sql)
	}
	r, err := c.Query(f.t.Context(), s)
	if err != nil || len(r.Rows) == 0 {
		return "", err
	}
	return r.Rows[0][0].Text(), nil
}

func (f *folder) holds(d d1.Info, want string) {
	f.t.Helper()
	if got, err := f.query(d, "select x from t"); err != nil || got != want {
		f.t.Errorf("%s holds %q, %v", d.Name, got, err)
	}
}

func (f *folder) bytes(path string) []byte {
	f.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

func (f *folder) rename(from, to string) {
	f.t.Helper()
	if err := os.Rename(from, to); err != nil {
		f.t.Fatal(err)
	}
}

// swap exchanges the files of two databases.
func (f *folder) swap(a, b d1.Info) {
	f.rename(f.path(a), f.path(a)+".away")
	f.rename(f.path(b), f.path(a))
	f.rename(f.path(a)+".away", f.path(b))
}

func TestTheFileOfAnotherDatabaseIsRefusedByBothNames(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ctx := t.Context()
	acme, globex := f.add("acme"), f.add("globex")
	p := keep(t, f.Engine, acme.ID)
	f.stopped(func() { f.swap(acme, globex) })
	before := f.bytes(f.path(acme))
	check := func(what string, err error) {
		t.Helper()
		if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "The file in the place of acme is that of globex") {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := f.query(acme, "select x from t")
	check("reading", err)
	_, err = f.query(acme, "delete from t")
	check("writing", err)
	c, err := f.Visit(ctx, acme.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Query(ctx, d1.Query("select 1"))
	check("a visit", err)
	_ = c.Close()
	_, err = f.CheckFile(ctx, acme.ID)
	check("the check", err)
	_, err = f.Keep(ctx, acme.ID)
	check("keeping", err)
	_, err = f.Copy(ctx, acme.ID, "")
	check("a download", err)
	check("restoring", f.Restore(ctx, acme.ID, p.ID))
	_, err = f.Retire(ctx, acme.ID)
	check("retiring", err)
	check("deleting", f.Delete(ctx, acme.ID))
	if !bytes.Equal(before, f.bytes(f.path(acme))) {
		t.Error("the file was written to")
	}
	f.stopped(func() { f.swap(acme, globex) })
	f.holds(acme, "acme")
	f.holds(globex, "globex")
	if err := f.Restore(ctx, acme.ID, p.ID); err != nil {
		t.Error(err)
	}
}

func TestADatabaseThatIsGoneIsNamedByItsId(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	acme, globex := f.add("acme"), f.add("globex")
	f.stopped(func() { f.rename(f.path(globex), f.path(acme)) })
	_, err := f.query(acme, "select x from t")
	if want := "a database that isn't here any more, with the id …" + globex.ID[24:]; !strings.Contains(fault.Message(err), want) {
		t.Errorf("%v", err)
	}
}

// TestAFileFromBeforeTakesItsId: files that earlier builds made, and those put there by
// hand, say nothing. Whichever way they are opened first, they are their database's then.
func TestAFileFromBeforeTakesItsId(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"select x from t", "insert into t values ('more')"} {
		f := newFolder(t)
		acme, globex := f.add("acme"), f.add("globex")
		f.stopped(func() { f.own(acme, ""); f.own(globex, "") })
		if _, err := f.query(acme, first); err != nil {
			t.Fatal(err)
		}
		f.stopped(func() {})
		if got := f.owner(f.path(acme)); got != acme.ID {
			t.Errorf("after %q it is %q's", first, got)
		}
		if got := f.owner(f.path(globex)); got != "" {
			t.Errorf("what nobody opened is %q's", got)
		}
		// The way on for who did it on purpose.
		f.stopped(func() { f.swap(acme, globex); f.own(globex, "") })
		if _, err := f.query(acme, "select x from t"); err != nil {
			t.Errorf("a file without an id: %v", err)
		}
		if _, err := f.query(globex, "select x from t"); err != nil {
			t.Errorf("a file whose id was taken away: %v", err)
		}
	}
}

// own and owner are for files that nobody has open.
func (f *folder) own(d d1.Info, id string) {
	f.t.Helper()
	c, err := sqlite.Open(f.path(d), sqlite.Options{})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := c.Own(f.t.Context(), id); err != nil {
		f.t.Fatal(err)
	}
	_ = c.Close()
}

func (f *folder) owner(path string) string {
	f.t.Helper()
	c, err := sqlite.OpenCopy(path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	id, err := c.Owner(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

func TestTheIdGoesWithTheContent(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ctx := t.Context()
	acme := f.add("acme")
	if got := f.owner(f.path(acme)); got != acme.ID {
		t.Errorf("a new one is %q's", got)
	}
	p := keep(t, f.Engine, acme.ID)
	if got := f.owner(f.pointPath(p)); got != acme.ID {
		t.Errorf("a point is %q's", got)
	}
	for _, point := range []string{"", p.ID} {
		file, err := f.Copy(ctx, acme.ID, point)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.owner(file.Name()); got != "" {
			t.Errorf("a download of %q is %q's", point, got)
		}
		if bytes.Contains(f.bytes(file.Name()), []byte(acme.ID)) {
			t.Errorf("a download of %q holds the id somewhere", point)
		}
		_ = file.Close()
	}
	last, err := f.Retire(ctx, acme.ID)
	if err != nil || f.owner(f.pointPath(last)) != acme.ID {
		t.Fatalf("the last state: %v", err)
	}
	again, err := f.Create(ctx, d1.CreateInput{Name: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Restore(ctx, again.ID, last.ID); err != nil {
		t.Fatal(err)
	}
	f.holds(again, "acme")
	f.stopped(func() {})
	if got := f.owner(f.path(again)); got != again.ID {
		t.Errorf("what was brought back is %q's", got)
	}
	if got := f.owner(f.pointPath(last)); got != acme.ID {
		t.Errorf("and the point became %q's", got)
	}
	if left, _ := filepath.Glob(filepath.Join(f.dir, "*.new*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func (f *folder) pointPath(p d1.Point) string { return filepath.Join(f.dir, "copies", p.ID+".db") }

// TestTheIdIsSeenNowhere: what is told of a database is the same with it and without.
func TestTheIdIsSeenNowhere(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	ctx := t.Context()
	empty, err := f.Create(ctx, d1.CreateInput{Name: "empty"})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := f.Open(ctx, empty.ID)
	if is, err := d1.IsEmpty(ctx, c); !is || err != nil {
		t.Errorf("a new one isn't empty, %v", err)
	}
	acme := f.add("acme")
	look := func() (seen string, size int64) {
		for _, sql := range []string{
			"select json_group_array(name || coalesce(sql, '')) from sqlite_master", "select json_group_array(name) from pragma_table_list",
			"select count(*) from t",
		} {
			got, err := f.query(acme, sql)
			if err != nil {
				t.Fatal(err)
			}
			seen += got + "\n"
		}
		return seen, int64(len(f.bytes(f.path(acme))))
	}
	f.stopped(func() {})
	with, size := look()
	f.stopped(func() { f.own(acme, "") })
	without, sizeWithout := look()
	if with != without || size != sizeWithout {
		t.Errorf("with it %d bytes\n%s\nwithout %d bytes\n%s", size, with, sizeWithout, without)
	}
}
