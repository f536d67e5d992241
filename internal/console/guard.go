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
	copied *shadow.Copy
}

func newGuard(ctx context.Context, conn d1.Conn, by Guard) (*guard, error) {
	if by == ByEngine {
		return nil, nil //nolint:nilnil // no guard is needed, and nil is one that lets through
	}
	db, err := live.Read(ctx, conn)
	if err != nil {
		return nil, err
	}
	copied, err := shadow.Tolerate(ctx, db.AllStatements())
	if err != nil {
		return nil, err
	}
	g := &guard{by: by, copied: copied}
	if err := copied.ReadOnly(ctx); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *guard) close() {
	if g != nil {
		g.copied.Close()
	}
}

// check refuses a statement that isn't certain to read. It returns the columns of a
// SELECT, with which its values come back exactly (d1.SelectAs), none for any other.
func (g *guard) check(sql string) (columns []string, err error) {
	if g == nil {
		return nil, nil
	}
	st, err := g.copied.Prepare(sql)
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		refused := d1.NewError(e.Text)
		// A view or trigger that reads pragma_optimize is "unsafe" to our engine; a token
		// may not keep it from writing.
		if refused.Class == d1.ReadOnly || refused.Class == d1.Auth || strings.Contains(e.Text, "unsafe use") || g.by == ByCompiler {
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
