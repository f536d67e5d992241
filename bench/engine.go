package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/kuratchi/dashboard/bench/csqlite"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

const (
	pageSQL   = "select * from users where id > ?1 order by id limit 101"
	wholeSQL  = "select * from users where id > ?1"
	insertSQL = "insert into users values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
)

// engines compares the embedded engine, which is SQLite translated to Go, with
// the same SQLite in C: once in a loop of C, which is the least there is, and
// once by a Go program through cgo and database/sql, which is what one would use
// otherwise. Each side has a file of its own, since two SQLites in one process
// must not share one.
func engines(ctx context.Context, b *bench) ([]line, error) {
	if sqlite.Version != csqlite.Version() {
		return nil, fmt.Errorf("the engine is SQLite %d, the one in C %d", sqlite.Version, csqlite.Version())
	}
	if err := b.site.close(); err != nil { // its log goes into the file
		return nil, err
	}
	file, err := b.site.file()
	if err != nil {
		return nil, err
	}
	e := &contest{dir: b.dir}
	defer e.close()
	if err := e.open(file); err != nil {
		return nil, err
	}
	return e.run(ctx, b)
}

// contest is the three engines on files of the same content.
type contest struct {
	dir    string
	ours   *sqlite.Conn
	inC    *csqlite.DB
	driver *sql.DB
}

func (e *contest) open(file string) (err error) {
	copied := [2]string{filepath.Join(e.dir, "c.db"), filepath.Join(e.dir, "cgo.db")}
	for _, to := range copied {
		if err := copyFile(to, file); err != nil {
			return err
		}
	}
	if e.ours, err = sqlite.Open(file, sqlite.Options{}); err != nil {
		return err
	}
	if e.inC, err = csqlite.Open(copied[0]); err != nil {
		return err
	}
	e.driver, err = openDriver(copied[1])
	return err
}

func (e *contest) close() {
	if e.ours != nil {
		_ = e.ours.Close()
	}
	if e.inC != nil {
		e.inC.Close()
	}
	if e.driver != nil {
		_ = e.driver.Close()
	}
}

// openDriver opens a file through cgo and database/sql, with one connection.
func openDriver(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", "file:"+path+"?_foreign_keys=on&_journal_mode=WAL&_synchronous=FULL&_mutex=no")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func (e *contest) run(ctx context.Context, b *bench) ([]line, error) {
	var lines []line
	for _, task := range []struct {
		what, sql     string
		after, rows   int
		rounds, turns int
	}{
		{"a page of 101 rows by key", pageSQL, b.rows / 2, 101, b.rounds, b.turns},
		{fmt.Sprintf("read %d rows", b.rows), wholeSQL, 0, b.rows, b.longRounds, 1},
	} {
		sides, end, err := e.readers(ctx, task.sql, task.after, task.rows)
		if err != nil {
			return nil, err
		}
		more, err := against(task.what, task.rounds, task.turns, sides)
		end()
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	more, err := against(fmt.Sprintf("insert %d rows, one transaction", b.inserts), b.longRounds, 1, e.writers(ctx, b.inserts))
	return append(lines, more...), err
}

// contestants are our way of doing something and the two others.
type contestants struct{ ours, inC, driver func() error }

func against(what string, rounds, turns int, c contestants) ([]line, error) {
	var lines []line
	for _, other := range []struct {
		name string
		run  func() error
	}{{"C", c.inC}, {"cgo driver", c.driver}} {
		p, err := compare(rounds, turns, c.ours, other.run)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", other.name, err)
		}
		lines = append(lines, ratio(what+" : "+other.name, p, 0))
	}
	return lines, nil
}

// readers run a statement and read every value. They must agree on what it is.
func (e *contest) readers(ctx context.Context, text string, after, rows int) (c contestants, end func(), err error) {
	q, err := e.inC.Prepare(text)
	if err != nil {
		return c, nil, err
	}
	st, err := e.driver.PrepareContext(ctx, text)
	if err != nil {
		q.Close()
		return c, nil, err
	}
	end = func() { _ = st.Close(); q.Close() }
	var total int64 // as the first one found it
	check := func(n, sum int64, err error) error {
		if total == 0 {
			total = sum
		}
		if err == nil && (n != int64(rows) || sum != total) {
			err = fmt.Errorf("%d rows with the sum %d, not %d with %d", n, sum, rows, total)
		}
		return err
	}
	return contestants{
		ours: func() error {
			if err := e.ours.Begin(ctx, sqlite.Read); err != nil {
				return err
			}
			n, sum, err := readAll(e.ours, text, int64(after))
			_ = e.ours.End(true)
			return check(n, sum, err)
		},
		inC:    func() error { return check(q.Run(int64(after))) },
		driver: func() error { return check(readDriver(ctx, st, after)) },
	}, end, nil
}

// readDriver is readAll through database/sql.
func readDriver(ctx context.Context, st *sql.Stmt, after int) (n, sum int64, err error) {
	rows, err := st.QueryContext(ctx, after)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = rows.Close() }()
	values := make([]any, 10)
	into := make([]any, len(values))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, sum, err
		}
		n++
		for _, v := range values {
			switch v := v.(type) {
			case int64:
				sum += v
			case string:
				sum += int64(len(v))
			}
		}
	}
	return n, sum, rows.Err()
}

// writers fill a new file with the same rows.
func (e *contest) writers(ctx context.Context, n int) contestants {
	fresh := func(write func(path string) error) func() error {
		return func() error {
			dir, err := os.MkdirTemp(e.dir, "insert-")
			if err != nil {
				return err
			}
			defer func() { _ = os.RemoveAll(dir) }()
			return write(filepath.Join(dir, "new.db"))
		}
	}
	return contestants{
		ours:   fresh(func(path string) error { return insertOurs(ctx, path, n) }),
		inC:    fresh(func(path string) error { return insertC(path, n) }),
		driver: fresh(func(path string) error { return insertDriver(ctx, path, n) }),
	}
}

func insertOurs(ctx context.Context, path string, n int) error {
	db, err := sqlite.Open(path, sqlite.Options{Create: true})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.Begin(ctx, sqlite.Write); err != nil {
		return err
	}
	if _, _, err := readAll(db, usersTable); err != nil {
		return err
	}
	for i := 1; i <= n; i++ {
		st, err := db.Prepare(insertSQL) // kept compiled
		if err != nil {
			return err
		}
		st.BindInt(1, int64(i))
		st.BindText(2, "grace.hopper@example.com")
		st.BindText(3, "Grace Hopper")
		st.BindText(4, "member")
		st.BindInt(5, int64(i%977))
		st.BindFloat(6, float64(i)*1.25)
		st.BindText(7, "2026-03-14 15:09:26")
		st.BindNull(8)
		st.BindInt(9, int64(i&1))
		st.BindText(10, "Arlington")
		_, err = st.Step()
		st.Close()
		if err != nil {
			return err
		}
	}
	return db.End(true)
}

func insertC(path string, n int) error {
	db, err := csqlite.Open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Exec(usersTable); err != nil {
		return err
	}
	return db.Insert(insertSQL, n)
}

func insertDriver(ctx context.Context, path string, n int) error {
	db, err := openDriver(path)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, usersTable); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	st, err := tx.PrepareContext(ctx, insertSQL)
	if err != nil {
		return err
	}
	for i := 1; i <= n; i++ {
		if _, err := st.ExecContext(ctx, i, "grace.hopper@example.com", "Grace Hopper", "member", i%977, float64(i)*1.25,
			"2026-03-14 15:09:26", nil, i&1, "Arlington"); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closed := out.Close(); err == nil {
		err = closed
	}
	return err
}
