package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// How much of two databases is compared, since all of it is read from both.
const (
	// MaxRowsCompared is up to how many rows of a table are read; of a larger one the
	// rows are counted.
	MaxRowsCompared = 100_000
	// MaxWholeCompared is up to how large a database every value of those rows is
	// compared, in bytes; of a larger one their primary keys.
	MaxWholeCompared = 32 << 20
)

// compareDatabases compares two databases: their schemas, the rows of each table counted, and the
// values of the rows, or their keys. size is how large one of them is. It returns in
// words what was compared.
func compareDatabases(ctx context.Context, a, b d1.Conn, size int64) (string, error) {
	differ := func(format string, args ...any) error {
		return fault.New(fault.Conflict, "The copy is not what the database is: "+format+". Nothing was changed.", args...)
	}
	one, err := migrate.Inspect(ctx, a)
	if err != nil {
		return "", err
	}
	two, err := migrate.Inspect(ctx, b)
	if err != nil {
		return "", err
	}
	if one.Schema.Hash() != two.Schema.Hash() || !slices.Equal(definitions(one), definitions(two)) {
		return "", differ("the schemas differ")
	}
	tables, err := rowTables(ctx, a)
	if err != nil {
		return "", err
	}
	also, err := rowTables(ctx, b)
	if err != nil {
		return "", err
	}
	if len(tables) != len(also) {
		return "", differ("it has %d tables, and the copy %d", len(tables), len(also))
	}
	counted, err := countRows(ctx, a, tables)
	if err != nil {
		return "", err
	}
	copied, err := countRows(ctx, b, tables)
	if err != nil {
		return "", err
	}
	var c comparison
	for i, t := range tables {
		d1.Report(ctx, "comparing", int64(i), int64(len(tables)))
		n := counted[i]
		if n != copied[i] {
			return "", differ("%s has %d rows, and the copy %d", t.Name, n, copied[i])
		}
		what := c.add(t, n, size)
		if len(what) == 0 || n == 0 {
			continue
		}
		sums := [2]digest{}
		for i, conn := range []d1.Conn{a, b} {
			if sums[i], err = digestOf(ctx, conn, t.Name, what); err != nil {
				return "", err
			}
		}
		if sums[0] != sums[1] {
			return "", differ("the rows of %s differ", t.Name)
		}
	}
	return c.words(), nil
}

// definitions are the kinds and names of what a schema holds.
func definitions(l *live.Database) []string {
	out := make([]string, len(l.Rows))
	for i, r := range l.Rows {
		out[i] = r.Type + " " + r.Name
	}
	return out
}

// comparison is what was compared, and how.
type comparison struct {
	tables              int
	rows, whole, byKeys int64
	counted             []string // the tables whose rows were counted and not read
}

// add notes a table and returns which of its columns are compared, none for a table
// whose rows are counted only.
func (c *comparison) add(t d1.TableInfo, rows, size int64) []string {
	c.tables++
	c.rows += rows
	if rows <= MaxRowsCompared && size <= MaxWholeCompared {
		c.whole += rows
		return t.Stored()
	}
	if key := t.PrimaryKey(); rows <= MaxRowsCompared && len(key) > 0 {
		c.byKeys += rows
		return key
	}
	c.counted = append(c.counted, t.Name)
	return nil
}

// maxNamed is how many tables are named.
const maxNamed = 20

func (c *comparison) words() string {
	s := fmt.Sprintf("%d tables with %d rows compared, %d of them value by value", c.tables, c.rows, c.whole)
	if c.byKeys > 0 {
		s += fmt.Sprintf(", %d by their keys", c.byKeys)
	}
	if n := len(c.counted); n > 0 {
		s += "; of these the rows were counted only: " + strings.Join(c.counted[:min(n, maxNamed)], ", ")
		if n > maxNamed {
			s += fmt.Sprintf(" and %d more", n-maxNamed)
		}
	}
	return s
}

// rowTables describes every table that holds rows, the dashboard's ledgers too.
func rowTables(ctx context.Context, c d1.Conn) ([]d1.TableInfo, error) {
	r, err := c.Query(ctx, d1.AboutTables())
	if err != nil {
		return nil, err
	}
	return d1.TableInfos(r.Rows), nil
}

// countRows counts the rows of each table, in one call.
func countRows(ctx context.Context, c d1.Conn, tables []d1.TableInfo) ([]int64, error) {
	ss := make([]d1.Stmt, len(tables))
	for i, t := range tables {
		ss[i] = d1.Query("SELECT count(*) FROM " + sqltext.Quote(t.Name))
	}
	rs, err := c.Batch(ctx, ss)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(tables))
	for i, r := range rs {
		out[i] = r.Rows[0][0].Int()
	}
	return out, nil
}

// digest is the sum of the hashes of rows, in four lanes: the order doesn't matter,
// and rows that stand twice count twice.
type digest [4]uint64

// digestOf reads columns of every row.
func digestOf(ctx context.Context, c d1.Conn, table string, columns []string) (sum digest, err error) {
	quoted := make([]string, len(columns))
	for i, name := range columns {
		quoted[i] = sqltext.Quote(name)
	}
	s := d1.Query("SELECT " + strings.Join(quoted, ", ") + " FROM " + sqltext.Quote(table))
	s.Columns = columns
	rows, err := c.Stream(ctx, s)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	h := sha256.New()
	for rows.Next() {
		h.Reset()
		for _, v := range rows.Row() {
			hashValue(h, v)
		}
		one := h.Sum(nil)
		for i := range sum {
			sum[i] += binary.LittleEndian.Uint64(one[i*8:])
		}
	}
	return sum, rows.Err()
}

// hashValue writes a value with its storage class, and with its length, so that no two
// rows read the same. -0.0 counts as 0.0: SQLite's own quote() writes it so, and with
// it every dump, and nothing but its bits tells the two apart.
func hashValue(h hash.Hash, v d1.Value) {
	if v.Kind() == d1.Real && v.Float() == 0 {
		v = d1.Float(0)
	}
	text := v.Text()
	head := binary.LittleEndian.AppendUint64([]byte{byte(v.Kind())}, uint64(len(text)))
	_, _ = h.Write(head) // a hash takes everything
	_, _ = h.Write([]byte(text))
}
