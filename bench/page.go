package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
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
	for _, side := range []struct{ what, encoding string }{
		{"100 × 10, whole request : hand-written floor", "identity"},
		{"the same, both compressed", "gzip"},
	} {
		p, err := compare(b.rounds, b.turns, ask(b.site.url+tablePath, side.encoding), ask(floor, side.encoding))
		if err != nil {
			return nil, err
		}
		lines = append(lines, ratio(side.what, p, 2))
	}
	return lines, nil
}

var compressors = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, 5) // as the dashboard does; fails only on a level that isn't one
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
	z := compressors.Get().(*gzip.Writer)
	defer compressors.Put(z)
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
