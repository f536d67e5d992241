package d1test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// poolSize is how many databases one runtime has. More cost memory (1.1 MB each)
// and start-up time even when nobody uses them; a rig that runs out starts
// another runtime instead.
const poolSize = 64

// bootTimeout is generous: 1.5 s is usual, but a busy machine runs several.
const bootTimeout = 90 * time.Second

// Rig hands out D1 databases of the real runtime. It is safe for concurrent use.
type Rig struct {
	runtime Runtime
	folder  string // of rig.mjs
	persist string

	mu   sync.Mutex // guards what follows
	proc *process   // the one that still has databases
	used int        // how many of them are handed out
}

// shared are the rigs of this test process. They have no closer: a runtime stops
// when its stdin does, which the end of the process closes.
var shared = map[Runtime]func() (*Rig, error){
	Older:  sync.OnceValues(func() (*Rig, error) { return startRig(Older, "") }),
	Newest: sync.OnceValues(func() (*Rig, error) { return startRig(Newest, "") }),
}

// Workerd returns this test process's rig of a runtime and starts it on first
// use, see the package comment for what it needs. It fails the test when that
// can't be.
func Workerd(t testing.TB, rt Runtime) *Rig {
	t.Helper()
	r, err := shared[rt]()
	if err != nil {
		t.Fatalf("d1test: %v", err)
	}
	return r
}

// PersistentWorkerd starts a rig of its own whose databases are kept in dir, and
// stops it when the test ends. Two in turn on the same dir hand out the same
// databases in the same order, with what the first left in them. It has 64
// databases and no more.
func PersistentWorkerd(t testing.TB, rt Runtime, dir string) *Rig {
	t.Helper()
	r, err := startRig(rt, dir)
	if err != nil {
		t.Fatalf("d1test: %v", err)
	}
	t.Cleanup(r.Stop)
	return r
}

func startRig(rt Runtime, persist string) (*Rig, error) {
	folder, err := findFolder()
	if err != nil {
		return nil, err
	}
	if err := install(filepath.Join(folder, string(rt))); err != nil {
		return nil, err
	}
	r := &Rig{runtime: rt, folder: folder, persist: persist}
	if r.proc, err = boot(rt, folder, persist); err != nil {
		return nil, err
	}
	return r, nil
}

// Stop ends a persistent rig before its test does, and waits until it is gone.
// Stopping twice is fine. The shared rig must not be stopped.
func (r *Rig) Stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proc.stop()
}

// Database returns a fresh, empty database which nobody else gets (of a
// persistent rig: the next one, with what is in it).
func (r *Rig) Database(t testing.TB) *Database {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used == poolSize {
		if r.persist != "" {
			t.Fatalf("d1test: all %d databases of the persistent rig are handed out", poolSize)
		}
		p, err := boot(r.runtime, r.folder, "")
		if err != nil {
			t.Fatalf("d1test: %v", err)
		}
		r.proc, r.used = p, 0
	}
	r.used++
	return &Database{proc: r.proc, index: r.used - 1}
}

// process is one running rig.mjs.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer // open for as long as the process is to live
	stderr *os.File  // a file and not a pipe: nothing has to read it
	url    string
	client *http.Client
	once   sync.Once
}

// boot starts rig.mjs and returns when it is ready. It uses files and pipes that
// need no goroutine, so that tests which look for leaked ones find none.
func boot(rt Runtime, folder, persist string) (*process, error) {
	args := []string{"rig.mjs", string(rt), "--databases", strconv.Itoa(poolSize)}
	if persist != "" {
		dir, err := filepath.Abs(persist)
		if err != nil {
			return nil, err
		}
		args = append(args, "--persist", dir)
	}
	stderr, err := os.CreateTemp("", "d1test-stderr-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(stderr.Name()) // it lives on until it is closed
	stdout, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	cmd := exec.Command(node(filepath.Join(folder, string(rt))), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, w, stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return nil, fmt.Errorf("start the D1 runtime %s: %w", rt, err)
	}
	// Without keep-alive no request can meet a connection that is being closed,
	// and no idle one is left behind for a leak detector.
	p := &process{cmd: cmd, stdin: stdin, stderr: stderr,
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	if err := p.awaitReady(stdout); err != nil {
		p.stop()
		return nil, fmt.Errorf("the D1 runtime %s did not start: %w", rt, err)
	}
	return p, nil
}

// awaitReady reads the one line which rig.mjs prints when it is ready.
func (p *process) awaitReady(stdout *os.File) error {
	_ = stdout.SetReadDeadline(time.Now().Add(bootTimeout))
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var ready struct{ URL string }
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, p.output())
	}
	p.url = ready.URL
	return nil
}

// output is the end of what the process wrote to stderr.
func (p *process) output() string {
	const most = 4 << 10
	size, err := p.stderr.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	b := make([]byte, min(size, most))
	n, _ := p.stderr.ReadAt(b, size-int64(len(b)))
	return string(b[:n])
}

func (p *process) stop() {
	p.once.Do(func() {
		p.stdin.Close()
		stuck := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
		defer stuck.Stop()
		_ = p.cmd.Wait()
		p.stderr.Close()
	})
}
