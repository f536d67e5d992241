package local

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// conn is a handle on one database; unless it owns its handles, it holds no file
// open between calls.
type conn struct {
	handles         *handles
	key, name, path string
	owns            bool
	// records says that it is the dashboard's own file and no organization's.
	records bool
	// nameOf returns the name of the database with an id, or its short form; nil for the
	// records.
	nameOf func(id string) string
}

// Query runs one statement in a transaction of its own.
func (c *conn) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	rs, err := c.Batch(ctx, []d1.Stmt{s})
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

// Batch runs the statements in one transaction. It reads on a reading connection
// unless one of them may write.
func (c *conn) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if len(ss) == 0 {
		return nil, nil
	}
	mode := sqlite.Read
	for _, s := range ss {
		if s.Mode == d1.Write {
			mode = sqlite.Write
		}
	}
	var results []*d1.Result
	err := c.within(ctx, mode, func(db *sqlite.Conn) (err error) {
		results, err = runAll(db, ss)
		return err
	})
	if err != nil {
		return nil, err
	}
	return results, nil
}

// runAll runs statements one after the other, each within its mode.
func runAll(db *sqlite.Conn, ss []d1.Stmt) ([]*d1.Result, error) {
	results := make([]*d1.Result, len(ss))
	for i, s := range ss {
		db.Restrict(engineMode(s.Mode))
		r, err := run(db, s)
		if err != nil {
			return nil, &stmtError{index: i, err: err}
		}
		results[i] = r
	}
	return results, nil
}

// Close gives the handle back.
func (c *conn) Close() error {
	if c.owns {
		return c.handles.close()
	}
	return nil
}

func engineMode(m d1.Mode) sqlite.Mode {
	if m == d1.Write {
		return sqlite.Write
	}
	return sqlite.Read
}

// begin borrows a connection and begins a transaction on it; end must be called.
func (c *conn) begin(ctx context.Context, m sqlite.Mode) (db *sqlite.Conn, end func(commit bool) error, err error) {
	h, err := c.handles.acquire(c.key, c.path)
	if err != nil {
		return nil, nil, err
	}
	db, err = h.borrow(ctx, m)
	if err != nil {
		c.handles.release(h)
		return nil, nil, err
	}
	giveBack := func() { h.give(db, m); c.handles.release(h) }
	if err := db.Begin(ctx, m); err != nil {
		giveBack()
		return nil, nil, err
	}
	return db, func(commit bool) error {
		err := db.End(commit)
		giveBack()
		return err
	}, nil
}

// within runs f in one transaction that commits when f succeeds. A statement
// may take as long as D1 gives it.
func (c *conn) within(ctx context.Context, m sqlite.Mode, f func(*sqlite.Conn) error) error {
	ctx, cancel := timed(ctx)
	defer cancel()
	db, end, err := c.begin(ctx, m)
	if err != nil {
		return c.fail(ctx, err)
	}
	panicked := true
	defer func() {
		if panicked { // the database is not kept from others
			_ = end(false)
		}
	}()
	err = f(db)
	panicked = false
	if err != nil {
		_ = end(false)
		return c.fail(ctx, err)
	}
	if m == sqlite.Write && !db.InTransaction() { // SQLite gave up by itself
		_ = end(false)
		return c.fail(ctx, &sqlite.Error{Text: d1.InterruptedText, Offset: -1})
	}
	if err := end(true); err != nil {
		return c.fail(ctx, commitError(err))
	}
	return nil
}

func run(db *sqlite.Conn, s d1.Stmt) (*d1.Result, error) {
	st, err := prepare(db, s)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	before, started := db.TotalChanges(), time.Now()
	r := &d1.Result{}
	row, err := st.Step()
	// The first step compiles again what another connection's DDL has made
	// stale, so only now are the columns the right ones.
	r.Columns = st.Columns()
	read := &reader{st: st, columns: len(r.Columns), max: s.MaxRow}
	size := 0
	for ; row && err == nil; row, err = st.Step() {
		if r.Cut = s.MaxRows > 0 && len(r.Rows) == s.MaxRows; r.Cut {
			break // SQLite makes all changes before it returns the first row
		}
		values, n, err := read.row()
		if err != nil {
			return nil, err
		}
		size += n
		if r.Cut = s.MaxBytes > 0 && size > s.MaxBytes; r.Cut {
			break
		}
		r.Rows = append(r.Rows, values)
	}
	if err != nil {
		return nil, err
	}
	st.Reset()
	r.Meta = d1.Meta{Changes: db.TotalChanges() - before, LastRowID: db.LastInsertRowID(), Duration: time.Since(started)}
	return r, nil
}

func prepare(db *sqlite.Conn, s d1.Stmt) (*sqlite.Stmt, error) {
	st, err := db.Prepare(s.SQL)
	if err != nil {
		return nil, err
	}
	if st.Params() != len(s.Args) {
		st.Close()
		return nil, &sqlite.Error{Text: "Wrong number of parameter bindings for SQL query.", Offset: -1}
	}
	for i, v := range s.Args {
		bind(st, i+1, v)
	}
	return st, nil
}

func bind(st *sqlite.Stmt, i int, v d1.Value) {
	switch v.Kind() {
	case d1.Integer:
		st.BindInt(i, v.Int())
	case d1.Real:
		st.BindFloat(i, v.Float())
	case d1.Text:
		st.BindText(i, v.Text())
	case d1.Blob:
		st.BindBlob(i, v.Text())
	default:
		st.BindNull(i)
	}
}

// reader reads the rows that a statement stands on, one after the other.
type reader struct {
	st      *sqlite.Stmt
	columns int
	max     int // bytes of texts and BLOBs in a row; 0 means no limit
	// block is what is left of the values allocated at once: for one row, then
	// for twice as many, up to maxBlock.
	block []d1.Value
	rows  int
	// short holds the short texts of the row that is read; ends are their columns, each
	// with where its text ends. They become one string: one for each is a third of what
	// a page of a table allocates.
	short []byte
	ends  []int
}

// maxShort is how long a text is that is gathered with others of its row: it isn't worth
// a second copy of more, nor to keep more alive for one of them.
const maxShort = 128

// maxBlock is how many values are allocated at once, unless a row has more.
const maxBlock = 1024

// row returns the row's values and how many bytes its texts and BLOBs have. One
// with more than the limit is refused before the value that goes beyond is
// copied.
func (r *reader) row() (row []d1.Value, size int, err error) {
	if len(r.block) < r.columns {
		r.rows = max(1, min(2*r.rows, maxBlock/max(r.columns, 1)))
		r.block = make([]d1.Value, r.rows*r.columns)
	}
	row, r.block = r.block[:r.columns:r.columns], r.block[r.columns:]
	r.short, r.ends = r.short[:0], r.ends[:0]
	for i := range row {
		kind := r.st.ColumnType(i)
		switch kind {
		case sqlite.TypeInteger:
			row[i] = d1.Int(r.st.Int(i))
		case sqlite.TypeFloat:
			row[i] = d1.Float(r.st.Float(i))
		case sqlite.TypeText, sqlite.TypeBlob:
			if r.max > 0 && size+r.st.Len(i) > r.max {
				return nil, 0, rowTooLarge(r.max)
			}
			if n := r.st.Len(i); kind == sqlite.TypeText && n <= maxShort {
				size += n
				r.short, row[i] = r.st.AppendBytes(r.short, i), d1.Str("")
				r.ends = append(r.ends, i, len(r.short))
				continue
			}
			bytes := r.st.Bytes(i)
			size += len(bytes)
			if row[i] = d1.Str(bytes); kind == sqlite.TypeBlob {
				row[i] = d1.BlobOf(bytes)
			}
		}
	}
	all, from := string(r.short), 0
	for n := 0; n < len(r.ends); n += 2 {
		row[r.ends[n]] = d1.Str(all[from:r.ends[n+1]])
		from = r.ends[n+1]
	}
	return row, size, nil
}
