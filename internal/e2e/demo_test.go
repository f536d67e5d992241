package e2e_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// filled is a folder that --demo made, once a test process: it takes seconds.
// Nobody changes it.
var filled = sync.OnceValues(func() (string, error) {
	bin, err := binaries[""]()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(buildDir, "demo")
	cmd := exec.Command(bin, "--demo", "--data", dir, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.Contains(said.Text(), "/setup?token=") { //nolint:revive // the folder is whole when the program serves
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	for said.Scan() { //nolint:revive // until it ends
	}
	if err := cmd.Wait(); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "demo.json")); err != nil {
		return "", errors.New("the demo was not finished")
	}
	return dir, nil
})

// startDemo runs the dashboard on a copy of the demo, and signs its owner in.
func startDemo(t *testing.T) (*program, *client) {
	t.Helper()
	dir, err := filled()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(data, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(data, "secret.key"), 0o600); err != nil { // a copy is anybody's to read
		t.Fatal(err)
	}
	p := start(t, data, "KURATCHI_DEMO=true")
	return p, claimOwner(t, p)
}
