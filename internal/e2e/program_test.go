package e2e_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binaries builds the program once a test process, with and without the tag
// that compiles in the points where a test may kill it.
var binaries = map[string]func() (string, error){"": sync.OnceValues(func() (string, error) { return build("") }),
	"failpoint": sync.OnceValues(func() (string, error) {
		return build("failpoint")
	})}

var buildDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "kuratchi-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	buildDir = dir
	code := m.Run()
	closeBrowser()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(tags string) (string, error) {
	path := filepath.Join(buildDir, "dashboard-"+tags)
	out, err := exec.Command("go", "build", "-tags", tags, "-o", path, "../../cmd/dashboard").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// program is a running dashboard.
type program struct {
	t    testing.TB
	cmd  *exec.Cmd
	data string
	// base is its address; setup its link for the owner, "" when it has one.
	base, setup string
	exited      chan error
	log         *lines
}

// lines gathers what a process writes.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, s)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.text, "\n")
}

var addressWords = regexp.MustCompile(`(http://[^/\s]+)(/setup\?token=\S+)?`)

// start runs the dashboard on a data folder. env is KEY=value; FAILPOINT picks
// the binary that can be killed.
func start(t testing.TB, data string, env ...string) *program {
	t.Helper()
	tag := ""
	for _, e := range env {
		if strings.HasPrefix(e, "FAILPOINT=") {
			tag = "failpoint"
		}
	}
	bin, err := binaries[tag]()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, data: data, exited: make(chan error, 1), log: &lines{}}
	p.cmd = exec.Command(bin, "--data", data, "--listen", "127.0.0.1:0", "--environment", "production")
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, env...)
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		said := false
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.log.add(s.Text())
			if m := addressWords.FindStringSubmatch(s.Text()); m != nil && !said {
				said = true
				p.base = m[1]
				if m[2] != "" {
					p.setup = m[0]
				}
				close(ready)
			}
		}
	})
	readers.Go(func() {
		s := bufio.NewScanner(stderr)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			p.log.add(s.Text())
		}
	})
	go func() {
		readers.Wait()
		p.exited <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the program said:\n%s", p.log)
		}
	})
	select {
	case <-ready:
	case err := <-p.exited:
		p.exited <- err
		t.Fatalf("the program ended at once: %v\n%s", err, p.log)
	case <-time.After(patience):
		t.Fatalf("the program does not say where it listens\n%s", p.log)
	}
	return p
}

// kill ends the program by SIGKILL, if it still runs.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	p.wait()
}

// wait returns how the program ended.
func (p *program) wait() error {
	select {
	case err := <-p.exited:
		p.exited <- err
		return err
	case <-time.After(patience):
		p.t.Error("the program does not end")
		return nil
	}
}

// stop ends the program as an operator does, and returns its exit code.
func (p *program) stop() int {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.wait()
	return p.cmd.ProcessState.ExitCode()
}
