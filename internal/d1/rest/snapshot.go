package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// A snapshot is read row by row, since Cloudflare's own export changes values: it
// writes numbers as JavaScript has them, 9007199254740993 as …992 and 1.0 as 1, puts
// U+FFFD for what is not UTF-8, and confuses \n with the end of a line (workers-sdk
// issue 15378). Reading keeps each value, and the database goes on answering.

const (
	// wholeSize is up to how large a database is read in one batch, which is one
	// transaction: nothing can be written in between.
	wholeSize = 8 << 20
	// pageBytes is about how much is read at once of a larger one, and pageRows how
	// many rows at most. A page begins small: a row may have 2 MB.
	pageBytes, pageRows, firstRows = 4 << 20, 10_000, 50
	// maxReadings is how often a larger one is read again because it was written to
	// meanwhile.
	maxReadings = 3
)

// reading is what a snapshot read.
type reading struct {
	bookmark string // of before it: nothing was written since while it is still that
	sum      string // of all that was read
}

// snapshot writes a database as it is at one moment into an SQLite file that isn't
// there yet. A large one that is written to all the time is fault.Conflict.
func (p *Provider) snapshot(ctx context.Context, id, path string) (reading, error) {
	ctx = d1.Background(ctx) // many calls, for which people shouldn't wait
	opened, err := p.Open(ctx, id)
	if err != nil {
		return reading{}, err
	}
	last := ""
	for n := 1; ; n++ {
		before, err := p.bookmark(ctx, id, time.Time{})
		if err != nil {
			return reading{}, err
		}
		r := &reader{p: p, id: id, conn: opened, sum: sha256.New()}
		if err := r.write(ctx, path); err != nil {
			return reading{}, err
		}
		got := reading{before, hex.EncodeToString(r.sum.Sum(nil))}
		if r.whole {
			return got, nil
		}
		after, err := p.bookmark(ctx, id, time.Time{})
		if err != nil {
			_ = os.Remove(path)
			return reading{}, err
		}
		// A bookmark may move without a write; two equal readings are as good.
		if before == after || got.sum == last {
			return got, nil
		}
		last = got.sum
		_ = os.Remove(path)
		if n == maxReadings {
			return reading{}, p.busy(id)
		}
	}
}

func (p *Provider) busy(id string) error {
	return fault.New(fault.Conflict, "The database %s was written to each time it was read, "+
		"so there is no copy of it as it is at one moment. Nothing was changed. Stop what writes to it, then try again.", p.name(id))
}

// reader makes the statements of a snapshot.
type reader struct {
	p    *Provider
	id   string
	conn d1.Conn
	sum  hash.Hash
	// whole says that all was read in one transaction.
	whole bool
	rows  int64
	// todo are statements, and tables the tables whose rows are still to be read.
	todo   []string
	tables []readTable
	later  []string
}

// readTable is a table with what of its rows was read.
type readTable struct {
	name string
	// columns are quoted; the first is the rowid where by says so.
	columns []string
	by      string
	key     []string // the primary key of a table without a rowid, quoted
	after   d1.Value // the last rowid, NULL for none
	offset  int64
	limit   int
}

// write loads what is read into a file.
func (r *reader) write(ctx context.Context, path string) error {
	if err := r.define(ctx); err != nil {
		return err
	}
	var broke error // what ended the reading, apart from what the SQL is
	err := sqlite.Load(ctx, path, func() (string, error) {
		s, err := r.next(ctx)
		if err != nil && !errors.Is(err, io.EOF) {
			broke = err
		}
		_, _ = io.WriteString(r.sum, s+"\n") // a hash takes everything
		return s, err
	})
	switch e, ours := errors.AsType[*sqlite.Error](err); {
	case err == nil:
		return nil
	case broke != nil:
		return broke
	case ctx.Err() != nil:
		return fault.Wrap(context.Cause(ctx), fault.Limited, "The copy of the database %s was stopped. Nothing was changed.", r.p.name(r.id))
	case ours:
		return fault.Wrap(err, fault.Invalid, "The database %s holds what can't be made again here: %s.", r.p.name(r.id), d1.Words(e.Text))
	}
	return fault.Wrap(err, fault.Unavailable, "The copy of the database %s can't be written. Check the disk.", r.p.name(r.id))
}

// define reads the definitions, in one transaction.
func (r *reader) define(ctx context.Context) error {
	got, err := r.conn.Batch(ctx, []d1.Stmt{definitions(), d1.AboutTables()})
	if err != nil {
		return err
	}
	objects, infos := objectsOf(got[0].Rows), d1.TableInfos(got[1].Rows)
	for _, o := range objects {
		switch {
		case o.virtual:
			return fault.New(fault.Invalid, "The table %q of %s is a virtual one, such as a full-text index, or belongs to one. "+
				"It can't be copied: drop it first and make it again afterwards.", o.name, r.p.name(r.id))
		case o.kind == "table":
			r.todo = append(r.todo, o.sql)
			if i := slices.IndexFunc(infos, func(t d1.TableInfo) bool { return t.Name == o.name }); i >= 0 {
				r.tables = append(r.tables, readTableOf(infos[i]))
			}
		default:
			r.later = append(r.later, o.sql)
		}
	}
	if counted(objects) { // last: the rows' own inserts set the counters too
		r.tables = append(r.tables, readTable{name: sequences, columns: []string{"name", "seq"}, limit: pageRows})
	}
	if size := got[0].Meta.SizeAfter; size > 0 && size <= wholeSize {
		return r.all(ctx)
	}
	return nil
}

// readTableOf is a table of which nothing was read yet, with the rowid where it has a name.
func readTableOf(info d1.TableInfo) readTable {
	t := readTable{name: info.Name, limit: firstRows, columns: quoted(info.Stored())}
	if info.WithoutRowID {
		t.key = quoted(info.PrimaryKey())
	} else if id := info.RowID(); id != "" && len(t.columns) < d1.MaxColumns {
		t.columns, t.by = append([]string{id}, t.columns...), id
	}
	return t
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = sqltext.Quote(name)
	}
	return out
}

// query reads the next rows, all of them for a limit of 0. Where no name reaches the
// rowid, the order is that of the table itself, which doesn't change while nothing is
// written.
func (t *readTable) query(limit int) d1.Stmt {
	s := d1.Stmt{SQL: "select " + strings.Join(t.columns, ",") + " from " + sqltext.Quote(t.name), Columns: make([]string, len(t.columns))}
	for i := range s.Columns {
		s.Columns[i] = "c" + strconv.Itoa(i)
	}
	if t.by != "" && !t.after.IsNull() {
		s.SQL += " where " + t.by + " > " + t.after.Literal()
	}
	switch {
	case t.by != "":
		s.SQL += " order by " + t.by
	case len(t.key) > 0:
		s.SQL += " order by " + strings.Join(t.key, ",")
	default:
		s.SQL += " not indexed"
	}
	if limit > 0 {
		s.SQL += " limit " + strconv.Itoa(limit)
		if t.by == "" && t.offset > 0 {
			s.SQL += " offset " + strconv.FormatInt(t.offset, 10)
		}
	}
	return s
}

// all reads every table in one transaction.
func (r *reader) all(ctx context.Context) error {
	ss := []d1.Stmt{definitions()}
	for i := range r.tables {
		ss = append(ss, r.tables[i].query(0))
	}
	got, err := r.conn.Batch(ctx, ss)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unavailable) { // a table that was dropped meanwhile, or too much after all
		return nil //nolint:nilerr // it is read in pages, which tells
	}
	if err != nil {
		return err
	}
	var now []string
	for _, o := range objectsOf(got[0].Rows) {
		now = append(now, o.sql)
	}
	if !slices.Equal(now, slices.Concat(r.todo, r.later)) {
		return nil // the definitions changed in between
	}
	for i, t := range r.tables {
		r.todo = append(r.todo, r.inserts(&t, got[i+1].Rows)...)
	}
	r.whole, r.tables = true, nil
	d1.Report(ctx, "reading rows", r.rows, r.rows)
	return nil
}

// next returns the next statement, io.EOF after the last.
func (r *reader) next(ctx context.Context) (string, error) {
	for len(r.todo) == 0 {
		switch {
		case len(r.tables) > 0:
			if err := r.page(ctx); err != nil {
				return "", err
			}
		case len(r.later) > 0:
			r.todo, r.later = r.later, nil
		default:
			return "", io.EOF
		}
	}
	s := r.todo[0]
	r.todo = r.todo[1:]
	return s, nil
}

// page reads some rows of the first table that has some left.
func (r *reader) page(ctx context.Context) error {
	t := &r.tables[0]
	got, err := r.conn.Query(ctx, t.query(t.limit))
	if err != nil && t.limit > 1 && ctx.Err() == nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Unavailable)) {
		t.limit = max(1, t.limit/8) // it may have been too much at once
		return nil
	}
	if err != nil {
		return err
	}
	asked := t.limit
	r.todo = append(r.todo, r.inserts(t, got.Rows)...)
	d1.Report(ctx, "reading rows", r.rows, 0)
	if len(got.Rows) < asked {
		r.tables = r.tables[1:]
	}
	return nil
}

// maxInserted is about how long a statement of several rows gets, in bytes, and
// rowsInserted how many rows it has at most.
const maxInserted, rowsInserted = 64 << 10, 200

// inserts makes the statements of some rows, and notes where the table is read on.
func (r *reader) inserts(t *readTable, rows [][]d1.Value) []string {
	var out []string
	var b strings.Builder
	into := "INSERT INTO " + sqltext.Quote(t.name) + " (" + strings.Join(t.columns, ",") + ") VALUES "
	if t.name == sequences && t.offset == 0 {
		out = append(out, "DELETE FROM "+sequences)
	}
	size, n := 0, 0
	for _, row := range rows {
		if b.Len() > maxInserted || n == rowsInserted {
			out, n = append(out, b.String()), 0
			b.Reset()
		}
		if n++; n == 1 {
			b.WriteString(into)
		} else {
			b.WriteByte(',')
		}
		for i, v := range row {
			if i == 0 {
				b.WriteByte('(')
			} else {
				b.WriteByte(',')
			}
			b.WriteString(v.Literal())
			size += v.Len() + 16
		}
		b.WriteByte(')')
	}
	if n > 0 {
		out = append(out, b.String())
	}
	r.rows += int64(len(rows))
	t.offset += int64(len(rows))
	if len(rows) > 0 {
		if t.by != "" {
			t.after = rows[len(rows)-1][0]
		}
		t.limit = min(max(1, t.limit*pageBytes/max(1, size)), t.limit*8, pageRows)
	}
	return out
}
