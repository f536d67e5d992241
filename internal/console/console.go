package console

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Limits bound a run.
type Limits struct {
	// Rows is the most rows a statement shows.
	Rows int
	// Bytes is the most bytes of values the whole run shows; 0 means 4 MiB.
	Bytes int
	// Timeout is the longest a statement runs that reads, and the longest all
	// statements of a writing run take together; 0 means as long as D1 allows.
	Timeout time.Duration
	// Trial is the longest that trying a run out takes, 0 means 2 s.
	Trial time.Duration
	// Total is the longest the whole run takes, 0 means 50 s: less than a server
	// gives an answer.
	Total time.Duration
	// Statements is the most statements of one run; 0 means 50.
	Statements int
	// Guard says who makes sure that a reading run only reads.
	Guard Guard
}

const (
	maxBytes = 4 << 20 // of values in one run
	maxRow   = 4 << 20 // of one row: it is refused before it is copied
)

// Result is what one statement gave.
type Result struct {
	// SQL is the statement, and Offset where it starts in the text, in bytes.
	SQL    string
	Offset int
	// Columns are the names in order, duplicates kept.
	Columns []string
	Rows    [][]d1.Value
	// Cut says that the cap stopped it, and at which one.
	Cut string
	// Engine is the time within the engine, Total all of it.
	Engine, Total time.Duration
	// Wrote says that the statement may write, and Changes counts the rows it
	// changed, those of foreign keys and triggers too.
	Wrote   bool
	Changes int64
	// Err is why it was refused or stopped, nil when it ran.
	Err error
	// ErrOffset is where in the whole text the error is, in bytes, or -1.
	ErrOffset int
}

// Run runs the statements of a text, without the BEGIN and COMMIT around them (LeftOut).
// The error is fault.Invalid for a text that
// is no run: empty, too long, too many statements, or parameters that can't be
// read; what a statement itself fails with is in its Result, the last one. So is any
// other word of a transaction, before anything runs.
func Run(ctx context.Context, conn d1.Conn, text, params string, l Limits) ([]Result, error) {
	l = l.orDefaults()
	ctx, cancel := context.WithTimeout(ctx, l.Total)
	defer cancel()
	parts, err := split(text, l)
	if refused, ok := refusedOf(err); ok {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	values, err := Params(params)
	if err != nil {
		return nil, err
	}
	g, err := newGuard(ctx, conn, l.Guard)
	if err != nil {
		return nil, err
	}
	defer g.close()
	x := run{conn: conn, guard: g, values: values, limits: l}
	var out []Result
	began := time.Now()
	for _, p := range parts {
		r := x.one(ctx, p)
		if wasStopped(r.Err) && ctx.Err() != nil {
			r.Err = stopped(ctx, r.Err, began, "Nothing was changed.")
		}
		out = append(out, r)
		if r.Err != nil {
			break
		}
	}
	return out, nil
}

// orDefaults fills in what is 0.
func (l Limits) orDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = maxBytes
	}
	if l.Timeout == 0 {
		l.Timeout = d1.MaxDuration
	}
	if l.Trial == 0 {
		l.Trial = 2 * time.Second
	}
	if l.Statements == 0 {
		l.Statements = 50
	}
	if l.Total == 0 {
		l.Total = 50 * time.Second
	}
	return l
}

// split cuts a text into the statements to run, or says why it is no run: a *misplaced
// error is one statement's.
func split(text string, l Limits) ([]sqltext.Statement, error) {
	l = l.orDefaults()
	u := unwrap(sqltext.Split(text))
	parts := u.parts
	switch {
	case len(parts) == 0 && u.begin != "":
		return nil, fault.New(fault.Invalid, "There is no statement between %s and %s to run.", u.begin, u.commit).At("sql")
	case len(parts) == 0:
		return nil, fault.New(fault.Invalid, "There is no statement to run. Write one, for instance: select * from sqlite_master").At("sql")
	case len(parts) > l.Statements:
		return nil, fault.New(fault.Invalid, "There are %d statements; at most %d run at once. Run them in parts, "+
			"or read a dump into a file with the sqlite3 program and import that.", len(parts), l.Statements).At("sql")
	}
	return parts, u.check()
}

// run is what the statements of a text have in common. What its limits leave of the
// bytes shrinks with every statement.
type run struct {
	conn   d1.Conn
	guard  *guard
	values []d1.Value
	limits Limits
}

// one runs one statement within what is left of the limits.
func (x *run) one(ctx context.Context, p sqltext.Statement) (r Result) {
	r = Result{SQL: p.SQL, Offset: p.Offset, ErrOffset: -1}
	began := time.Now()
	defer func() { r.Total = time.Since(began) }()
	ctx, cancel := context.WithTimeout(ctx, x.limits.Timeout)
	defer cancel()
	n := wanted(p.SQL)
	if n > len(x.values) {
		r.Err = fault.New(fault.Invalid, "The statement has %s, but %s. Give one a line.", count(n, "parameter"), given(len(x.values)))
		return r
	}
	rows, err := x.stream(ctx, p.SQL, x.values[:n])
	if err != nil {
		r.fail(x.guard.reason(ctx, p.SQL, err))
		return r
	}
	x.keep(&r, rows)
	err = rows.Err()
	_ = rows.Close()
	r.Engine = rows.Meta().Duration
	if err != nil {
		r.fail(err)
	}
	return r
}

// stream sends a statement that the guard lets through. One row more than is shown tells
// that there are more. D1 reads no further either where the columns are known; of a PRAGMA,
// an EXPLAIN and what only D1 can compile they aren't, as that can't stand in another
// SELECT, and the answer is left when there are enough.
func (x *run) stream(ctx context.Context, sql string, values []d1.Value) (*d1.Rows, error) {
	columns, err := x.guard.check(sql)
	if err != nil {
		return nil, err
	}
	stmt := d1.SelectAs(columns, sql, values...)
	stmt.MaxRow, stmt.MaxRows = maxRow, x.limits.Rows+1
	return x.conn.Stream(ctx, stmt)
}

// keep keeps the rows of a statement as far as the limits go.
func (x *run) keep(r *Result, rows *d1.Rows) {
	r.Columns = rows.Columns
	for rows.Next() {
		row, weight := rows.Row(), 0
		for _, v := range row {
			weight += 32 + v.Len()
		}
		if len(r.Rows) == x.limits.Rows {
			r.Cut = "after " + strconv.Itoa(x.limits.Rows) + " rows"
			return
		}
		if weight > x.limits.Bytes {
			r.Cut = "at what one run shows, " + strconv.Itoa(maxBytes>>20) + " MiB"
			return
		}
		x.limits.Bytes -= weight
		r.Rows = append(r.Rows, row)
	}
}

func (r *Result) fail(err error) {
	r.Err = err
	e, ok := errors.AsType[*d1.Error](err)
	if !ok {
		return
	}
	if e.Class == d1.ReadOnly {
		r.Err = fault.Wrap(err, fault.Denied, "This statement would change the database, and the console reads only. Nothing was changed.")
	}
	switch {
	case e.Offset >= 0 && e.Offset <= len(r.SQL):
		r.ErrOffset = r.Offset + e.Offset
	case d1.Said(e.Text) == incomplete:
		r.ErrOffset = r.Offset + sqltext.End(r.SQL)
	}
}

// ErrCancelled is the cause of a run's context when who runs it pressed Cancel.
var ErrCancelled = errors.New("console: the run was cancelled")

func wasStopped(err error) bool {
	e, ok := errors.AsType[*d1.Error](err)
	return ok && e.Class == d1.Interrupted
}

// stopped says why a run was stopped, and what that left.
func stopped(ctx context.Context, err error, began time.Time, left string) error {
	took := fmt.Sprintf("%.1f s", time.Since(began).Seconds())
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err
	case errors.Is(cause, ErrCancelled):
		return fault.Wrap(err, fault.Limited, "Cancelled after %s. %s", took, left)
	case errors.Is(cause, context.DeadlineExceeded):
		return fault.Wrap(err, fault.Limited, "It took too long and was stopped after %s. %s", took, left)
	}
	return fault.Wrap(err, fault.Limited, "The connection to the browser ended, so the run was stopped after %s. %s", took, left)
}

// Place returns the line and column of an offset in a text, both from 1, the
// column in characters.
func Place(text string, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	line = strings.Count(before, "\n") + 1
	return line, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
}

// wanted is how many values a statement wants, however many that is.
func wanted(sql string) int {
	_, count := sqltext.Params(sql, math.MaxInt32)
	return count
}

var (
	integer = regexp.MustCompile(`^[+-]?\d{1,19}$`)
	decimal = regexp.MustCompile(`^[+-]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][+-]?\d+)$`)
)

// Params reads the values of parameters, one a line: NULL, a number, 'quoted
// text' or text as it is; x'00ff' is a BLOB. Blank lines at the end don't count.
func Params(s string) ([]d1.Value, error) {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r", ""), "\n ")
	if s == "" {
		return nil, nil
	}
	lines := strings.Split(s, "\n")
	if len(lines) > d1.MaxParams {
		return nil, fault.New(fault.Invalid, "There are %d parameters; D1 allows %d.", len(lines), d1.MaxParams).At("params")
	}
	out := make([]d1.Value, len(lines))
	for i, line := range lines {
		v, err := param(line)
		if err != nil {
			return nil, fault.New(fault.Invalid, "Parameter %d: %v", i+1, err).At("params")
		}
		out[i] = v
	}
	return out, nil
}

func param(line string) (d1.Value, error) {
	word := strings.TrimSpace(line)
	switch {
	case sqltext.Same(word, "null"):
		return d1.Value{}, nil
	case integer.MatchString(word):
		i, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return d1.Value{}, errors.New("the number is beyond 64 bits; put it in quotes to give it as text")
		}
		return d1.Int(i), nil
	case decimal.MatchString(word):
		f, err := strconv.ParseFloat(word, 64)
		return d1.Float(f), err
	}
	for t := range sqltext.Tokens(word) {
		if t.Text != word {
			break
		}
		if t.Kind == sqltext.String && len(word) > 1 && strings.HasSuffix(word, "'") {
			return d1.Str(t.Value()), nil
		}
		if t.Kind == sqltext.Blob {
			b, err := decodeHex(word)
			return d1.Bytes(b), err
		}
	}
	return d1.Str(line), nil
}

func decodeHex(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimSuffix(s[2:], "'"))
	if err != nil {
		return nil, errors.New("a BLOB is an even number of hexadecimal digits")
	}
	return b, nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func given(n int) string {
	if n == 1 {
		return "1 value is given"
	}
	return strconv.Itoa(n) + " values are given"
}
