package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkProgram measures the built program from outside: cold start to the
// first page of data, resident memory, and what a first load weighs. Its numbers
// are in docs/performance.md.
func BenchmarkProgram(b *testing.B) {
	data := b.TempDir()
	p := start(b, data)
	c := claimOwner(b, p)
	c.must(http.MethodPost, "/databases", url.Values{"org_name": {"Acme"}, "schema": {"organization"}, "request": {"r1"}})
	c.waitPage("/databases/acme-org-001", "newsletter_contacts")
	p.stop()
	bin, err := binaries[""]()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("cold start to a page of data", func(b *testing.B) {
		for b.Loop() {
			coldStart(b, bin, data, c.cookie)
		}
	})
	b.Run("memory and weight", func(b *testing.B) {
		p := start(b, data)
		c.p, c.t = p, b
		time.Sleep(300 * time.Millisecond)
		b.ReportMetric(resident(b, p.cmd.Process.Pid), "idle-MB")
		for range b.N {
			for _, path := range []string{"/", "/databases/acme-org-001", "/databases/acme-org-001/tables/users", "/databases/acme-org-001/structure", "/databases/acme-org-001/migrations", "/schemas/organization/versions/2"} {
				for range 30 {
					c.must(http.MethodGet, path, nil)
				}
			}
		}
		b.ReportMetric(resident(b, p.cmd.Process.Pid), "browsed-MB")
		b.ReportMetric(weight(b, c, "/"), "first-load-kB")
		b.ReportMetric(weight(b, c, "/databases/acme-org-001/tables/users"), "table-page-kB")
		p.stop()
	})
}

func coldStart(b *testing.B, bin, data, cookie string) {
	cmd := exec.Command(bin, "--data", data, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	line := make([]byte, 200)
	n, _ := out.Read(line)
	base := regexp.MustCompile(`http://[0-9.:]+`).FindString(string(line[:n]))
	req, _ := http.NewRequest(http.MethodGet, base+"/databases/acme-org-001/tables/users", nil)
	req.Header.Set("Cookie", cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%v %v", res, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	b.StopTimer()
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	b.StartTimer()
}

// resident returns a process's resident memory in MB.
func resident(b *testing.B, pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	kB := regexp.MustCompile(`VmRSS:\s+(\d+)`).FindSubmatch(status)
	n, _ := strconv.ParseFloat(string(kB[1]), 64)
	return n / 1000
}

var assetPath = regexp.MustCompile(`/static/[^"#]+`)

// weight returns what a page and all files it names weigh on the wire, in kB.
func weight(b *testing.B, c *client, path string) float64 {
	total, page := fetchGzip(b, c, path)
	seen := map[string]bool{}
	for _, asset := range assetPath.FindAllString(page, -1) {
		if path == "/" && !seen[asset] {
			n, _ := fetchGzip(b, c, asset)
			total += n
		}
		seen[asset] = true
	}
	return float64(total) / 1000
}

func fetchGzip(b *testing.B, c *client, path string) (int, string) {
	req, _ := http.NewRequest(http.MethodGet, c.p.base+path, nil)
	req.Header.Set("Cookie", c.cookie)
	req.Header.Set("Accept-Encoding", "gzip") // asked for by hand, so not undone on the way
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	if strings.HasPrefix(path, "/static/") {
		return len(raw), ""
	}
	_, _, body, _ := c.do(http.MethodGet, path, nil)
	return len(raw), body
}
