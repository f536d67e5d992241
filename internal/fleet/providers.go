package fleet

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// Size returns how large a database is, in bytes: on D1 as it was when it was last
// seen, since asking costs a call.
func (pl *Places) Size(ctx context.Context, d Database) int64 {
	if d.Provider == Embedded {
		if info, err := pl.Of(d).Get(ctx, d.ProviderID); err == nil {
			return info.Size
		}
	}
	return d.Size
}

// Info returns what the provider knows of a database.
func (pl *Places) Info(ctx context.Context, d Database) (d1.Info, error) {
	return pl.Of(d).Get(ctx, d.ProviderID)
}

// Where databases live.
const (
	// Embedded is the data folder of this installation.
	Embedded = "embedded"
	// D1 is the Cloudflare account of this installation.
	D1 = "d1"
)

// Providers finds a place by its name. What it returns may change while the program
// runs: an account is set up, or taken away.
type Providers interface {
	// Provider returns the place of that name, or fault.Unavailable with what to do
	// where it isn't set up.
	Provider(name string) (d1.Provider, error)
}

// EmbeddedOnly is the embedded engine alone.
type EmbeddedOnly struct{ Engine d1.Provider }

// Provider returns the engine for Embedded.
func (o EmbeddedOnly) Provider(name string) (d1.Provider, error) {
	if name != Embedded {
		return nil, fault.New(fault.Unavailable,
			"No Cloudflare account is set up here, so databases on D1 can't be reached. An owner can set one up under Settings → Cloudflare.")
	}
	return o.Engine, nil
}

// HasD1 reports whether databases can be made on D1 here.
func (pl *Places) HasD1() bool {
	_, err := pl.Provider(D1)
	return err == nil
}

// Of returns the place a database lives in, or, while that can't be reached at
// all, one that says so whatever is asked of it.
func (pl *Places) Of(d Database) d1.Provider {
	p, err := pl.Provider(d.Provider)
	if err != nil {
		return missingPlace{err}
	}
	if d.ProviderID != "" {
		d1.Introduce(p, d.ProviderID, d.Name)
	}
	return p
}

// missingPlace is a place that isn't set up.
type missingPlace struct{ err error }

func (n missingPlace) Create(context.Context, d1.CreateInput) (d1.Info, error) {
	return d1.Info{}, n.err
}

func (n missingPlace) Get(context.Context, string) (d1.Info, error) { return d1.Info{}, n.err }

func (n missingPlace) Find(context.Context, string) (d1.Info, error) { return d1.Info{}, n.err }

func (n missingPlace) List(context.Context) ([]d1.Info, error) { return nil, n.err }

func (n missingPlace) Delete(context.Context, string) error { return n.err }

func (n missingPlace) Open(context.Context, string) (d1.Conn, error) { return nil, n.err }

func (n missingPlace) Visit(context.Context, string) (d1.Conn, error) { return nil, n.err }

func (n missingPlace) Keep(context.Context, string) (d1.Point, error) { return d1.Point{}, n.err }

func (n missingPlace) Restore(context.Context, string, string) error { return n.err }

func (n missingPlace) Points(context.Context, string) ([]d1.Point, error) { return nil, n.err }

func (n missingPlace) Retire(context.Context, string) (d1.Point, error) { return d1.Point{}, n.err }

func (n missingPlace) Forget(context.Context, string) error { return n.err }

func (n missingPlace) Copy(context.Context, string, string) (d1.File, error) { return nil, n.err }

func (n missingPlace) PointAt(context.Context, string, time.Time) (d1.Point, error) {
	return d1.Point{}, n.err
}

func (n missingPlace) Fill(context.Context, string, d1.FillInput) (d1.Filled, error) {
	return d1.Filled{}, n.err
}
