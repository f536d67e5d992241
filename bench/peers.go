package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// What misbehaves at once.
const (
	halfRequests = 200 // connections that send half of a request's head
	slowReaders  = 50  // that read ten bytes a second of a large page or a download
	endlessRuns  = 8   // statements without an end, more than the console runs at once
)

// peers compares ordinary requests to the built program while it has nothing else
// to do with the same while others misbehave, in turns.
func peers(ctx context.Context, b *bench) ([]line, error) {
	p, cookie, err := peersProgram(ctx, b)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	m := &manners{url: p.url, cookie: cookie}
	ordinary := []struct{ what, path string }{{"the fleet", "/"}, {"a page of a table", tablePath + "?sort=role"},
		{"the console's page", "/databases/" + databaseName + "/sql"}}
	times := map[string][2][]time.Duration{}
	measure := func(side int) error {
		for range b.turns {
			for _, o := range ordinary {
				began := time.Now()
				if _, err := get(ctx, p.url+o.path, cookie, "gzip"); err != nil {
					return err
				}
				both := times[o.path]
				both[side] = append(both[side], time.Since(began))
				times[o.path] = both
			}
		}
		return nil
	}
	resident := 0.0
	for range 3 {
		if err := measure(1); err != nil {
			return nil, err
		}
		end, err := m.misbehave(ctx)
		if err == nil {
			err = measure(0)
		}
		if now, e := p.resident(); err == nil {
			resident, err = max(resident, now), e
		}
		end()
		if err != nil {
			return nil, err
		}
	}
	var lines []line
	for _, o := range ordinary {
		both := times[o.path]
		for _, percent := range []int{50, 99} {
			with, quiet := percentile(both[0], percent), percentile(both[1], percent)
			l := atMost(fmt.Sprintf("%s, percentile %d of %d : while it is quiet", o.what, percent, len(both[0])), milliseconds(with), 300, "ms")
			l.ours, l.other = duration(with), duration(quiet)
			if percent == 50 {
				l.goal = ""
			}
			lines = append(lines, l)
		}
	}
	return append(lines, atMost("resident memory with them, at most", resident, 200, "MB")), nil
}

// peersProgram starts the built program on data of its own.
func peersProgram(ctx context.Context, b *bench) (*process, string, error) {
	dir := filepath.Join(b.dir, "peers")
	s, err := newSite(ctx, dir)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = s.close() }()
	if err := s.fill(ctx, 20_000); err != nil {
		return nil, "", err
	}
	for _, sql := range []string{
		"create table cells (id integer primary key, body text)",
		"insert into cells values (1, replace(hex(zeroblob(95000)), '00', '<e> & \"x\"' || char(10)))",
	} {
		if _, err := s.conn.Query(ctx, d1.Exec(sql)); err != nil {
			return nil, "", err
		}
	}
	if err := s.close(); err != nil {
		return nil, "", err
	}
	binary, err := build(ctx, b.dir)
	if err != nil {
		return nil, "", err
	}
	p, err := launch(ctx, binary, dir)
	return p, s.cookie, err
}

// manners are bad ones.
type manners struct{ url, cookie string }

// misbehave returns once all peers are there; end makes them go.
func (m *manners) misbehave(ctx context.Context) (end func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	var all, ready sync.WaitGroup
	start := func(peer func(context.Context, func())) {
		ready.Add(1)
		all.Go(func() { peer(ctx, sync.OnceFunc(ready.Done)) })
	}
	cell := url.Values{"key": {browse.EncodeKey([]d1.Value{d1.Int(1)})}, "column": {"body"}}
	database := "/databases/" + databaseName
	large := []string{
		m.request(http.MethodGet, tablePath+"?limit=500", ""), m.request(http.MethodPost, database+"/download", ""),
		m.request(http.MethodGet, tablePath+"?limit=500", ""), m.request(http.MethodPost, database+"/download", ""),
		m.request(http.MethodGet, database+"/tables/cells/cell?"+cell.Encode(), ""),
	}
	for i := range halfRequests {
		whole := m.request(http.MethodGet, "/", "")
		start(func(ctx context.Context, is func()) { m.linger(ctx, whole[:len(whole)*(1+i%9)/10], is) })
	}
	for i := range slowReaders {
		start(func(ctx context.Context, is func()) { m.linger(ctx, large[i%len(large)], is) })
	}
	run := m.request(http.MethodPost, database+"/sql", url.Values{"sql": endless[:1]}.Encode())
	for range endlessRuns {
		start(func(ctx context.Context, is func()) { m.linger(ctx, run, is) })
	}
	there := make(chan struct{})
	go func() { ready.Wait(); close(there) }()
	select {
	case <-there:
		time.Sleep(time.Second) // until the statements run
	case <-time.After(time.Minute):
		err = errors.New("the peers don't get through")
	}
	return func() { cancel(); all.Wait(); time.Sleep(time.Second) }, err
}

// request is a request as a browser sends it.
func (m *manners) request(method, path, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: dashboard\r\nCookie: %s\r\nContent-Type: "+
		"application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		method, path, m.cookie, len(body), body)
}

// linger sends something, reads what comes at ten bytes a second, and begins
// again when it was hung up on, until ctx is done.
func (m *manners) linger(ctx context.Context, sent string, is func()) {
	defer is() // also when it gets nowhere: what is measured then tells
	for ctx.Err() == nil {
		c, err := net.Dial("tcp", strings.TrimPrefix(m.url, "http://"))
		if err != nil {
			return
		}
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		hangUp := context.AfterFunc(ctx, func() { _ = c.Close() })
		_, err = io.WriteString(c, sent)
		is()
		for err == nil {
			if _, err = c.Read(make([]byte, 1)); err == nil {
				time.Sleep(100 * time.Millisecond)
			}
		}
		hangUp()
		_ = c.Close()
	}
}
