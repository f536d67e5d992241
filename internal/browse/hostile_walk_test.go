package browse_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/kuratchi/dashboard/internal/browse"
	"github.com/kuratchi/dashboard/internal/d1"
)

// keyless reports whether a page may say that nothing tells the rows apart, and
// whether it must. What a collation of the key's own tells apart may be known or not.
func (h *hostile) keyless() (may, must bool) {
	numbered := h.withoutRowID || h.alias() || h.rowid() != ""
	return !numbered && !h.exact(), !numbered && !h.filled()
}

// filled reports whether there is a key that is never NULL.
func (h *hostile) filled() bool {
	return len(h.key) > 0 && !slices.ContainsFunc(h.key, func(k keyTerm) bool { return !h.columns[k.column].notNull })
}

// exact reports whether the key alone tells rows apart, as the columns compare.
func (h *hostile) exact() bool {
	return h.filled() && !slices.ContainsFunc(h.key, func(k keyTerm) bool { return k.collate != "" })
}

// order is the order of a page: by the sort column, and then by what makes a row
// unique. Without a sort column it is the key's, or the rowid's where three and more
// columns may be NULL.
func (h *hostile) order(sort string, desc bool) string {
	var key, tie []string
	for _, k := range h.key {
		key = append(key, h.ref(h.columns[k.column].name))
	}
	for _, k := range h.key { // keys that only a collation of the key's own tells apart
		tie = append(tie, h.ref(h.columns[k.column].name)+" COLLATE BINARY")
	}
	tie = append(slices.Clone(key), tie...)
	if name := h.rowid(); name != "" && !h.alias() {
		tie = []string{ident(h.name) + "." + name}
	}
	terms := append(slices.Clone(key), tie...)
	if len(key) > 2 && !h.exact() && h.rowid() != "" {
		key, terms = nil, tie
	}
	if sort != "" && (len(key) == 0 || key[0] != h.ref(sort)) {
		terms = append([]string{h.ref(sort)}, tie...)
	}
	if desc {
		for n := range terms {
			terms[n] += " DESC"
		}
	}
	return strings.Join(terms, ", ")
}

// wanted returns the marks of all rows that the filters select, in order.
func (h *hostile) wanted(t *rapid.T, c d1.Conn, req browse.Request) []string {
	sort, desc, err := req.SortColumn()
	if err != nil {
		t.Fatalf("%v", err)
	}
	sql := "SELECT mark FROM " + ident(h.name) + " NOT INDEXED"
	if by := h.order(sort, desc); by != "" {
		sql += " ORDER BY " + by
	}
	var out []string
	for _, row := range exec(t, c, sql).Rows {
		out = append(out, row[0].Literal())
	}
	for _, f := range req.Filters {
		chosen := h.chosen(t, c, f)
		out = slices.DeleteFunc(out, func(mark string) bool { return !chosen[mark] })
	}
	return out
}

// drawRequest is a page's address, read as the address bar would give it.
func (h *hostile) drawRequest(t *rapid.T) browse.Request {
	req := browse.Request{Table: h.name, Filters: h.drawFilters(t), Limit: rapid.IntRange(1, 7).Draw(t, "limit")}
	names := make([]string, len(h.columns))
	for i, c := range h.columns {
		names[i] = c.name
	}
	if i := rapid.IntRange(-1, len(names)-1).Draw(t, "sort"); i >= 0 {
		req.Sort = browse.SortBy(names[i], rapid.Bool().Draw(t, "desc"))
	} else if rapid.Bool().Draw(t, "desc") {
		req.Sort = "-"
	}
	if rapid.Bool().Draw(t, "choose columns") {
		some := rapid.Permutation(names).Draw(t, "shown")
		req.Columns = append([]string{"MARK"}, some[:rapid.IntRange(0, min(len(some), d1.MaxColumns-5)).Draw(t, "how many")]...)
	}
	q := req.Query()
	if req.Sort == "-" {
		q.Set("sort", "-")
	}
	read, err := browse.ParseRequest(h.name, q)
	if err != nil {
		t.Fatalf("%v: %v", q, err)
	}
	return read
}

// stored are rows by their marks, each its values by the names of the columns.
type stored map[string]map[string]d1.Value

// rows are all rows.
func (h *hostile) rows(t *rapid.T, c d1.Conn) stored {
	sql := "SELECT mark"
	for _, col := range h.columns {
		sql += ", " + h.ref(col.name)
	}
	out := stored{}
	for _, row := range exec(t, c, sql+" FROM "+ident(h.name)+" NOT INDEXED").Rows {
		values := map[string]d1.Value{"mark": row[0]}
		for i, col := range h.columns {
			values[col.name] = row[i+1]
		}
		out[row[0].Literal()] = values
	}
	return out
}

// checkCells compares what a page shows of the rows with what is stored.
func checkCells(t *rapid.T, p *browse.Page, rows stored) {
	t.Helper()
	for _, row := range p.Rows {
		values := rows[row.Cells[0].Value.Literal()]
		for i, cell := range row.Cells {
			v := values[p.Columns[i].Name]
			shown := cell.Value.Text()
			cut := cell.Cut && cell.Value.Kind() == v.Kind() && len(shown) < v.Len() && strings.HasPrefix(v.Text(), shown) &&
				(v.Kind() == d1.Blob && len(shown) == browse.MaxCell || utf8.RuneCountInString(shown) == browse.MaxCell)
			if !cut && (cell.Cut || cell.Value != v) {
				t.Fatalf("%s of row %s: %.80s, cut: %v, is shown of %.80s",
					p.Columns[i].Name, row.Cells[0].Value.Literal(), cell.Value.Literal(), cell.Cut, v.Literal())
			}
		}
	}
}

// linked reports whether the values of a row's key fit into a link.
func (h *hostile) linked(row map[string]d1.Value) bool {
	n := 0
	for _, k := range h.key {
		n += row[h.columns[k.column].name].Len()
	}
	return n < browse.MaxKey-64
}

func TestHostileTablesShowEachRowOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHostile(rt)
		exec(rt, c, "DROP TABLE IF EXISTS "+ident(h.name))
		defer exec(rt, c, "DROP TABLE IF EXISTS "+ident(h.name))
		h.fill(rt, c)
		cat, rows := load(rt, c), h.rows(rt, c)
		get := func(req browse.Request) (*browse.Page, error) { return browse.Fetch(bg, c, cat, req) }
		rt.Logf("%s", strings.Join(h.sql, ";\n"))
		for range 3 {
			req := h.drawRequest(rt)
			want := h.wanted(rt, c, req)
			if may, must := h.keyless(); may {
				p, err := get(req)
				if err != nil {
					rt.Fatalf("%+v: %v", req, err)
				}
				if p.Keyless != "" || must {
					checkOnly(rt, p, req, want, rows)
					continue
				}
			}
			walk(rt, get, req, want, func(p *browse.Page) {
				checkCells(rt, p, rows)
				for _, row := range p.Rows {
					mark := row.Cells[0].Value
					if row.Key == "" && !h.linked(rows[mark.Literal()]) {
						continue
					}
					if whole, err := cat.CellContent(bg, c, h.name, row.Key, "mark"); err != nil || whole.Value != mark {
						rt.Fatalf("the row %s by its key %q: %s %v", mark.Literal(), row.Key, whole.Value.Literal(), err)
					}
				}
			})
		}
	})
}

// checkOnly checks the only page of a table whose rows nothing tells apart.
func checkOnly(t *rapid.T, p *browse.Page, req browse.Request, want []string, rows stored) {
	checkCells(t, p, rows)
	got := marks(p)
	slices.Sort(got)
	if p.Keyless == "" || len(got) != min(req.Limit, len(want)) || p.HasNext != (len(want) > req.Limit) || p.Next+p.Prev != "" {
		t.Fatalf("%+v of %v: %v, after %v %q, keyless: %s", req, want, got, p.HasNext, p.Next, p.Keyless)
	}
	if len(slices.Compact(got)) != len(p.Rows) || slices.ContainsFunc(got, func(mark string) bool { return !slices.Contains(want, mark) }) {
		t.Fatalf("%+v of %v: %v", req, want, marks(p))
	}
}
