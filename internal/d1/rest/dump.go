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

// object is a row of sqlite_master.
type object struct{ kind, name, sql string }

func (d *dumper) all(ctx context.Context) error {
	tables, later, err := d.objects()
	if err != nil {
		return err
	}
	d.line("PRAGMA defer_foreign_keys=TRUE")
	for _, t := range tables {
		d.line(t.sql)
	}
	for _, t := range tables {
		if err := d.table(ctx, t.name); err != nil {
			return err
		}
	}
	if err := d.sequences(); err != nil {
		return err
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
	err = d.each(`select type, name, sql, (select count(*) from pragma_table_list l where l.name = m.name
		and l.type in ('virtual','shadow') and l.schema = 'main')
		from sqlite_master m where sql is not null and name not like 'sqlite\_%' escape '\' and name not like '\_cf\_%' escape '\'
		order by case type when 'index' then 1 when 'view' then 2 when 'trigger' then 3 else 0 end, rowid`, func(row []d1.Value) error {
		o := object{row[0].Text(), row[1].Text(), row[2].Text()}
		switch {
		case row[3].Int() > 0:
			return fault.New(fault.Invalid, "The table %q is a virtual one, such as a full-text index, or belongs to one. "+
				"Cloudflare can't import those: drop it first and make it again afterwards.", o.name)
		case sqltext.Same(o.name, pieces):
			return fault.New(fault.Invalid, "The file has a table named %s, which the import needs for itself. Rename it first.", pieces)
		case len(o.sql) > maxDumped:
			return fault.New(fault.Invalid, "The definition of %q is longer than D1 takes, 100,000 bytes.", o.name)
		case o.kind == "table":
			tables = append(tables, o)
		default:
			later = append(later, o)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
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

// table writes a table's rows.
func (d *dumper) table(ctx context.Context, name string) error {
	var columns []string
	rowidKey := false
	keys := 0
	if err := d.each("select name, hidden, pk, type from pragma_table_xinfo("+d1.Str(name).Literal()+")", func(row []d1.Value) error {
		if row[1].Int() == 0 {
			columns = append(columns, row[0].Text())
		}
		if row[2].Int() > 0 {
			keys++
			rowidKey = sqltext.Same(row[3].Text(), "integer")
		}
		return nil
	}); err != nil {
		return err
	}
	// "integer primary key desc" is no name of the rowid: it has an index of its own.
	if err := d.each("select 1 from pragma_index_list("+d1.Str(name).Literal()+") where origin = 'pk'", func([]d1.Value) error {
		rowidKey = false
		return nil
	}); err != nil {
		return err
	}
	if len(columns) == 0 {
		return nil
	}
	list := sqltext.QuoteAll(columns)
	if !rowidKey || keys != 1 {
		if id, err := d.rowid(name, columns); err != nil {
			return err
		} else if id != "" && len(columns) < d1.MaxColumns {
			list = id + ", " + list
		}
	}
	into := "INSERT INTO " + sqltext.Quote(name) + " (" + list + ") "
	return d.each("select "+list+" from "+sqltext.Quote(name), func(row []d1.Value) error {
		if d.rows++; d.rows%10_000 == 0 {
			d1.Report(ctx, "writing the dump", d.rows, 0)
		}
		return d.row(into, row)
	})
}

// rowid returns a name for a table's rowid, "" when it has none or no name is left.
func (d *dumper) rowid(table string, columns []string) (string, error) {
	without := false
	err := d.each("select wr from pragma_table_list where schema = 'main' and name = "+d1.Str(table).Literal(), func(row []d1.Value) error {
		without = row[0].Int() == 1
		return nil
	})
	if err != nil || without {
		return "", err
	}
	return sqltext.RowID(columns), nil
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

// sequences writes the counters of AUTOINCREMENT.
func (d *dumper) sequences() error {
	there := false
	if err := d.each("select 1 from sqlite_master where name = 'sqlite_sequence'", func([]d1.Value) error {
		there = true
		return nil
	}); err != nil || !there {
		return err
	}
	d.line("DELETE FROM sqlite_sequence")
	return d.each("select name, seq from sqlite_sequence", func(row []d1.Value) error {
		d.line("INSERT INTO sqlite_sequence VALUES(" + row[0].Literal() + "," + row[1].Literal() + ")")
		return nil
	})
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
