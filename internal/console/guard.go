package console

import (
	"context"
	"errors"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Guard says who makes sure that a reading run only reads.
type Guard uint8

const (
	// ByEngine is an engine that refuses in mode Read whatever could write.
	ByEngine Guard = iota
	// ByToken is D1 with a token that may only read: Cloudflare refuses. Each
	// statement is compiled here first all the same, see ByCompiler.
	ByToken
	// ByCompiler is D1 with no such token: a statement is sent only after our own
	// engine has compiled it in mode Read, on an empty copy of the schema. What
	// can't be compiled is not sent.
	ByCompiler
)

// guard compiles statements on an empty copy of a schema, in mode Read.
type guard struct {
	by     Guard
	conn   d1.Conn
	copied *shadow.Copy // nil until something is to be compiled
}

func newGuard(ctx context.Context, conn d1.Conn, by Guard) (*guard, error) {
	g := &guard{by: by, conn: conn}
	if by == ByEngine {
		return g, nil
	}
	return g, g.copy(ctx)
}

// copy makes the copy, unless it is there.
func (g *guard) copy(ctx context.Context) error {
	if g.copied != nil {
		return nil
	}
	db, err := live.Read(ctx, g.conn)
	if err != nil {
		return err
	}
	copied, err := shadow.Tolerate(ctx, db.AllStatements())
	if err != nil {
		return err
	}
	if err := copied.ReadOnly(ctx); err != nil {
		copied.Close()
		return err
	}
	g.copied = copied
	return nil
}

func (g *guard) close() {
	if g.copied != nil {
		g.copied.Close()
	}
}

// check refuses a statement that isn't certain to read. It returns the columns of a
// SELECT, with which its values come back exactly and no more of them than are asked for
// (d1.SelectAs, d1.Stmt.MaxRows), none for any other.
func (g *guard) check(sql string) (columns []string, err error) {
	if g.by == ByEngine {
		return nil, nil
	}
	st, err := g.copied.Prepare(sql)
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		refused := d1.NewError(e.Text)
		// A view or trigger that reads pragma_optimize is "unsafe" to our engine; a token
		// may not keep it from writing.
		if refused.Class == d1.ReadOnly || refused.Class == d1.Auth || strings.Contains(e.Text, "unsafe use") || g.by == ByCompiler ||
			unreadable(refused) {
			return nil, d1.Fail(refused)
		}
		return nil, nil // the token refuses what writes, and D1 says what is wrong
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The statement could not be examined, so it was not sent.")
	}
	defer st.Close()
	if !st.ReadOnly() { // VACUUM, which compiles and then fails
		return nil, d1.Fail(d1.NewError(d1.ReadOnlyText))
	}
	if sqltext.IsSelect(sql) {
		columns = st.Columns()
	}
	return columns, nil
}

// reason returns why a statement is refused: one that can't be read at all is a mistake
// of who typed it, though the authorizer, which is asked about a CREATE at its first
// words, has refused it as a write by then.
func (g *guard) reason(ctx context.Context, sql string, refused error) error {
	e, ok := errors.AsType[*d1.Error](refused)
	if !ok || e.Class != d1.ReadOnly && e.Class != d1.Auth || g.copy(ctx) != nil {
		return refused
	}
	g.copied.Restrict(sqlite.Write) // compiled, and never run
	defer g.copied.Restrict(sqlite.Read)
	if err := g.copied.Compile(sql); err != nil {
		if wrong := d1.NewError(err.Error()); unreadable(wrong) {
			return d1.Fail(wrong)
		}
	}
	return refused
}

// incomplete is what SQLite says of a statement that ends too early, without its place.
const incomplete = "incomplete input"

// unreadable reports whether a refusal is of SQLite's grammar, which depends on nothing that
// is in a database: what no SQLite of ours can read, D1's can't. It is of the same
// version or older.
func unreadable(e *d1.Error) bool {
	said := d1.Said(e.Text)
	return said == incomplete || strings.HasPrefix(said, "unrecognized token: ") ||
		strings.HasPrefix(said, "near ") && strings.HasSuffix(said, ": syntax error")
}
