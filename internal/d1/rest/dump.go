package rest

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// maxDumped is how long a statement of a dump gets: below D1's 100,000 bytes.
const maxDumped = 90_000

// pieces is the table a value is put together in when its literal is longer than
// a statement may be. It is dropped at the end.
const pieces = "kuratchi_pieces"

// dumper writes an SQLite file as the SQL that makes it again.
type dumper struct {
	db     *sqlite.Conn
	w      *bufio.Writer
	rows   int64
	pieced bool
}

// dump writes a file as SQL: tables before those that refer to them, their rows
// with every value and rowid as it is, AUTOINCREMENT's counters, then indexes,
// views and triggers.
func dump(ctx context.Context, path string, w io.Writer) error {
	db, err := sqlite.OpenCopy(path)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "The file is no database that can be read.")
	}
	defer func() { _ = db.Close() }()
	if err := db.Begin(ctx, sqlite.Read); err != nil {
		return fault.Wrap(err, fault.Invalid, "The file is no database that can be read.")
	}
	defer func() { _ = db.End(false) }()
	d := &dumper{db: db, w: bufio.NewWriterSize(w, 1<<16)}
	err = d.all(ctx)
	if err == nil {
		err = d.w.Flush()
	}
	if _, told := errors.AsType[*fault.Error](err); err != nil && !told {
		if e, ok := errors.AsType[*sqlite.Error](err); ok {
			return fault.Wrap(err, fault.Invalid, "The file can't be read as a database: %s.", d1.Words(e.Text))
		}
		return fault.Wrap(err, fault.Unavailable, "The dump of the file can't be written. Check the disk.")
	}
	return err
}

func (d *dumper) all(ctx context.Context) error {
	tables, later, err := d.objects()
	if err != nil {
		return err
	}
	d.line("PRAGMA defer_foreign_keys=TRUE")
	for _, t := range tables {
		d.line(t.sql)
	}
	if err := d.tables(ctx, tables); err != nil {
		return err
	}
	if counted(tables) {
		if err := d.counters(); err != nil {
			return err
		}
	}
	if d.pieced {
		d.line("DROP TABLE " + pieces)
	}
	for _, o := range later {
		d.line(forD1(o.sql))
	}
	return nil
}

func (d *dumper) line(sql string) {
	_, _ = d.w.WriteString(sql) // the writer keeps its error for Flush
	if len(sql) < maxDumped && sqltext.End(sql) < len(sql) {
		_, _ = d.w.WriteString("\n") // a comment would swallow the semicolon
	}
	_, _ = d.w.WriteString(";\n")
}

// objects returns the tables, parents first, and what is made after the rows.
func (d *dumper) objects() (tables, later []object, err error) {
	rows, err := d.rowsOf(definitions())
	if err != nil {
		return nil, nil, err
	}
	for _, o := range objectsOf(rows) {
		switch {
		case o.virtual:
			return nil, nil, fault.New(fault.Invalid, "The table %q is a virtual one, such as a full-text index, or belongs to one. "+
				"Cloudflare can't import those: drop it first and make it again afterwards.", o.name)
		case sqltext.Same(o.name, pieces):
			return nil, nil, fault.New(fault.Invalid,
				"The file has a table named %s, which the import needs for itself. Rename it first.", pieces)
		case len(o.sql) > maxDumped:
			return nil, nil, fault.New(fault.Invalid, "The definition of %q is longer than D1 takes, 100,000 bytes.", o.name)
		case o.kind == "table":
			tables = append(tables, o)
		default:
			later = append(later, o)
		}
	}
	tables, err = d.sorted(tables)
	return tables, later, err
}

// sorted puts each table behind those it refers to, as far as there is no circle.
func (d *dumper) sorted(tables []object) ([]object, error) {
	var out []object
	state := map[string]bool{} // true while its parents are placed, kept when done
	var visit func(o object) error
	visit = func(o object) error {
		key := sqltext.Fold(o.name)
		if _, seen := state[key]; seen {
			return nil
		}
		state[key] = true
		var parents []string
		if err := d.each("select distinct \"table\" from pragma_foreign_key_list("+d1.Str(o.name).Literal()+")", func(row []d1.Value) error {
			parents = append(parents, row[0].Text())
			return nil
		}); err != nil {
			return err
		}
		for _, p := range parents {
			if i := slices.IndexFunc(tables, func(t object) bool { return sqltext.Same(t.name, p) }); i >= 0 {
				if err := visit(tables[i]); err != nil {
					return err
				}
			}
		}
		out = append(out, o)
		return nil
	}
	for _, t := range tables {
		if err := visit(t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tables writes the rows of tables, in the order of those.
func (d *dumper) tables(ctx context.Context, tables []object) error {
	rows, err := d.rowsOf(d1.AboutTables())
	if err != nil {
		return err
	}
	infos := d1.TableInfos(rows)
	for _, o := range tables {
		if i := slices.IndexFunc(infos, func(t d1.TableInfo) bool { return t.Name == o.name }); i >= 0 {
			if err := d.table(ctx, infos[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// table writes a table's rows, with the rowid where it has a name and is no column.
func (d *dumper) table(ctx context.Context, t d1.TableInfo) error {
	columns := t.Stored()
	list := sqltext.QuoteAll(columns)
	if id := t.RowID(); id != "" && !t.KeyIsRowID() && len(columns) < d1.MaxColumns {
		list = id + ", " + list
	}
	into := "INSERT INTO " + sqltext.Quote(t.Name) + " (" + list + ") "
	return d.each("select "+list+" from "+sqltext.Quote(t.Name), func(row []d1.Value) error {
		if d.rows++; d.rows%10_000 == 0 {
			d1.Report(ctx, "writing the dump", d.rows, 0)
		}
		return d.row(into, row)
	})
}

// row writes one row; its longest values go into a table of pieces until the
// statement is short enough.
func (d *dumper) row(into string, row []d1.Value) error {
	literals := make([]string, len(row))
	size := len(into) + 10
	for i, v := range row {
		if v.Len() > maxDumped { // no need to make the literal
			literals[i] = ""
			size += maxDumped
			continue
		}
		literals[i] = v.Literal()
		size += len(literals[i]) + 1
	}
	cleared := false
	for size > maxDumped {
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
			d.clear()
			cleared = true
		}
		was := length(literals[longest], row[longest])
		literals[longest] = d.piece(longest, row[longest])
		size += len(literals[longest]) - was
	}
	d.line(into + "VALUES(" + strings.Join(literals, ",") + ")")
	return nil
}

// length is how much a value counts in its statement.
func length(literal string, v d1.Value) int {
	if literal == "" && v.Len() > 0 {
		return maxDumped
	}
	return len(literal)
}

func (d *dumper) clear() {
	if !d.pieced {
		d.line("CREATE TABLE " + pieces + "(k INTEGER PRIMARY KEY, v)")
		d.pieced = true
		return
	}
	d.line("DELETE FROM " + pieces)
}

// piece writes a value in pieces and returns the expression that has it.
func (d *dumper) piece(k int, v d1.Value) string {
	const bytes = 40_000 // twice as many digits
	as := "TEXT"
	if v.Kind() == d1.Blob {
		as = "BLOB"
	}
	s := v.Text()
	d.line(fmt.Sprintf("INSERT INTO %s VALUES(%d,'')", pieces, k))
	for len(s) > 0 {
		n := min(len(s), bytes)
		d.line(fmt.Sprintf("UPDATE %s SET v=v||CAST(x'%s' AS TEXT) WHERE k=%d", pieces, hex.EncodeToString([]byte(s[:n])), k))
		s = s[n:]
	}
	return fmt.Sprintf("(SELECT CAST(v AS %s) FROM %s WHERE k=%d)", as, pieces, k)
}

// counters writes those of AUTOINCREMENT.
func (d *dumper) counters() error {
	d.line("DELETE FROM " + sequences)
	return d.each("select name, seq from "+sequences, func(row []d1.Value) error {
		d.line("INSERT INTO " + sequences + " VALUES(" + row[0].Literal() + "," + row[1].Literal() + ")")
		return nil
	})
}

// rowsOf runs a query without values and returns its rows.
func (d *dumper) rowsOf(s d1.Stmt) (rows [][]d1.Value, err error) {
	err = d.each(s.SQL, func(row []d1.Value) error {
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// each runs a query and hands out its rows.
func (d *dumper) each(sql string, f func(row []d1.Value) error) error {
	st, err := d.db.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close()
	columns := 0
	for {
		more, err := st.Step()
		if err != nil || !more {
			return err
		}
		if columns == 0 {
			columns = len(st.Columns())
		}
		row := make([]d1.Value, columns)
		for i := range row {
			switch st.ColumnType(i) {
			case sqlite.TypeInteger:
				row[i] = d1.Int(st.Int(i))
			case sqlite.TypeFloat:
				row[i] = d1.Float(st.Float(i))
			case sqlite.TypeText:
				row[i] = d1.Str(st.Bytes(i))
			case sqlite.TypeBlob:
				row[i] = d1.BlobOf(st.Bytes(i))
			}
		}
		if err := f(row); err != nil {
			return err
		}
	}
}
