package fleet

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// clockSkew is how far a provider's clock may be behind ours.
const clockSkew = time.Minute

// FindCreated returns the database that an earlier attempt at the same work made: the
// one whose id was recorded or, where that was lost, one of the name that was
// made since then and is empty, because nothing is put into a database before its
// id is recorded. fault.NotFound means that there is none. Any other database of
// that name is somebody else's, with somebody else's rows: fault.Conflict.
func (pl *Places) FindCreated(ctx context.Context, d Database, since time.Time) (d1.Info, error) {
	if d.ProviderID != "" {
		info, err := pl.Of(d).Get(ctx, d.ProviderID)
		if !fault.Is(err, fault.NotFound) {
			return info, err
		}
	}
	info, err := pl.Of(d).Find(ctx, d.Name)
	if err != nil {
		return d1.Info{}, err
	}
	foreign := fault.New(fault.Conflict, "A database named %q is there already, with the id %s, "+
		"and it was not made for this. It is not touched. Remove it where it lives, or choose another name.", info.Name, info.ID)
	if info.CreatedAt.Before(since.Add(-clockSkew)) {
		return d1.Info{}, foreign
	}
	empty, err := pl.isEmpty(ctx, d, info)
	if err == nil && !empty {
		err = foreign
	}
	if err != nil {
		return d1.Info{}, err
	}
	return info, nil
}

// CreateOnce returns what an earlier attempt made, or makes it.
func (pl *Places) CreateOnce(ctx context.Context, d Database, since time.Time) (d1.Info, error) {
	info, err := pl.FindCreated(ctx, d, since)
	if fault.Is(err, fault.NotFound) {
		info, err = pl.Of(d).Create(ctx, d1.CreateInput{Name: d.Name, Location: d.Location, Jurisdiction: d.Jurisdiction,
			Replication: d.Replication})
	}
	return info, err
}

// RemoveCreated removes what an earlier attempt made, if it made anything.
func (pl *Places) RemoveCreated(ctx context.Context, d Database, since time.Time) error {
	info, err := pl.FindCreated(ctx, d, since)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case fault.Is(err, fault.Conflict):
		pl.log.Warn("left alone", "database", d.Name, "error", err)
		return nil
	case err != nil:
		return err
	}
	if err := pl.Of(d).Delete(ctx, info.ID); !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

// isEmpty reports whether a database holds nothing but what its provider put there.
func (pl *Places) isEmpty(ctx context.Context, d Database, info d1.Info) (bool, error) {
	conn, err := pl.Of(d).Visit(ctx, info.ID)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	return d1.IsEmpty(ctx, conn)
}

// HasRows reports whether a table has any row.
func HasRows(ctx context.Context, conn d1.Conn, table string) (bool, error) {
	r, err := conn.Query(ctx, d1.Query("select 1 from "+sqltext.Quote(table)+" limit 1"))
	return err == nil && len(r.Rows) > 0, err
}
