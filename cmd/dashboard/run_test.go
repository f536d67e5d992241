package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// buffer is written by the program and read by the test.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// command runs one command to its end.
func command(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs buffer
	code = run(t.Context(), args, process{environment(), strings.NewReader(stdin), &out, &errs})
	return code, out.String(), errs.String()
}

// serving runs the dashboard on a folder until the test ends, or stop is called.
func serving(t *testing.T, dir string, env ...string) (base string, out *buffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out = &buffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"--data", dir, "--listen", "127.0.0.1:0"}, process{environment(env...), strings.NewReader(""), out, out})
	}()
	stop = sync.OnceValue(func() int { cancel(); return <-done })
	t.Cleanup(func() { stop() })
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := regexp.MustCompile(`http://[0-9.:]+`).FindString(out.String()); m != "" {
			return m, out, stop
		}
	}
	t.Fatalf("it does not serve: %s", out)
	return "", nil, nil
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url) //nolint:gosec,noctx // our own server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

func TestServesFromAnEmptyFolderAndStopsCleanly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	base, out, stop := serving(t, dir)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/login": 200, "/setup?token=wrong": 404} {
		if code, body := get(t, base+path); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	link := regexp.MustCompile(`http://\S+/setup\?token=\S+`).FindString(out.String())
	if code, body := get(t, link); code != 200 || !strings.Contains(body, "Create the owner") {
		t.Errorf("the setup link: %d", code)
	}
	if code, _, errs := command(t, "", "--data", dir, "--listen", "127.0.0.1:0"); code != exitFailed ||
		!strings.Contains(errs, "in use by process") {
		t.Errorf("a second start: %d %s", code, errs)
	}
	if code := stop(); code != exitOK {
		t.Errorf("stopped with %d: %s", code, out)
	}
	if info, err := os.Stat(filepath.Join(dir, "control.db")); err != nil || info.Mode().Perm()&0o077 != 0 && os.Getuid() != 0 {
		t.Errorf("control.db: %v", err)
	}
	left := filepath.Join(dir, "uploads", "upload-1") // by a program that was killed
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	_, out, _ = serving(t, dir)
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what is left of an upload stays: %v", err)
	}
	if again := regexp.MustCompile(`token=\S+`).FindString(out.String()); again == "" || strings.Contains(link, again) {
		t.Errorf("a restart reuses the setup token, or prints none: %s", out)
	}
}

func TestASetupTokenForARunningDashboard(t *testing.T) {
	dir := t.TempDir()
	base, first, _ := serving(t, dir)
	code, out, errs := command(t, "", "--data", dir, "--listen", strings.TrimPrefix(base, "http://"), "setup-token")
	if code != exitOK {
		t.Fatalf("%d %s", code, errs)
	}
	link := regexp.MustCompile(`http://\S+/setup\?token=\S+`)
	if code, _ := get(t, link.FindString(out)); code != 200 {
		t.Errorf("the new link: %d", code)
	}
	if code, _ := get(t, link.FindString(first.String())); code != 404 {
		t.Errorf("the old link: %d", code)
	}
	if code, out, errs := command(t, "", "--listen", strings.TrimPrefix(base, "http://"), "healthcheck"); code != exitOK || out != "ready\n" {
		t.Errorf("healthcheck: %d %s %s", code, out, errs)
	}
}

func TestMistakesOfTheCommandLine(t *testing.T) {
	empty := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown command":   {[]string{"fly"}, exitUsage, `no command "fly"`},
		"unknown flag":      {[]string{"--fly"}, exitUsage, "fly"},
		"two wrong at once": {[]string{"--listen", "nowhere", "--sql-row-cap", "0"}, exitUsage, "sql-row-cap"},
		"no folder":         {[]string{"--data", filepath.Join(empty, "none"), "setup-token"}, exitFailed, "no dashboard in the data folder"},
		"no address":        {[]string{"--data", empty, "reset-password"}, exitUsage, "EMAIL"},
		"nobody there":      {[]string{"--listen", "127.0.0.1:1", "healthcheck"}, exitFailed, "does not answer"},
		"a file as folder":  {[]string{"--data", "run.go"}, exitFailed, "can't be made"},
	} {
		code, _, errs := command(t, "", c.args...)
		if code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
	if code, out, _ := command(t, "", "--help"); code != exitOK || !strings.Contains(out, "reset-password") ||
		!strings.Contains(out, "--data") {
		t.Errorf("help: %d %s", code, out)
	}
	if _, err := os.Stat("data"); err == nil {
		t.Error("a wrong command line made a data folder")
	}
}

func TestResetPasswordNeedsAnOperatorAndAGoodPassword(t *testing.T) {
	dir := t.TempDir()
	base, out, stop := serving(t, dir)
	link := regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(out.String())
	//nolint:gosec,noctx // our own server
	res, err := http.PostForm(base+"/setup",
		map[string][]string{"token": {link[1]}, "email": {"ada@acme.test"}, "password": {"a sentence nobody guesses"}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for name, c := range map[string]struct {
		email, stdin string
		code         int
		want         string
	}{
		"nobody":       {"eve@acme.test", "a good long password\n", exitFailed, "no operator"},
		"no password":  {"ada@acme.test", "", exitFailed, "Nothing was changed"},
		"short":        {"ada@acme.test", "short\n", exitFailed, "8"},
		"while served": {"Ada@Acme.test", "another good sentence\n", exitOK, "all sessions are ended"},
	} {
		code, stdout, stderr := command(t, c.stdin, "--data", dir, "reset-password", c.email)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%s: %d %s %s", name, code, stdout, stderr)
		}
	}
	stop()
}
