package copier

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Options say how a copy is made.
type Options struct {
	// LeaveOut leaves out what D1 can't have, instead of refusing the source for it.
	LeaveOut bool
	// Known says that a database had it all before: views and triggers that can't be used
	// here come as they are, and are told of. A database on D1 is known.
	Known bool
}

// ToFile makes an SQLite file at path, where none is yet, of a source. The memory it
// takes doesn't grow with the source. Errors: fault.Invalid for what can't come, with
// nothing written; fault.Limited when ctx ended it; fault.Unavailable for the disk. After
// an error no file is left.
func ToFile(ctx context.Context, src Source, path string, o Options) (d1.Filled, error) {
	file, ok := src.(*File)
	filled, err := toFile(ctx, src, file, path, o)
	if !ok {
		return filled, err
	}
	made := err == nil
	if filled, err = file.settled(ctx, filled, err); err != nil && made {
		_ = os.Remove(path)
	}
	return filled, err
}

// toFile is ToFile before it is known whether file, where the source is one, is whole.
func toFile(ctx context.Context, src Source, file *File, path string, o Options) (d1.Filled, error) {
	var more func(*Content) []Obstacle
	if file == nil {
		o.Known, more = true, (*Content).unreadable
	}
	c, filled, err := settle(ctx, src, o, more)
	if err != nil {
		return d1.Filled{}, err
	}
	from := ""
	if file != nil && file.utf8 { // SQLite attaches no file of another encoding
		from = file.path
	}
	s := &fileSink{ctx: ctx, src: src, content: c, shadows: file != nil, filled: &filled}
	err = sqlite.Build(ctx, path, from, func(b *sqlite.Builder) error {
		s.Builder, s.direct = b, b.Attached
		return s.all()
	})
	_, ours := errors.AsType[*fault.Error](err)
	switch {
	case err == nil:
		return filled, nil
	case ctx.Err() != nil:
		return d1.Filled{}, stopped(ctx)
	case ours:
		return d1.Filled{}, err
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok && !strings.Contains(e.Text, "SQLITE_FULL") &&
		!strings.Contains(e.Text, "SQLITE_IOERR") {
		return d1.Filled{}, fault.Wrap(err, fault.Invalid, "It can't be made again here: %s.", d1.Words(e.Text))
	}
	return d1.Filled{}, fault.Wrap(err, fault.Unavailable, "The copy can't be written. Check the disk.")
}

// fileSink fills a file that is being made.
type fileSink struct {
	*sqlite.Builder
	ctx     context.Context
	src     Source
	content *Content
	// direct says that the engine itself takes the rows out of the source, shadows that
	// virtual tables go with the tables that belong to them.
	direct, shadows bool
	filled          *d1.Filled
}

func (s *fileSink) all() error {
	for _, t := range s.content.Tables {
		if err := s.Exec(t.SQL); err != nil {
			return err
		}
	}
	for i, t := range s.content.Tables {
		failpoint.Hit("import:rows")
		d1.Report(s.ctx, "copying rows", int64(i), int64(len(s.content.Tables)))
		if err := s.rows(t); err != nil {
			return err
		}
	}
	if s.content.counted() {
		if err := s.Exec("DELETE FROM sqlite_sequence"); err != nil { // the rows' own inserts set them too
			return err
		}
		if _, err := s.take(counters()); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		words string
		do    func() error
	}{
		{"making indexes", func() error { return s.later("index") }},
		{"making views", func() error { return s.later("view") }},
		{"making virtual tables", s.virtual},
		{"making triggers", func() error { return s.later("trigger") }},
		{"looking at the rows", s.look},
	} {
		d1.Report(s.ctx, step.words, 0, 0)
		if err := step.do(); err != nil {
			return err
		}
	}
	return nil
}

// rows fills a table.
func (s *fileSink) rows(t Table) error {
	n, err := s.take(t)
	if err != nil {
		return s.unstorable(t.Name, err)
	}
	s.filled.Rows += n
	return s.recomputed(t)
}

// take copies the rows of a table.
func (s *fileSink) take(t Table) (int64, error) {
	if s.direct {
		return s.Copy(t.Name, t.Columns)
	}
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(t.Columns)), ", ")
	st, err := s.Prepare("INSERT OR ABORT INTO " + sqltext.Quote(t.Name) + " (" + strings.Join(t.Columns, ", ") + ") VALUES (" + marks + ")")
	if err != nil {
		return 0, err
	}
	defer st.Close()
	n := int64(0)
	err = s.src.Rows(s.ctx, t, func(row []d1.Value) error {
		for i, v := range row {
			bind(st, i+1, v)
		}
		n++
		_, err := st.Step()
		st.Reset()
		return err
	})
	return n, err
}

// later makes the objects of a kind.
func (s *fileSink) later(kind string) error {
	for _, o := range s.content.Later {
		if o.Kind != kind {
			continue
		}
		if err := s.Exec(o.SQL); err != nil {
			return s.unstorable(o.Table, err)
		}
	}
	return nil
}

// virtual makes the virtual tables, and fills them.
func (s *fileSink) virtual() error {
	for _, v := range s.content.Virtual {
		if err := s.Exec(v.SQL); err != nil {
			return err
		}
		if !s.shadows {
			if err := s.refill(v); err != nil {
				return err
			}
			continue
		}
		for _, name := range v.Shadows {
			if err := s.shadow(v, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// shadow copies a table that belongs to a virtual one.
func (s *fileSink) shadow(v Virtual, name string) error {
	rows, err := s.src.Query(s.ctx, d1.AboutTable(name))
	if err != nil {
		return err
	}
	t := Table{Object: Object{Name: name}}
	for _, info := range d1.TableInfos(rows[0]) {
		t.Columns = quoted(info.Stored())
	}
	n := int64(0)
	if s.direct {
		n, err = s.CopyShadow(name, t.Columns)
	} else {
		err = s.WriteShadow(name, func() error { n, err = s.take(t); return err })
	}
	if sqltext.Same(name, v.texts()) {
		s.filled.Rows += n
	}
	if err != nil && s.ctx.Err() == nil {
		return fault.Wrap(err, fault.Invalid, "The virtual table %s can't come: its inner table %s is of another form here: "+
			"%s.", v.Name, name, d1.Words(engineText(err)))
	}
	return err
}

// refill fills a virtual table by value.
func (s *fileSink) refill(v Virtual) error {
	t, before, after, err := v.values(s.ctx, s.src)
	if err != nil {
		return err
	}
	for _, sql := range before {
		if err := s.Exec(sql); err != nil {
			return err
		}
	}
	if t != nil {
		n, err := s.take(*t)
		if err != nil {
			return err
		}
		s.filled.Rows += n
	}
	for _, sql := range after {
		if err := s.Exec(sql); err != nil {
			return err
		}
	}
	return nil
}

// look tells of rows that break a constraint.
func (s *fileSink) look() error {
	found, notes, err := look(s.ctx, s.content.Tables, func(sql string) (rows [][]d1.Value, err error) {
		err = s.Ask(sql, func(st *sqlite.Stmt) {
			row := make([]d1.Value, len(st.Columns()))
			for i := range row {
				row[i] = value(st, i)
			}
			rows = append(rows, row)
		})
		return rows, err
	})
	for _, b := range found {
		s.note("%s. They came as they are.", b)
	}
	s.filled.Notes = append(s.filled.Notes, notes...)
	return err
}

func (s *fileSink) note(format string, args ...any) {
	s.filled.Notes = append(s.filled.Notes, fmt.Sprintf(format, args...))
}
