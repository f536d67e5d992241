package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/demo"
)

// smallDemo makes --demo quick until the test ends.
func smallDemo(t *testing.T) {
	t.Helper()
	was := demoOptions
	demoOptions = demo.Options{Organizations: 5, Databases: 10, Users: 200, Rows: 10}
	t.Cleanup(func() { demoOptions = was })
}

// start runs the program on a folder until it serves, or ends by itself.
type start struct {
	out    buffer
	cancel context.CancelFunc
	code   chan int
}

func startDemo(dir string, args ...string) *start {
	ctx, cancel := context.WithCancel(context.Background())
	s := &start{cancel: cancel, code: make(chan int, 1)}
	args = append([]string{"--demo", "--data", dir, "--listen", "127.0.0.1:0"}, args...)
	go func() { s.code <- run(ctx, args, process{environment(), strings.NewReader(""), &s.out, &s.out}) }()
	return s
}

// serves waits until it serves and reports true, or until it has ended with
// that code; -1 is neither within half a minute.
func (s *start) serves() (bool, int) {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if regexp.MustCompile(`http://[0-9.:]+`).MatchString(s.out.String()) {
			return true, 0
		}
		select {
		case code := <-s.code:
			return false, code
		default:
		}
	}
	return false, -1
}

func (s *start) stop(t *testing.T) {
	t.Helper()
	s.cancel()
	if code := <-s.code; code != exitOK {
		t.Errorf("stopped with %d: %s", code, s.out.String())
	}
}

// tree is what a folder holds: paths with contents, "" for none.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	_ = filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			content, _ := os.ReadFile(p) //nolint:gosec // of this test
			b.WriteString(p + " " + string(content) + "\n")
		}
		return nil
	})
	return b.String()
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDemoFillsANewFolderOnceAndServesIt(t *testing.T) {
	smallDemo(t)
	dir := filepath.Join(t.TempDir(), "a", "demo")
	s := startDemo(dir)
	if ok, code := s.serves(); !ok {
		t.Fatalf("%d %s", code, s.out.String())
	}
	for _, want := range []string{"Demo: 6 of 10 databases …\n", "Demo: 10 of 10 databases …\n", "/setup?token="} {
		if !strings.Contains(s.out.String(), want) {
			t.Errorf("no %q in %s", want, s.out.String())
		}
	}
	if _, err := os.Stat(dir + ".new"); err == nil {
		t.Error("the unfinished folder is still there")
	}
	var m marker
	//nolint:gosec // of this test
	if b, err := os.ReadFile(filepath.Join(dir, "demo.json")); err != nil || json.Unmarshal(b, &m) != nil || !m.Complete ||
		time.Since(m.MadeAt) > time.Hour {
		t.Errorf("the marker says %+v, %v", m, err)
	}
	// The lock is held on the folder under its new name, and says by whom.
	if code, _, errs := command(t, "", "--demo", "--data", dir, "--listen", "127.0.0.1:0"); code != exitFailed ||
		!strings.Contains(errs, "in use by process") {
		t.Errorf("a second start: %d %s", code, errs)
	}
	s.stop(t)
	if left, _ := filepath.Glob(filepath.Join(dir, "dashboard.lock.*")); len(left) > 0 {
		t.Errorf("after the end there is %q", left)
	}

	before := m
	s = startDemo(dir)
	if ok, code := s.serves(); !ok || !strings.Contains(s.out.String(), "served as it is") || strings.Contains(s.out.String(), "databases …") {
		t.Errorf("started again: %d %s", code, s.out.String())
	}
	s.stop(t)
	//nolint:gosec // of this test
	if b, err := os.ReadFile(filepath.Join(dir, "demo.json")); err != nil || json.Unmarshal(b, &m) != nil || m != before {
		t.Errorf("the marker says %+v now, %v", m, err)
	}
	// With a command it only picks the folder, and without --demo it is a folder like any other.
	for _, args := range [][]string{{"--demo", "--data", dir, "setup-token"}, {"--data", dir, "setup-token"}} {
		if code, out, errs := command(t, "", args...); code != exitOK || !strings.Contains(out, "/setup?token=") {
			t.Errorf("%v: %d %s", args, code, errs)
		}
	}
}

func TestDemoFillsAnEmptyFolder(t *testing.T) {
	smallDemo(t)
	s := startDemo(t.TempDir())
	if ok, code := s.serves(); !ok {
		t.Fatalf("%d %s", code, s.out.String())
	}
	s.stop(t)
}

func TestDemoFollowsALink(t *testing.T) {
	smallDemo(t)
	target, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	s := startDemo(link)
	if ok, code := s.serves(); !ok {
		t.Fatalf("%d %s", code, s.out.String())
	}
	s.stop(t)
	if h, err := lookInto(target); h != wholeDemo || err != nil {
		t.Errorf("the link's folder holds %d, %v", h, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
}

func TestDemoRefusesWhatIsSomethingElse(t *testing.T) {
	smallDemo(t)
	for name, c := range map[string]struct {
		path, content string // in the folder of the test
		want          string
	}{
		"a data folder":            {"demo/control.db", "SQLite", "something else"},
		"an unfinished demo":       {"demo/demo.json", `{"complete":false}`, "something else"},
		"a file":                   {"demo", "text", "something else"},
		"somebody's folder .new":   {"demo.new/thesis.txt", "text", "holds something else"},
		"a hidden file":            {"demo/.keep", "", "something else"},
		"a damaged mark of a demo": {"demo/demo.json", `{"complete":tr`, "something else"},
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, c.path), c.content)
		before := tree(t, dir)
		code, _, errs := command(t, "", "--demo", "--data", filepath.Join(dir, "demo"), "--listen", "127.0.0.1:0")
		if code != exitFailed || !strings.Contains(errs, c.want) || !strings.Contains(errs, "--data") {
			t.Errorf("%s: %d %s", name, code, errs)
		}
		if after := tree(t, dir); after != before {
			t.Errorf("%s: there was\n%sand is\n%s", name, before, after)
		}
	}
	if code, _, errs := command(t, "", "--demo", "--data", ".", "--listen", "127.0.0.1:0"); code != exitFailed ||
		!strings.Contains(errs, "something else") {
		t.Errorf("the folder of the program: %d %s", code, errs)
	}
	empty := t.TempDir()
	t.Chdir(empty)
	if code, _, errs := command(t, "", "--demo", "--data", ".", "--listen", "127.0.0.1:0"); code != exitFailed ||
		!strings.Contains(errs, "in which it was started") {
		t.Errorf("the empty folder it is in: %d %s", code, errs)
	}
	if code, _, errs := command(t, "", "--demo", "setup-token"); code != exitFailed || !strings.Contains(errs, "data-demo") {
		t.Errorf("a command without a demo: %d %s", code, errs)
	}
	if left, _ := os.ReadDir(empty); len(left) > 0 {
		t.Errorf("there is %v now", left)
	}
}

func TestDemoRemovesWhatAKilledFillLeft(t *testing.T) {
	smallDemo(t)
	for name, mark := range map[string]string{
		"in the middle":    `{"complete":false}`,
		"at the end":       `{"complete":true}`,
		"at the beginning": ``,
	} {
		dir := filepath.Join(t.TempDir(), "demo")
		put(t, dir+".new/demo.json", mark)
		put(t, dir+".new/control.db", "half of it")
		put(t, dir+".new/databases/old.0.db", "old")
		s := startDemo(dir)
		if ok, code := s.serves(); !ok {
			t.Fatalf("%s: %d %s", name, code, s.out.String())
		}
		s.stop(t)
		if _, err := os.Stat(dir + "/databases/old.0.db"); err == nil {
			t.Errorf("%s: a database of the killed fill is served", name)
		}
		if _, err := os.Stat(dir + ".new"); err == nil {
			t.Errorf("%s: the unfinished folder is still there", name)
		}
	}
}

func TestDemoThatIsStoppedLeavesNothing(t *testing.T) {
	smallDemo(t)
	demoOptions.Users = 100_000
	parent := t.TempDir()
	s := startDemo(filepath.Join(parent, "demo"))
	for !strings.Contains(s.out.String(), "databases …") {
		time.Sleep(time.Millisecond)
	}
	s.cancel()
	if code := <-s.code; code != exitFailed || !strings.Contains(s.out.String(), "nothing of it was kept") {
		t.Errorf("%d %s", code, s.out.String())
	}
	if left, _ := os.ReadDir(parent); len(left) > 0 {
		t.Errorf("it left %v", left)
	}
}

func TestTwoDemosAtOnceFillOnce(t *testing.T) {
	smallDemo(t)
	dir := filepath.Join(t.TempDir(), "demo")
	starts := []*start{startDemo(dir), startDemo(dir), startDemo(dir)}
	var wg sync.WaitGroup
	var mu sync.Mutex
	serving := 0
	for _, s := range starts {
		wg.Go(func() {
			ok, code := s.serves()
			mu.Lock()
			defer mu.Unlock()
			out := s.out.String()
			switch {
			case ok:
				serving++
			case code != exitFailed || !strings.Contains(out, "being made already") && !strings.Contains(out, "in use by"):
				t.Errorf("the other one: %d %s", code, out)
			}
		})
	}
	wg.Wait()
	if serving != 1 {
		t.Errorf("%d of them serve", serving)
	}
	for _, s := range starts {
		s.cancel()
	}
	for _, s := range starts {
		if strings.Contains(s.out.String(), "/setup?") {
			<-s.code
		}
	}
}
