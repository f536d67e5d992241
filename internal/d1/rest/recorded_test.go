package rest_test

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/d1test/front"
	"github.com/kuratchi/dashboard/internal/d1/rest"
)

var update = flag.Bool("update", false, "write what D1 answers to the example's statement")

// listener keeps the last body that came back.
type listener struct {
	http.RoundTripper
	heard []byte
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := l.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if l.heard, err = io.ReadAll(res.Body); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(l.heard))
	return res, nil
}

// What the example's server answers is what D1 answers, but for how long it took.
func TestTheExamplesAnswerIsD1s(t *testing.T) {
	t.Parallel()
	f := newFront(t, front.Options{})
	l := &listener{RoundTripper: client(t).Transport}
	c := open(t, provider(t, f.URL, func(o *rest.Options) { o.HTTPClient = &http.Client{Transport: l} }), "example")
	for _, sql := range []string{
		"create table users (id text primary key, score integer)",
		"insert into users values ('ada', 9007199254740993), ('grace', 3), ('joan', 1)",
	} {
		if _, err := c.Query(t.Context(), d1.Exec(sql)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Query(t.Context(), exampleStmt()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(recordedAnswer, []byte(timeless(append(l.heard, '\n'))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(recordedAnswer)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(timeless(kept), timeless(append(l.heard, '\n'))); d != "" {
		t.Errorf("D1 answers something else by now (- the example, + D1); -update writes it: %s", d)
	}
}

// timeless is an answer without how long it took.
func timeless(answer []byte) string {
	return regexp.MustCompile(`"duration":[\d.]+`).ReplaceAllString(string(answer), `"duration":0`)
}
