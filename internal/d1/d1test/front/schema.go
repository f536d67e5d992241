package front

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// document is the D1 part of Cloudflare's OpenAPI document, see testdata/LICENSE.
//
//go:embed testdata/d1-openapi.json
var document []byte

// schema checks requests and answers.
type schema struct{ router routers.Router }

var loadSchema = sync.OnceValues(func() (*schema, error) {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("d1-openapi.json: %w", err)
	}
	doc.Servers = openapi3.Servers{{URL: "/client/v4"}}
	if err := doc.Validate(context.Background(), openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("d1-openapi.json: %w", err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("d1-openapi.json: %w", err)
	}
	return &schema{router}, nil
})

// maxWhole is the longest body that is checked whole, as that takes seconds for one of
// megabytes. Such a one has many rows, or a BLOB as a list of its bytes: of each list
// the first maxItems are checked.
const (
	maxWhole = 64 << 10
	maxItems = 50
)

// sample is what of a body is checked.
func sample(body []byte) []byte {
	if len(body) <= maxWhole {
		return body
	}
	var out bytes.Buffer
	var items []int // of the lists around, counted from 0; -1 for an object
	left := 0       // how deep is the list whose items are left out
	for i := 0; i < len(body); i++ {
		from := i
		switch deep := len(items); body[i] {
		case '"':
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
		case '[':
			items = append(items, 0)
		case '{':
			items = append(items, -1)
		case ']', '}':
			if deep == left {
				left = 0
			}
			items = items[:max(deep-1, 0)]
		case ',':
			if deep > 0 && left == 0 && items[deep-1] >= 0 {
				if items[deep-1]++; items[deep-1] == maxItems {
					left = deep
				}
			}
		}
		if left == 0 {
			out.Write(body[from:min(i+1, len(body))])
		}
	}
	return out.Bytes()
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true}
}

// request checks a request and leaves its body to be read again.
func (s *schema) request(r *http.Request) (body []byte, problem error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil //nolint:nilerr // a request that broke off is no wrong one
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	in := s.input(r, sample(body))
	if in == nil {
		return body, nil
	}
	problem = openapi3filter.ValidateRequest(r.Context(), in)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, problem
}

// input is what kin-openapi takes, nil for a path the document doesn't have.
func (s *schema) input(r *http.Request, body []byte) *openapi3filter.RequestValidationInput {
	if strings.HasSuffix(r.URL.Path, "/tokens/verify") { // the document has only D1
		return nil
	}
	c := r.Clone(r.Context())
	c.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := s.router.FindRoute(c)
	if err != nil {
		return nil
	}
	return &openapi3filter.RequestValidationInput{Request: c, PathParams: params, Route: route, Options: options()}
}

// response checks an answer.
func (s *schema) response(r *http.Request, rec *recorder) error {
	in := s.input(r, nil)
	if in == nil {
		return nil
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: rec.status, Header: rec.header, Options: options(),
	}
	out.SetBodyBytes(sample(rec.body.Bytes()))
	return openapi3filter.ValidateResponse(r.Context(), out)
}

// recorder holds an answer until it was checked.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.body.Write(b)
}

func (r *recorder) send(w http.ResponseWriter) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}
