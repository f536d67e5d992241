package copier

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// maxText is how long a statement of the text gets: below D1's 100,000 bytes.
const maxText = 90_000

// pieces is the table a value is put together in when its literal is longer than
// a statement may be. It is dropped at the end.
const pieces = "kuratchi_pieces"

// ToText writes the SQL that makes a file again on D1: tables before those that refer to
// them, their rows with every value and rowid as it is, AUTOINCREMENT's counters, then
// indexes, views, virtual tables and triggers. Errors are as ToFile's; what D1 can't take
// of the rows is fault.Invalid too: values over 2 MB, and rows that break a foreign key.
func ToText(ctx context.Context, src *File, w io.Writer, o Options) (d1.Filled, error) {
	filled, err := toText(ctx, src, w, o)
	return src.settled(ctx, filled, err)
}

func toText(ctx context.Context, src *File, w io.Writer, o Options) (d1.Filled, error) {
	c, filled, err := settle(ctx, src, o, func(c *Content) []Obstacle { return append(c.unreadable(), c.tooLong()...) })
	if err != nil {
		return d1.Filled{}, err
	}
	c.Narrow()
	s := &textSink{ctx: ctx, src: src, content: c, w: bufio.NewWriterSize(w, 1<<16), filled: &filled}
	err = s.all()
	if err == nil {
		err = s.w.Flush()
	}
	switch _, told := errors.AsType[*fault.Error](err); {
	case err == nil:
		return filled, nil
	case ctx.Err() != nil:
		return d1.Filled{}, stopped(ctx)
	case told:
		return d1.Filled{}, err
	}
	return d1.Filled{}, fault.Wrap(err, fault.Unavailable, "The text for the import can't be written. Check the disk.")
}

// tooLong are the objects whose text is longer than a statement of the dump gets.
func (c *Content) tooLong() []Obstacle {
	var out []Obstacle
	add := func(o Object) {
		switch {
		case sqltext.Same(o.Name, pieces):
			out = append(out, Obstacle{Object: o, Why: "has a name that the import needs for itself. Rename it first"})
		case len(o.SQL) > maxText && len(o.SQL) <= d1.MaxStatement: // a longer one is told of already
			out = append(out, Obstacle{Object: o, Why: fmt.Sprintf("has a text of %d bytes, and D1's import takes %d", len(o.SQL), maxText)})
		}
	}
	for _, t := range c.Tables {
		add(t.Object)
	}
	for _, v := range c.Virtual {
		add(v.Object)
	}
	for _, o := range c.Later {
		add(o)
	}
	return out
}

// textSink writes the SQL.
type textSink struct {
	ctx     context.Context
	src     *File
	content *Content
	w       *bufio.Writer
	rows    int64
	pieced  bool
	filled  *d1.Filled
}

func (s *textSink) all() error {
	unchecked, err := s.look()
	if err != nil {
		return err
	}
	if unchecked {
		s.line("PRAGMA ignore_check_constraints=ON")
		defer s.line("PRAGMA ignore_check_constraints=OFF")
	}
	s.line("PRAGMA defer_foreign_keys=TRUE")
	tables := s.content.parentsFirst()
	for _, t := range tables {
		s.line(t.SQL)
	}
	for _, t := range tables {
		if err := s.table(t); err != nil {
			return err
		}
	}
	if s.content.counted() {
		s.line("DELETE FROM sqlite_sequence")
		rows := s.rows
		if err := s.table(counters()); err != nil {
			return err
		}
		s.rows = rows
	}
	s.later("index")
	s.later("view")
	for _, v := range s.content.Virtual {
		if err := s.virtual(v); err != nil {
			return err
		}
	}
	if s.pieced {
		s.line("DROP TABLE " + pieces)
	}
	s.later("trigger")
	s.filled.Rows = s.rows
	return nil
}

// look refuses rows that D1 would refuse at the end of the import, and reports whether
// there are some for which CHECKs must not be enforced.
func (s *textSink) look() (unchecked bool, err error) {
	found, notes, err := look(s.ctx, s.content.Tables, func(sql string) ([][]d1.Value, error) {
		rows, err := s.src.Query(s.ctx, d1.Query(sql))
		if err != nil {
			return nil, err
		}
		return rows[0], nil
	})
	if err != nil {
		return false, err
	}
	var refused []string
	for _, b := range found {
		if b.parent != "" {
			refused = append(refused, b.String()+".")
			continue
		}
		unchecked = true
		notes = append(notes, b.String()+". They came as they are.")
	}
	if len(refused) > 0 {
		return false, fault.New(fault.Invalid, "It holds rows that D1 refuses, so nothing was written.\n%s\n"+
			"Mend them at their source first.", strings.Join(refused, "\n"))
	}
	s.filled.Notes = append(s.filled.Notes, notes...)
	return unchecked, nil
}

func (s *textSink) line(sql string) {
	_, _ = s.w.WriteString(sql) // the writer keeps its error for Flush
	if len(sql) < maxText && sqltext.End(sql) < len(sql) {
		_, _ = s.w.WriteString("\n") // a comment would swallow the semicolon
	}
	_, _ = s.w.WriteString(";\n")
}

func (s *textSink) later(kind string) {
	for _, o := range s.content.Later {
		if o.Kind == kind {
			s.line(d1.Unsplit(o.SQL))
		}
	}
}

// virtual writes what makes a virtual table anew.
func (s *textSink) virtual(v Virtual) error {
	t, before, after, err := v.values(s.ctx, s.src)
	if err != nil {
		return err
	}
	s.line(v.SQL)
	for _, sql := range before {
		s.line(sql)
	}
	if t != nil {
		if err := s.table(*t); err != nil {
			return err
		}
	}
	for _, sql := range after {
		s.line(sql)
	}
	return nil
}

// table writes the rows of a table.
func (s *textSink) table(t Table) error {
	into := "INSERT OR ABORT INTO " + sqltext.Quote(t.Name) + " (" + strings.Join(t.Columns, ", ") + ") "
	return s.src.Rows(s.ctx, t, func(row []d1.Value) error {
		if s.rows++; s.rows%10_000 == 0 {
			d1.Report(s.ctx, "writing the dump", s.rows, 0)
		}
		for _, v := range row {
			if v.Len() > d1.MaxValue {
				return fault.New(fault.Invalid, "The table %s holds a value of %d bytes, and D1 takes 2,000,000. Nothing was written. "+
					"Shorten it at its source first.", t.Name, v.Len())
			}
		}
		return s.row(into, row)
	})
}

// row writes one row; its longest values go into a table of pieces until the
// statement is short enough.
func (s *textSink) row(into string, row []d1.Value) error {
	literals := make([]string, len(row))
	size := len(into) + 10
	for i, v := range row {
		if v.Len() > maxText { // no need to make the literal
			size += maxText
			continue
		}
		literals[i] = v.Literal()
		size += len(literals[i]) + 1
	}
	for cleared := false; size > maxText; cleared = true {
		longest := 0
		for i := range row {
			if length(literals[i], row[i]) > length(literals[longest], row[longest]) {
				longest = i
			}
		}
		if row[longest].Len() == 0 {
			return fault.New(fault.Invalid,
				"A row is too wide for an import. The statement that writes it would be longer than D1 takes, 100,000 bytes.")
		}
		if !cleared {
			s.clear()
		}
		was := length(literals[longest], row[longest])
		literals[longest] = s.piece(longest, row[longest])
		size += len(literals[longest]) - was
	}
	s.line(into + "VALUES(" + strings.Join(literals, ",") + ")")
	return nil
}

// length is how much a value counts in its statement.
func length(literal string, v d1.Value) int {
	if literal == "" && v.Len() > 0 {
		return maxText
	}
	return len(literal)
}

func (s *textSink) clear() {
	if !s.pieced {
		s.line("CREATE TABLE " + pieces + "(k INTEGER PRIMARY KEY, v)")
		s.pieced = true
		return
	}
	s.line("DELETE FROM " + pieces)
}

// piece writes a value in pieces and returns the expression that has it.
func (s *textSink) piece(k int, v d1.Value) string {
	const bytes = 40_000 // twice as many digits
	as := "TEXT"
	if v.Kind() == d1.Blob {
		as = "BLOB"
	}
	text := v.Text()
	s.line(fmt.Sprintf("INSERT INTO %s VALUES(%d,'')", pieces, k))
	for len(text) > 0 {
		n := min(len(text), bytes)
		s.line(fmt.Sprintf("UPDATE %s SET v=v||CAST(x'%s' AS TEXT) WHERE k=%d", pieces, hex.EncodeToString([]byte(text[:n])), k))
		text = text[n:]
	}
	return fmt.Sprintf("(SELECT CAST(v AS %s) FROM %s WHERE k=%d)", as, pieces, k)
}
