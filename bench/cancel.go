package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// endless are statements that go on until they are stopped: one that computes,
// and one that reads.
var endless = []string{
	"with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n",
	"select count(*) from users a, users b where a.city || b.city = 'nowhere'",
}

// cancelled measures the time from a client that breaks its connection off until
// the connection its statement ran on is free for the next one.
func cancelled(ctx context.Context, b *bench) ([]line, error) {
	var waits []float64
	for i := range b.cancels {
		wait, err := b.site.leave(ctx, endless[i%len(endless)], time.Duration(5+i%10)*time.Millisecond)
		if err != nil {
			return nil, err
		}
		waits = append(waits, milliseconds(wait))
	}
	return []line{
		{what: fmt.Sprintf("until the engine is free again, median of %d", len(waits)), result: fmt.Sprintf("%.1f ms", median(waits))},
		atMost("the same, 99th percentile", percentile(waits, 99), 20, "ms"),
	}, nil
}

// leave starts a statement, lets it run, breaks off, and returns how long the
// engine went on.
func (s *site) leave(ctx context.Context, sql string, after time.Duration) (time.Duration, error) {
	select {
	case <-s.engine.freed: // of one before
	default:
	}
	ctx, drop := context.WithCancel(ctx)
	defer drop()
	form := url.Values{"sql": {sql}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/databases/"+databaseName+"/sql", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Cookie", s.cookie)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := make(chan error, 1)
	go func() {
		res, err := client.Do(req)
		if err == nil {
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			err = fmt.Errorf("the statement ended: %s\n%.300s", res.Status, body)
		}
		answer <- err
	}()
	for s.engine.streams.Load() == 0 {
		select {
		case err := <-answer:
			return 0, err
		case <-time.After(100 * time.Microsecond):
		}
	}
	time.Sleep(after)
	began := time.Now()
	drop()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		return 0, err
	}
	select {
	case free := <-s.engine.freed:
		return free.Sub(began), nil
	case <-time.After(10 * time.Second):
		return 0, errors.New("a statement goes on 10 s after its client left")
	}
}
