package d1test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// findFolder looks for workerd/ from the working directory upwards: a test runs
// in the folder of its package. The path the compiler knows would be wrong under
// -trimpath.
func findFolder() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		folder := filepath.Join(dir, "internal", "d1", "d1test", "workerd")
		if _, err := os.Stat(filepath.Join(folder, "rig.mjs")); err == nil {
			return folder, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("internal/d1/d1test/workerd is in no folder above %s", start)
		}
	}
}

// node is the program that runs a runtime: the one its lockfile brings, or the
// machine's where the lockfile has none for its system. rig.mjs refuses one that
// is too old.
func node(folder string) string {
	own := filepath.Join(folder, "node_modules", ".bin", "node")
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return "node"
}

// install makes node_modules what package-lock.json says. Test processes that
// run at the same time wait for the one that installs.
func install(folder string) error {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("tests on real D1 need node 20 or newer and npm, and %q is not in PATH: %w", tool, err)
		}
	}
	// The lock is on a file that is there anyway, so that none is left behind.
	held, err := os.Open(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	defer held.Close()
	if err := lock(held); err != nil {
		return fmt.Errorf("lock %s: %w", held.Name(), err)
	}
	why, err := stale(folder)
	if err != nil || why == "" {
		return err
	}
	fmt.Fprintf(os.Stderr,
		"d1test: installing one of Cloudflare's D1 runtimes for tests (npm ci in %s, 170 or 380 MB), because %s\n", folder, why)
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--include=optional", "--no-audit", "--no-fund", "--no-update-notifier")
	cmd.Dir = folder
	cmd.ExtraFiles = []*os.File{held} // npm keeps the lock should this process be killed
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci in %s: %w\n%s", folder, err, out.Bytes())
	}
	return nil
}

// stale says why node_modules is not what package-lock.json asks for, or "". npm
// writes node_modules/.package-lock.json last, so an install that broke off has
// none.
func stale(folder string) (why string, err error) {
	want, err := lockedVersions(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return "", err
	}
	have, err := lockedVersions(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "node_modules is missing or incomplete", nil
	} else if err != nil {
		return err.Error(), nil
	}
	for name, w := range want {
		// Optional packages may be other platforms' builds; "" is the folder itself.
		h, there := have[name]
		if h.Version != w.Version && (there || !w.Optional) && name != "" {
			return fmt.Sprintf("%s is %q and not %q", name, h.Version, w.Version), nil
		}
	}
	return "", nil
}

type locked struct {
	Version  string
	Optional bool
}

func lockedVersions(file string) (map[string]locked, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var l struct{ Packages map[string]locked }
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l.Packages, nil
}
