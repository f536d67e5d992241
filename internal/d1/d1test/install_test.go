package d1test

import (
	"os"
	"path/filepath"
	"testing"
)

func TestStale(t *testing.T) {
	t.Parallel()
	const lock = `{"packages":{
		"": {"version": "1"},
		"node_modules/miniflare": {"version": "4.0.0"},
		"node_modules/other-platform": {"version": "1.0.0", "optional": true}}}`
	for _, c := range []struct{ name, have, why string }{
		{"nothing installed", "", "node_modules is missing or incomplete"},
		{"installed, without the other platform", `{"packages":{"node_modules/miniflare": {"version": "4.0.0"}}}`, ""},
		{"an older version", `{"packages":{"node_modules/miniflare": {"version": "3.0.0"}}}`,
			`node_modules/miniflare is "3.0.0" and not "4.0.0"`},
		{"an older build for this platform", `{"packages":{"node_modules/miniflare": {"version": "4.0.0"},` +
			` "node_modules/other-platform": {"version": "0.9.0", "optional": true}}}`, `node_modules/other-platform is "0.9.0" and not "1.0.0"`},
		{"a package missing", `{"packages":{}}`, `node_modules/miniflare is "" and not "4.0.0"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, filepath.Join(dir, "package-lock.json"), lock)
			if c.have != "" {
				write(t, filepath.Join(dir, "node_modules", ".package-lock.json"), c.have)
			}
			why, err := stale(dir)
			if err != nil || why != c.why {
				t.Errorf("got %q, %v; want %q", why, err, c.why)
			}
		})
	}
}

func TestInstallSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := install(t.TempDir())
	const want = `tests on real D1 need node 20 or newer and npm, and "node" is not in PATH: exec: "node": executable file not found in $PATH`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
