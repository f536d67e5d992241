package demo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
)

// fullBatch is how many statements are sent at once, in one transaction.
const fullBatch = 5_000

// writer sends the rows of one database, in the order they are added.
type writer struct {
	ctx     context.Context //nolint:containedctx // of one call of fill
	conn    d1.Conn
	version int

	table *table // that rows are added to now
	stmts []d1.Stmt
	err   error // the first one; nothing is sent after it
}

// table is a table that rows are added to: as many with a statement as D1's
// limit of parameters lets. All of its statements but the last are the same
// text, so the engine compiles it once.
type table struct {
	w    *writer
	name string
	// has says of each value of a row whether the table has its column.
	has     []bool
	columns int
	head    string
	full    string // the statement of most rows
	args    []d1.Value
}

// into begins rows of a table. A column that came with a later version of the
// schema is written name@version; on an older database its values are dropped.
func (w *writer) into(name, columns string) *table {
	t := &table{w: w, name: name}
	var has []string
	for _, c := range strings.Fields(columns) {
		column, since, later := strings.Cut(c, "@")
		v, _ := strconv.Atoi(since)
		t.has = append(t.has, !later || v <= w.version)
		if t.has[len(t.has)-1] {
			has = append(has, `"`+column+`"`)
		}
	}
	t.columns = len(has)
	t.head = fmt.Sprintf(`INSERT INTO "%s" (%s) VALUES `, name, strings.Join(has, ", "))
	t.full = t.statement(d1.MaxParams / t.columns)
	return t
}

func (t *table) statement(rows int) string {
	row := "(" + strings.Repeat("?, ", t.columns-1) + "?)"
	return t.head + strings.Repeat(row+", ", rows-1) + row
}

// row adds a row.
func (t *table) row(values ...any) {
	w := t.w
	switch {
	case w.err != nil:
		return
	case len(values) != len(t.has):
		w.err = fmt.Errorf("demo: %d values for %d columns of %s", len(values), len(t.has), t.name)
		return
	}
	if w.table != t { // what a row refers to is there before it
		w.close()
		w.table = t
	}
	if t.args == nil {
		t.args = make([]d1.Value, 0, d1.MaxParams)
	}
	for i, v := range values {
		if t.has[i] {
			t.args = append(t.args, w.value(v))
		}
	}
	if len(t.args)+t.columns > d1.MaxParams {
		w.close()
	}
}

// close ends the statement that rows are added to.
func (w *writer) close() {
	t := w.table
	if t == nil || len(t.args) == 0 {
		return
	}
	sql := t.full
	if rows := len(t.args) / t.columns; rows < d1.MaxParams/t.columns {
		sql = t.statement(rows)
	}
	w.stmts = append(w.stmts, d1.Exec(sql, t.args...))
	t.args = nil
	if len(w.stmts) == fullBatch {
		w.send()
	}
}

func (w *writer) send() {
	if w.err == nil {
		_, w.err = w.conn.Batch(w.ctx, w.stmts)
	}
	w.stmts = w.stmts[:0]
}

// flush sends what is left and returns the first error there was.
func (w *writer) flush() error {
	w.close()
	w.send()
	return w.err
}

// moment is a time as the columns of texts have it; a time.Time is written in
// milliseconds, as the columns timestamp_ms have it.
type moment time.Time

const momentForm = "2006-01-02 15:04:05"

// value returns a Go value as the column keeps it.
func (w *writer) value(v any) d1.Value {
	switch v := v.(type) {
	case nil:
	case string:
		return d1.Str(v)
	case int:
		return d1.Int(int64(v))
	case bool:
		return d1.Bool(v)
	case float64:
		return d1.Float(v)
	case []byte:
		return d1.Bytes(v)
	case time.Time:
		return d1.Int(v.UnixMilli())
	case moment:
		return d1.Str(time.Time(v).UTC().Format(momentForm))
	default:
		w.err = fmt.Errorf("demo: a value of type %T", v)
	}
	return d1.Value{}
}
