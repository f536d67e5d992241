package copier

import (
	"context"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// File is an SQLite file as a source. It is read by one goroutine.
type File struct {
	conn *sqlite.Conn
	path string
	utf8 bool
	// check reads the whole file while it is copied: the copy of one that isn't whole is
	// thrown away.
	check *sqlite.Pending
}

// OpenFile opens a file from anywhere that is the caller's own: a log beside it is moved
// into it. What is no database is fault.Invalid; whether it is whole is known when it was
// copied. The caller must Close it.
func OpenFile(path string) (*File, error) {
	conn, check, err := sqlite.BeginForeign(path)
	if err != nil {
		return nil, err
	}
	return &File{conn: conn, path: path, utf8: check.Encoding() == "UTF-8", check: check}, nil
}

// Close closes the file.
func (f *File) Close() error {
	f.check.Stop()
	return f.conn.Close()
}

// whole returns what is to be said of the file, when all of it was read: fault.Invalid for
// one that is damaged, whatever came of the copy.
func (f *File) whole(ctx context.Context) ([]string, error) {
	end := context.AfterFunc(ctx, f.check.Stop)
	defer end()
	about, err := f.check.Wait()
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	return about.Notes(), err
}

// settled is the outcome of a copy of the file.
func (f *File) settled(ctx context.Context, filled d1.Filled, err error) (d1.Filled, error) {
	if ctx.Err() != nil {
		return d1.Filled{}, stopped(ctx)
	}
	notes, damage := f.whole(ctx)
	if damage != nil {
		err = damage
	}
	if err != nil {
		return d1.Filled{}, err
	}
	filled.Notes = append(filled.Notes, notes...)
	return filled, nil
}

// Content reads what the file holds.
func (f *File) Content(ctx context.Context) (*Content, error) { return Read(ctx, f) }

// Query runs reading statements in one transaction.
func (f *File) Query(ctx context.Context, ss ...d1.Stmt) (out [][][]d1.Value, err error) {
	if err := f.conn.Begin(ctx, sqlite.Read); err != nil {
		return nil, f.failed(ctx, err)
	}
	defer func() { _ = f.conn.End(false) }()
	for _, s := range ss {
		var rows [][]d1.Value
		if err := f.each(s, func(row []d1.Value) error {
			rows = append(rows, append([]d1.Value(nil), row...))
			return nil
		}); err != nil {
			return nil, f.failed(ctx, err)
		}
		out = append(out, rows)
	}
	return out, nil
}

// Rows hands out the rows of a table, in its own order. A row is true until the next one.
func (f *File) Rows(ctx context.Context, t Table, row func([]d1.Value) error) error {
	if err := f.conn.Begin(ctx, sqlite.Read); err != nil {
		return f.failed(ctx, err)
	}
	defer func() { _ = f.conn.End(false) }()
	told := error(nil)
	err := f.each(d1.Query("SELECT "+strings.Join(t.Columns, ", ")+" FROM "+sqltext.Quote(t.Name)), func(v []d1.Value) error {
		told = row(v)
		return told
	})
	if err != nil && err != told { //nolint:errorlint // the caller's own error, as it is
		return f.failed(ctx, err)
	}
	return err
}

// each runs a query and hands out its rows.
func (f *File) each(s d1.Stmt, row func([]d1.Value) error) error {
	st, err := f.conn.Prepare(s.SQL)
	if err != nil {
		return err
	}
	defer st.Close()
	for i, v := range s.Args {
		bind(st, i+1, v)
	}
	var values []d1.Value
	for {
		more, err := st.Step()
		if err != nil || !more {
			return err
		}
		if values == nil {
			values = make([]d1.Value, len(st.Columns()))
		}
		for i := range values {
			values[i] = value(st, i)
		}
		if err := row(values); err != nil {
			return err
		}
	}
}

// failed is the error of a file that can't be read on.
func (f *File) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	return fault.Wrap(err, fault.Invalid, "The file can't be read as a database: %s.", d1.Words(engineText(err)))
}

func stopped(ctx context.Context) error {
	return fault.Wrap(context.Cause(ctx), fault.Limited, "The copy was stopped. Nothing was changed.")
}

func value(st *sqlite.Stmt, i int) d1.Value {
	switch st.ColumnType(i) {
	case sqlite.TypeInteger:
		return d1.Int(st.Int(i))
	case sqlite.TypeFloat:
		return d1.Float(st.Float(i))
	case sqlite.TypeText:
		return d1.Str(st.Bytes(i))
	case sqlite.TypeBlob:
		return d1.BlobOf(st.Bytes(i))
	}
	return d1.Value{}
}

func bind(st *sqlite.Stmt, i int, v d1.Value) {
	switch v.Kind() {
	case d1.Null:
		st.BindNull(i)
	case d1.Integer:
		st.BindInt(i, v.Int())
	case d1.Real:
		st.BindFloat(i, v.Float())
	case d1.Text:
		st.BindText(i, v.Text())
	case d1.Blob:
		st.BindBlob(i, v.Text())
	}
}
