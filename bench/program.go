package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/kuratchi/dashboard/internal/browse"
)

// program measures the built program from outside, on the site's data. The site
// is closed for that.
func program(ctx context.Context, b *bench) ([]line, error) {
	cat, err := browse.Load(ctx, b.site.conn)
	if err != nil {
		return nil, err
	}
	later, err := after(ctx, b.site, cat, browse.Request{Table: "users",
		Filters: []browse.Filter{{Column: "id", Op: browse.Gte, Value: fmt.Sprint(b.rows / 2)}}})
	if err != nil {
		return nil, err
	}
	if err := b.site.close(); err != nil {
		return nil, err
	}
	binary, err := build(ctx, b.dir)
	if err != nil {
		return nil, err
	}
	var starts []float64
	for range b.starts {
		took, err := coldStart(ctx, binary, b.site)
		if err != nil {
			return nil, err
		}
		starts = append(starts, milliseconds(took))
	}
	lines := []line{atMost(fmt.Sprintf("from start to the first page of data, median of %d", len(starts)), median(starts), 50, "ms")}
	p, err := launch(ctx, binary, b.site.dir)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	memory, err := p.memory(ctx, b, later)
	if err != nil {
		return nil, err
	}
	first, err := firstLoad(ctx, p.url, b.site.cookie)
	if err != nil {
		return nil, err
	}
	fragment, err := get(ctx, p.url+tablePath+"?"+later.Query().Encode(), b.site.cookie, "gzip")
	return append(append(lines, memory...),
		atMost("first load, the fleet and all its files, gzipped", float64(first)/1000, 60, "kB"),
		atMost("a later page of 100 rows × 10 columns, gzipped", float64(len(fragment))/1000, 6, "kB"),
	), err
}

// build builds the program as make build does.
func build(ctx context.Context, dir string) (binary string, err error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kuratchi/dashboard").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	binary = filepath.Join(dir, "dashboard")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/dashboard")
	cmd.Dir = strings.TrimSpace(string(root))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

// process is the program while it runs.
type process struct {
	cmd *exec.Cmd
	url string
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// launch starts the program on a data folder and returns once it listens.
func launch(ctx context.Context, binary, data string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, "--data", data, "--listen", "127.0.0.1:0")}
	var said bytes.Buffer
	p.cmd.Stderr = &said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		if p.url = address.FindString(s.Text()); p.url != "" {
			return p, nil
		}
	}
	return nil, errors.Join(errors.New("the program does not say where it listens"), p.cmd.Wait(), errors.New(said.String()))
}

// stop ends the program as an operator does.
func (p *process) stop() {
	client.CloseIdleConnections() // which it would wait for
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// coldStart is the time from starting the program until a page of data is there.
func coldStart(ctx context.Context, binary string, s *site) (time.Duration, error) {
	began := time.Now()
	p, err := launch(ctx, binary, s.dir)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	_, err = get(ctx, p.url+tablePath, s.cookie, "gzip")
	return time.Since(began), err
}

// memory measures what the program holds before and after somebody browses.
func (p *process) memory(ctx context.Context, b *bench, later browse.Request) ([]line, error) {
	time.Sleep(time.Second)
	idle, err := p.resident()
	if err != nil {
		return nil, err
	}
	const times = 30
	paths := []string{
		"/", "/schemas/organization/versions/2", "/databases/" + databaseName, "/databases/" + databaseName + "/structure",
		"/databases/" + databaseName + "/sql", tablePath, tablePath + "?" + later.Query().Encode(),
		tablePath + "?sort=-role", tablePath + "?f=city:eq:Oslo", tablePath + "?limit=500",
	}
	for range times {
		for _, path := range paths {
			if _, err := get(ctx, p.url+path, b.site.cookie, "gzip"); err != nil {
				return nil, err
			}
		}
	}
	browsed, err := p.resident()
	return []line{
		atMost("resident memory, idle", idle, 25, "MB"),
		atMost(fmt.Sprintf("resident memory, after %d pages", times*len(paths)), browsed, 40, "MB"),
	}, err
}

var residentLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is the program's resident memory in MB.
func (p *process) resident() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("resident memory is not measured on %s: %w", runtime.GOOS, err)
	}
	m := residentLine.FindSubmatch(status)
	if m == nil {
		return 0, errors.New("the system tells no resident memory")
	}
	kB, err := strconv.ParseFloat(string(m[1]), 64)
	return kB / 1000, err
}

var asset = regexp.MustCompile(`/static/[^"#]+`)

// firstLoad is how many bytes the first page and every file it names have on the
// wire.
func firstLoad(ctx context.Context, url, cookie string) (int, error) {
	wire, err := get(ctx, url+"/", cookie, "gzip")
	if err != nil {
		return 0, err
	}
	z, err := gzip.NewReader(bytes.NewReader(wire))
	if err != nil {
		return 0, err
	}
	html, err := io.ReadAll(z)
	if err != nil {
		return 0, err
	}
	total, seen := len(wire), map[string]bool{}
	for _, path := range asset.FindAllString(string(html), -1) {
		if seen[path] {
			continue
		}
		seen[path] = true
		file, err := get(ctx, url+path, cookie, "gzip")
		if err != nil {
			return 0, err
		}
		total += len(file)
	}
	return total, nil
}
