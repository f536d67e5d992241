package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	fast "github.com/klauspost/compress/gzip"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

// page compares the first page of a table, 100 rows × 10 columns, with the least
// that could answer it: the same engine read by a hand-written statement, and
// the same cells written by a hand-written loop, served by this process too.
func page(ctx context.Context, b *bench) ([]line, error) {
	floor, err := b.site.serve(http.HandlerFunc(b.site.floor))
	if err != nil {
		return nil, err
	}
	ask := func(url, encoding string) func() error {
		return func() error {
			body, err := b.site.get(ctx, url, encoding)
			if err == nil && len(body) < 3000 {
				err = fmt.Errorf("%s answered %d bytes", url, len(body))
			}
			return err
		}
	}
	var lines []line
	for _, f := range floors {
		p, err := compare(b.rounds, b.turns, ask(b.site.url+tablePath, f.encoding), ask(floor+f.path, f.encoding))
		if err != nil {
			return nil, err
		}
		lines = append(lines, ratio("100 × 10, whole request : "+f.what, p, f.goal))
	}
	if b.before == "" {
		return lines, nil
	}
	more, err := beside(ctx, b, floor)
	return append(lines, more...), err
}

// floors are the ways in which the floor is compared with. Compressed, it is at the
// level of the dashboard's pages: by the standard library, which the goal was set by,
// and by the library that the dashboard uses.
var floors = []struct {
	what, path, encoding string
	goal                 float64
}{
	{"hand-written floor", "/", "identity", 2},
	{"floor, compressed by compress/gzip", standard, "gzip", 1.6},
	{"floor, compressed by the same library", "/", "gzip", 0},
	{"floor, compressed at level 5 as pages once were", formerly, "gzip", 1.6},
}

// The paths at which the floor is compressed by the standard library: at the level of
// the dashboard's pages, and at the one they had when the goal was set.
const (
	standard = "/standard"
	formerly = "/formerly"
)

// compressor is what both libraries have.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// The levels are ones, so nothing fails.
var ours = sync.Pool{New: func() any {
	z, _ := fast.NewWriterLevel(io.Discard, middleware.CompressionLevel)
	return z
}}

var standards = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, middleware.CompressionLevel)
	return z
}}

var formers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, 5)
	return z
}}

// floor answers with the rows of the first page and nothing else.
func (s *site) floor(w http.ResponseWriter, r *http.Request) {
	rows, err := s.conn.Query(r.Context(), d1.Query("select id,email,name,role,org_id,score,created_at,note,active,city "+
		"from users order by id limit 101"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var out strings.Builder
	out.WriteString("<table><tbody>")
	for _, row := range rows.Rows[:100] {
		out.WriteString("<tr>")
		for _, v := range row {
			out.WriteString("<td>")
			writeEscaped(&out, v.Text())
			out.WriteString("</td>")
		}
		out.WriteString("</tr>")
	}
	out.WriteString("</tbody></table>")
	if r.Header.Get("Accept-Encoding") != "gzip" {
		_, _ = io.WriteString(w, out.String())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	pool := &ours
	switch r.URL.Path {
	case standard:
		pool = &standards
	case formerly:
		pool = &formers
	}
	z := pool.Get().(compressor)
	defer pool.Put(z)
	z.Reset(w)
	_, _ = io.WriteString(z, out.String())
	_ = z.Close()
}

func writeEscaped(out *strings.Builder, s string) {
	for i := range len(s) {
		switch s[i] {
		case '<':
			out.WriteString("&lt;")
		case '&':
			out.WriteString("&amp;")
		case '"':
			out.WriteString("&#34;")
		default:
			out.WriteByte(s[i])
		}
	}
}

// deep compares a page far behind the first with the first, as the browsing of
// tables reads them.
func deep(ctx context.Context, b *bench) ([]line, error) {
	cat, err := browse.Load(ctx, b.site.conn)
	if err != nil {
		return nil, err
	}
	fetch := func(req browse.Request) func() error {
		return func() error {
			p, err := browse.Fetch(ctx, b.site.conn, cat, req)
			if err == nil && len(p.Rows) != browse.DefaultLimit {
				err = fmt.Errorf("a page of %d rows", len(p.Rows))
			}
			return err
		}
	}
	row := b.rows * 9 / 10
	first := browse.Request{Table: "users"}
	far, err := after(ctx, b.site, cat, browse.Request{Table: "users",
		Filters: []browse.Filter{{Column: "id", Op: browse.Gte, Value: fmt.Sprint(row)}}})
	if err != nil {
		return nil, err
	}
	// The last role of five holds the last fifth of this order, every fifth id.
	firstRole := browse.Request{Table: "users", Sort: "role"}
	secondRole, err := after(ctx, b.site, cat, firstRole)
	if err != nil {
		return nil, err
	}
	farRole, err := after(ctx, b.site, cat, browse.Request{Table: "users", Sort: "role", Filters: []browse.Filter{
		{Column: "role", Op: browse.Eq, Value: "viewer"}, {Column: "id", Op: browse.Gte, Value: fmt.Sprint(b.rows / 2)},
	}})
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, c := range []struct {
		what      string
		far, near browse.Request
		goal      float64
	}{
		{"by key : first page", far, first, 1.2},
		{"by an indexed column : a page early in that order", farRole, secondRole, 1.2},
		{"by an indexed column : first page", farRole, firstRole, 0},
	} {
		p, err := compare(b.rounds, b.turns, fetch(c.far), fetch(c.near))
		if err != nil {
			return nil, err
		}
		lines = append(lines, ratio(fmt.Sprintf("row %d of %d, %s", row, b.rows, c.what), p, c.goal))
	}
	return lines, nil
}

// after returns the request for the page that follows the first row of another
// one, without its filters.
func after(ctx context.Context, s *site, cat *browse.Catalog, req browse.Request) (browse.Request, error) {
	req.Limit = 1
	p, err := browse.Fetch(ctx, s.conn, cat, req)
	if err == nil && p.Next == "" {
		err = fmt.Errorf("no page follows %v", req.Filters)
	}
	if err != nil {
		return browse.Request{}, err
	}
	return browse.Request{Table: req.Table, Sort: req.Sort, After: p.Next}, nil
}
