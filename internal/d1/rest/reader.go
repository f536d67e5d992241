package rest

import (
	"context"
	"encoding/binary"
	"hash"
	"slices"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

const (
	// wholeSize is up to how large a database is read in one batch, which is one
	// transaction: nothing can be written in between.
	wholeSize = 8 << 20
	// pageBytes is about how much is read at once of a larger one, and pageRows how
	// many rows at most. A page begins small: a row may have 2 MB.
	pageBytes, pageRows, firstRows = 4 << 20, 10_000, 50
)

// reader is a database on D1 as the source of a copy. It is read row by row, since
// Cloudflare's own export changes values: it writes numbers as JavaScript has them,
// 9007199254740993 as …992 and 1.0 as 1, puts U+FFFD for what is not UTF-8, and
// confuses \n with the end of a line (workers-sdk issue 15378). Reading keeps each
// value, and the database goes on answering.
type reader struct {
	conn d1.Conn
	sum  hash.Hash // of all that was read
	// whole says that all was read in one transaction, and kept holds it, by the statement that asks
	// for a table.
	whole bool
	kept  map[string][][]d1.Value
	rows  int64
	size  int64
}

// Query runs reading statements in one transaction.
func (r *reader) Query(ctx context.Context, ss ...d1.Stmt) ([][][]d1.Value, error) {
	got, err := r.conn.Batch(ctx, ss)
	if err != nil {
		return nil, err
	}
	out := make([][][]d1.Value, len(got))
	for i, g := range got {
		out[i] = g.Rows
		for _, row := range g.Rows {
			r.hash(row)
		}
	}
	r.size = got[0].Meta.SizeAfter
	return out, nil
}

// Content reads the definitions, and of a small database the rows with them.
func (r *reader) Content(ctx context.Context) (*copier.Content, error) {
	c, err := copier.Read(ctx, r)
	if err != nil {
		return nil, err
	}
	c.Narrow()
	if r.size > 0 && r.size <= wholeSize && len(c.Virtual) == 0 {
		return c, r.readWhole(ctx, c)
	}
	return c, nil
}

// readWhole reads every table in one transaction, unless the definitions have changed in
// between, or it is too much after all: then it is read in pages, which tells.
func (r *reader) readWhole(ctx context.Context, c *copier.Content) error {
	ss := []d1.Stmt{copier.Catalog()}
	tables := c.Filled()
	for i := range tables {
		ss = append(ss, (&page{Table: tables[i]}).query(0))
	}
	got, err := r.conn.Batch(ctx, ss)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unavailable) { // a table that was dropped meanwhile, or too much
		return nil //nolint:nilerr // as above
	}
	if err != nil {
		return err
	}
	if !slices.EqualFunc(got[0].Rows, c.Rows, slices.Equal) {
		return nil
	}
	r.whole, r.kept = true, map[string][][]d1.Value{}
	for i := range tables {
		r.kept[ss[i+1].SQL] = got[i+1].Rows
		r.rows += int64(len(got[i+1].Rows))
	}
	d1.Report(ctx, "reading rows", r.rows, r.rows)
	return nil
}

// Rows hands out the rows of a table.
func (r *reader) Rows(ctx context.Context, t copier.Table, row func([]d1.Value) error) error {
	p := &page{Table: t, limit: firstRows}
	all := p.query(0).SQL
	if rows, ok := r.kept[all]; ok {
		delete(r.kept, all) // a table is asked for once
		return r.hand(rows, row)
	}
	for {
		rows, more, err := p.next(ctx, r.conn)
		if err != nil {
			return err
		}
		if err := r.hand(rows, row); err != nil {
			return err
		}
		r.rows += int64(len(rows))
		d1.Report(ctx, "reading rows", r.rows, 0)
		if !more {
			return nil
		}
	}
}

func (r *reader) hand(rows [][]d1.Value, row func([]d1.Value) error) error {
	for _, v := range rows {
		r.hash(v)
		if err := row(v); err != nil {
			return err
		}
	}
	return nil
}

// hash adds a row to the sum: kinds and lengths too, so that no two rows read the same.
func (r *reader) hash(row []d1.Value) {
	for _, v := range row {
		text := v.Literal()
		head := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
		_, _ = r.sum.Write(head) // a hash takes everything
		_, _ = r.sum.Write([]byte(text))
	}
}

// page is a table with what of its rows was read.
type page struct {
	copier.Table
	after  d1.Value // the last row's number, NULL for none
	offset int64
	limit  int
}

// next reads the next rows, and reports whether there may be more.
func (p *page) next(ctx context.Context, conn d1.Conn) (rows [][]d1.Value, more bool, err error) {
	got, err := conn.Query(ctx, p.query(p.limit))
	if err != nil && p.limit > 1 && ctx.Err() == nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unavailable)) {
		p.limit = max(1, p.limit/8) // it may have been too much at once
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	rows, more = got.Rows, len(got.Rows) == p.limit
	p.offset += int64(len(rows))
	if len(rows) > 0 {
		if p.By != "" {
			p.after = rows[len(rows)-1][p.At]
		}
		size := 0
		for _, row := range rows {
			for _, v := range row {
				size += v.Len() + 16
			}
		}
		p.limit = min(max(1, p.limit*pageBytes/max(1, size)), p.limit*8, pageRows)
	}
	return rows, more, nil
}

// query reads the next rows, all of them for a limit of 0. Where no name reaches the
// rowid, the order is that of the table itself, which doesn't change while nothing is
// written.
func (p *page) query(limit int) d1.Stmt {
	s := d1.Stmt{SQL: "select " + strings.Join(p.Columns, ",") + " from " + sqltext.Quote(p.Name), Columns: make([]string, len(p.Columns))}
	for i := range s.Columns {
		s.Columns[i] = "c" + strconv.Itoa(i)
	}
	if p.By != "" && !p.after.IsNull() {
		s.SQL += " where " + p.By + " > " + p.after.Literal()
	}
	switch {
	case p.By != "":
		s.SQL += " order by " + p.By
	case len(p.Key) > 0:
		s.SQL += " order by " + strings.Join(p.Key, ",")
	case p.Kind == "table":
		s.SQL += " not indexed"
	}
	if limit > 0 {
		s.SQL += " limit " + strconv.Itoa(limit)
		if p.By == "" && p.offset > 0 {
			s.SQL += " offset " + strconv.FormatInt(p.offset, 10)
		}
	}
	return s
}
