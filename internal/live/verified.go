package live

import (
	"context"
	"errors"
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
)

// verified is a connection that checks a reading with what it reads.
type verified interface {
	d1.Conn
	asker
	// met reports whether the reading was true when something was read, stale
	// whether it once wasn't.
	met() bool
	stale() bool
	// instead are the catalog's rows that it met, nil unless it has read them and it was stale.
	instead() [][]d1.Value
}

func (k *kept) verified(conn d1.Conn) verified {
	if s, ok := conn.(d1.Stamper); ok && k.stamp != "" {
		return &stamped{Conn: conn, stamper: s, kept: k}
	}
	return &compared{Conn: conn, kept: k}
}

// about returns what was asked about a table once, else asks, and keeps the answer where
// the call is checked.
func (k *kept) about(name string, checked bool, ask func() ([]d1.TableInfo, error)) ([]d1.TableInfo, error) {
	if infos, ok := k.asked.Load(name); ok {
		return infos.([]d1.TableInfo), nil
	}
	infos, err := ask()
	if err == nil && checked {
		k.asked.Store(name, infos)
	}
	return infos, err
}

// looked is what a verified connection has seen.
type looked struct {
	same, other bool
	now         [][]d1.Value // the catalog's rows when they were others
}

// failed notes an error that no change of the schema made.
func (l *looked) failed(err error) error {
	l.same = true
	return err
}

func (l *looked) met() bool             { return l.same }
func (l *looked) stale() bool           { return l.other }
func (l *looked) instead() [][]d1.Value { return l.now }

// see notes whether the schema was the same, and is errStale when it wasn't.
func (l *looked) see(same bool) error {
	l.same, l.other = l.same || same, l.other || !same
	if !same {
		return errStale
	}
	return nil
}

// stamped is a connection each of whose calls asks for the stamp.
type stamped struct {
	d1.Conn
	looked
	stamper d1.Stamper
	kept    *kept
}

// Query runs one reading statement.
func (v *stamped) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	return first(v.Batch(ctx, []d1.Stmt{s}))
}

// Batch runs reading statements in one transaction.
func (v *stamped) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	rs, stamp, err := v.stamper.Stamped(ctx, v.kept.stamp, ss)
	if err != nil {
		return nil, v.failed(err)
	}
	return rs, v.see(stamp == v.kept.stamp)
}

// about is true of the reading: every call is checked.
func (v *stamped) about(ctx context.Context, name string) ([]d1.TableInfo, error) {
	return v.kept.about(name, true, func() ([]d1.TableInfo, error) { return query(ctx, v, name) })
}

// compared is a connection whose first call also reads the catalog again.
type compared struct {
	d1.Conn
	looked
	kept *kept
	done bool
}

// Query runs one statement.
func (v *compared) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	return first(v.Batch(ctx, []d1.Stmt{s}))
}

// Batch runs the statements in one transaction.
func (v *compared) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if v.done {
		return v.Conn.Batch(ctx, ss)
	}
	v.done = true
	rs, err := v.Conn.Batch(ctx, append([]d1.Stmt{Catalog()}, ss...))
	if e, ok := errors.AsType[*d1.Error](err); ok && e.Class == d1.Syntax {
		return nil, v.doubt(ctx, err)
	}
	if err != nil {
		return nil, v.failed(err)
	}
	if err := v.compare(rs[0].Rows); err != nil {
		return nil, err
	}
	return rs[1:], nil
}

// about is true of the reading in the call that compares the catalog, and only then kept.
func (v *compared) about(ctx context.Context, name string) ([]d1.TableInfo, error) {
	return v.kept.about(name, !v.done, func() ([]d1.TableInfo, error) { return query(ctx, v, name) })
}

// doubt says of an error that names what may be gone whether it is of the schema that
// was read.
func (v *compared) doubt(ctx context.Context, failed error) error {
	r, err := v.Conn.Query(ctx, Catalog())
	if err != nil {
		return err
	}
	if err := v.compare(r.Rows); err != nil {
		return err
	}
	return failed
}

// compare notes whether the catalog is what was read, and what it is instead.
func (v *compared) compare(now [][]d1.Value) error {
	err := v.see(sameRows(now, v.kept.raw))
	if err != nil {
		v.now = now
	}
	return err
}

// changing is a verified connection by which rows are changed too.
type changing struct {
	verified
	conn d1.Conn
	// written says that a batch was sent which writes, and may be done; altered that
	// one was undone because it was made for a table that is another one by now.
	written, altered bool
}

// met and stale say what verified says, but never that what may be done is done again.
func (v *changing) met() bool   { return v.written || v.verified.met() }
func (v *changing) stale() bool { return !v.written && (v.altered || v.verified.stale()) }

// Query runs one statement.
func (v *changing) Query(ctx context.Context, s d1.Stmt) (*d1.Result, error) {
	return first(v.Batch(ctx, []d1.Stmt{s}))
}

// Batch runs the statements in one transaction.
func (v *changing) Batch(ctx context.Context, ss []d1.Stmt) ([]*d1.Result, error) {
	if !slices.ContainsFunc(ss, func(s d1.Stmt) bool { return s.Mode == d1.Write }) {
		return v.verified.Batch(ctx, ss)
	}
	rs, err := v.conn.Batch(ctx, ss)
	if Altered(err) {
		v.altered = true
	} else {
		v.written = true
	}
	return rs, err
}

func first(rs []*d1.Result, err error) (*d1.Result, error) {
	if err != nil {
		return nil, err
	}
	return rs[0], nil
}

func sameRows(a, b [][]d1.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if len(a[i]) != len(b[i]) {
			return false
		}
		for j := range a[i] {
			if a[i][j] != b[i][j] {
				return false
			}
		}
	}
	return true
}
