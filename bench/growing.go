package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
)

// Statements that keep all they have seen, as many as the console runs at once
// and some pages of a view that does the same; each begins again when it is
// stopped.
const (
	growingRuns  = 6
	growingPages = 4
	growingTime  = 20 * time.Second
	growingRest  = time.Minute

	growingSQL = "with recursive n(i) as (select 1 union all select i + 1 from n) select json_group_array(printf('%01000d', i)) from n"
)

// growing measures what the built program holds while statements grow, and when
// they are gone.
func growing(ctx context.Context, b *bench) ([]line, error) {
	p, cookie, names, err := growingProgram(ctx, b)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	for _, n := range names { // what is open anyway
		if _, err := get(ctx, p.url+"/databases/"+n+"/sql", cookie, "gzip"); err != nil {
			return nil, err
		}
	}
	time.Sleep(time.Second)
	idle, err := p.resident()
	if err != nil {
		return nil, err
	}
	most, stopped := 0.0, grow(ctx, p.url, cookie, names)
	for range int(growingTime / (20 * time.Millisecond)) {
		time.Sleep(20 * time.Millisecond)
		at, err := p.resident()
		if err != nil {
			return nil, err
		}
		most = max(most, at)
	}
	turns := stopped()
	time.Sleep(growingRest)
	rest, err := p.resident()
	return []line{
		{what: fmt.Sprintf("runs and pages in %s, each stopped by its limit", growingTime), result: fmt.Sprint(turns)},
		atMost(fmt.Sprintf("resident memory with %d runs and %d pages at once, at most", growingRuns, growingPages), most, 128, "MB"),
		atMost("a minute later, more than before them", rest-idle, 30, "MB"),
	}, err
}

// growingProgram starts the built program on databases that have a growing view.
func growingProgram(ctx context.Context, b *bench) (p *process, cookie string, names []string, err error) {
	dir := filepath.Join(b.dir, "growing")
	s, err := newSite(ctx, dir)
	if err != nil {
		return nil, "", nil, err
	}
	defer func() { _ = s.close() }()
	for i := range growingRuns / 2 { // a database runs two at once
		name := fmt.Sprintf("growing-%d", i)
		conn, err := s.add(ctx, name)
		if err != nil {
			return nil, "", nil, err
		}
		if _, err := conn.Query(ctx, d1.Exec("create view growing as "+growingSQL)); err != nil {
			return nil, "", nil, err
		}
		names = append(names, name)
	}
	if err := s.close(); err != nil {
		return nil, "", nil, err
	}
	binary, err := build(ctx, b.dir)
	if err != nil {
		return nil, "", nil, err
	}
	p, err = launch(ctx, binary, dir)
	return p, s.cookie, names, err
}

// grow has all of them go on until stop, which returns how many ended.
func grow(ctx context.Context, base, cookie string, names []string) (stop func() int) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	var mu sync.Mutex
	turns := 0
	again := func(method, path, body string) {
		for ctx.Err() == nil {
			if answered(ctx, method, base+path, cookie, body) {
				mu.Lock()
				turns++
				mu.Unlock()
			}
		}
	}
	for i := range growingRuns {
		all.Go(func() {
			again(http.MethodPost, "/databases/"+names[i%len(names)]+"/sql", url.Values{"sql": {growingSQL}}.Encode())
		})
	}
	for i := range growingPages {
		all.Go(func() { again(http.MethodGet, "/databases/"+names[i%len(names)]+"/tables/growing", "") })
	}
	return func() int { cancel(); all.Wait(); return turns }
}

// answered reports whether a request's answer says that the memory ran out.
func answered(ctx context.Context, method, url, cookie, body string) bool {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Cookie", cookie)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	return err == nil && strings.Contains(string(page), "memory")
}
