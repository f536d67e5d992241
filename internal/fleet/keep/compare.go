package keep

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
	one, tables, err := inspectTables(ctx, a)
	if err != nil {
		return "", err
	}
	two, also, err := inspectTables(ctx, b)
	if err != nil {
		return "", err
	}
	if one.Schema.Hash() != two.Schema.Hash() || !slices.Equal(definitions(one), definitions(two)) {
		return "", differ("the schemas differ")
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
	var reads []tableRead
	for i, t := range tables {
		n := counted[i]
		if n != copied[i] {
			return "", differ("%s has %d rows, and the copy %d", t.Name, n, copied[i])
		}
		if what := c.add(t, n, size); len(what) > 0 && n > 0 {
			reads = append(reads, tableRead{t.Name, what})
		}
	}
	sums := [2][]digest{}
	for i, conn := range []d1.Conn{a, b} {
		if sums[i], err = digests(ctx, conn, reads, size); err != nil {
			return "", err
		}
	}
	for i, r := range reads {
		if sums[0][i] != sums[1][i] {
			return "", differ("the rows of %s differ", r.table)
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

// inspectTables reads a database's schema, and describes every table that holds rows, the
// dashboard's ledgers too, in one call.
func inspectTables(ctx context.Context, c d1.Conn) (*live.Database, []d1.TableInfo, error) {
	rs, err := c.Batch(ctx, []d1.Stmt{live.Catalog(), d1.AboutTables()})
	if err != nil {
		return nil, nil, err
	}
	return live.Of(rs[0].Rows), d1.TableInfos(rs[1].Rows), nil
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

// tableRead is what is compared of the rows of a table.
type tableRead struct {
	table   string
	columns []string
}

func (r tableRead) query() d1.Stmt {
	quoted := make([]string, len(r.columns))
	for i, name := range r.columns {
		quoted[i] = sqltext.Quote(name)
	}
	s := d1.Query("SELECT " + strings.Join(quoted, ", ") + " FROM " + sqltext.Quote(r.table))
	s.Columns = r.columns
	return s
}

// readTogether is up to how large a database is read in one call, in bytes.
const readTogether = 8 << 20

// digests reads columns of every row of the tables: together where the database, of that
// size, is small, else each table by itself.
func digests(ctx context.Context, c d1.Conn, reads []tableRead, size int64) ([]digest, error) {
	out := make([]digest, len(reads))
	if size <= readTogether && len(reads) > 0 {
		ss := make([]d1.Stmt, len(reads))
		for i, r := range reads {
			ss[i] = r.query()
		}
		rs, err := c.Batch(ctx, ss)
		if err == nil {
			h := sha256.New()
			for i, r := range rs {
				for _, row := range r.Rows {
					out[i].add(h, row)
				}
			}
			return out, nil
		}
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Unavailable) {
			return nil, err
		} // else it may have been too much after all
	}
	for i, r := range reads {
		d1.Report(ctx, "comparing", int64(i), int64(len(reads)))
		var err error
		if out[i], err = digestOf(ctx, c, r); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// digestOf reads columns of every row of a table.
func digestOf(ctx context.Context, c d1.Conn, r tableRead) (sum digest, err error) {
	rows, err := c.Stream(ctx, r.query())
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	h := sha256.New()
	for rows.Next() {
		sum.add(h, rows.Row())
	}
	return sum, rows.Err()
}

// add adds a row, with a hash to use.
func (d *digest) add(h hash.Hash, row []d1.Value) {
	h.Reset()
	for _, v := range row {
		hashValue(h, v)
	}
	one := h.Sum(nil)
	for i := range d {
		d[i] += binary.LittleEndian.Uint64(one[i*8:])
	}
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
