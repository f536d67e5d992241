package change

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/schema"
)

// List returns a page of the schemas by name whose name holds search, and how many
// match in all.
func (sc *Schemas) List(ctx context.Context, search string, p fleet.Page) ([]fleet.Schema, int, error) {
	return sc.store.Schemas(ctx, search, p)
}

// InUse is List with how many databases are on each.
func (sc *Schemas) InUse(ctx context.Context, search string, p fleet.Page) ([]fleet.Schema, int, error) {
	ss, n, err := sc.store.Schemas(ctx, search, p)
	if err != nil {
		return nil, 0, err
	}
	names := make([]string, len(ss))
	for i, s := range ss {
		names[i] = s.Name
	}
	used, err := sc.store.SchemaUse(ctx, names)
	for i := range ss {
		ss[i].Databases = used[ss[i].Name]
	}
	return ss, n, err
}

// Schema returns the schema of that name.
func (sc *Schemas) Schema(ctx context.Context, name string) (fleet.Schema, error) {
	return sc.store.Schema(ctx, name)
}

// Versions returns a page of a schema's versions, the newest first, and how many there
// are.
func (sc *Schemas) Versions(ctx context.Context, name string, p fleet.Page) ([]fleet.Version, int, error) {
	return sc.store.Versions(ctx, name, p)
}

// LatestVersions returns the latest version of each of the schemas these databases are on.
func (sc *Schemas) LatestVersions(ctx context.Context, ds []fleet.Database) (map[string]int, error) {
	names := map[string]bool{}
	for _, d := range ds {
		if d.Schema != "" {
			names[d.Schema] = true
		}
	}
	return sc.store.LatestVersions(ctx, slices.Sorted(maps.Keys(names)))
}

// Latest returns the latest version of a schema, 0 for "".
func (sc *Schemas) Latest(ctx context.Context, name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	s, err := sc.store.Schema(ctx, name)
	return s.Latest, err
}

// Version returns one version of a schema, parsed too.
func (sc *Schemas) Version(ctx context.Context, name string, version int) (fleet.Version, *schema.Schema, error) {
	v, err := sc.store.Version(ctx, name, version)
	if err != nil {
		return v, nil, err
	}
	s, err := fleet.ParseVersion(v)
	return v, s, err
}

// Declared returns the version of its schema that a database is recorded at, nil for one
// that is at none. It is shared: nobody changes it.
func (sc *Schemas) Declared(ctx context.Context, d fleet.Database) (*schema.Schema, error) {
	if d.Schema == "" || d.Version == 0 {
		return nil, nil
	}
	return sc.fleet.Versions.Get(ctx, sc.store, d.Schema, d.Version)
}

// DrawDatabase writes what a database is as a schema file of its name, version 1. A
// database that can't be written so is fault.Invalid.
func (sc *Schemas) DrawDatabase(ctx context.Context, a auth.Actor, database string) (string, error) {
	if err := a.Reaches(); err != nil {
		return "", err
	}
	db, left, err := sc.inspectLeft(ctx, database)
	if err != nil {
		return "", err
	}
	source, err := migrate.Less(db.Schema, left).Source(database, 1)
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "What the database is can't be written as a schema: %v.", err)
	}
	return source, nil
}

// LeftAlone returns what of a database plans leave alone, and no schema of it has.
func (sc *Schemas) LeftAlone(ctx context.Context, a auth.Actor, database string) ([]live.Left, error) {
	if err := a.Reaches(); err != nil {
		return nil, err
	}
	_, left, err := sc.inspectLeft(ctx, database)
	return left, err
}

func (sc *Schemas) inspectLeft(ctx context.Context, database string) (*live.Database, []live.Left, error) {
	_, conn, err := sc.fleet.OpenDatabase(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = conn.Close() }()
	db, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	left, err := migrate.Leave(ctx, db)
	return db, left, err
}

// Drawing is a version of a schema that was written for an operator, and not saved.
type Drawing struct {
	// Name is the schema's.
	Name    string
	Version int
	Source  string
	// Left is what of the database is left out, since nobody could make it again.
	Left []live.Left
}

// Draw writes what a database's schema would be after statements that define data,
// as the next version of the schema it is at, or as version 1 of a schema of the
// database's name. Tables that the schema doesn't declare stay out of it, unless
// the statements make them. Nothing is changed.
func (sc *Schemas) Draw(ctx context.Context, a auth.Actor, database, text string) (Drawing, error) {
	if err := a.Reaches(); err != nil {
		return Drawing{}, err
	}
	d, conn, err := sc.fleet.OpenDatabase(ctx, database)
	if err != nil {
		return Drawing{}, err
	}
	defer func() { _ = conn.Close() }()
	db, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return Drawing{}, err
	}
	after, err := migrate.After(ctx, db, text)
	if err != nil {
		return Drawing{}, err
	}
	out := Drawing{Name: d.Schema, Version: 1}
	if out.Name == "" {
		out.Name = d.Name
		if out.Left, err = migrate.Leave(ctx, db); err != nil {
			return Drawing{}, err
		}
		after = migrate.Less(after, out.Left)
	} else if d.Version > 0 {
		latest, err := sc.Latest(ctx, out.Name)
		if err != nil {
			return Drawing{}, err
		}
		_, declared, err := sc.Version(ctx, out.Name, d.Version)
		if err != nil {
			return Drawing{}, err
		}
		out.Version, after = latest+1, after.Without(db.Schema, declared)
	}
	if out.Source, err = after.Source(out.Name, out.Version); err != nil {
		return Drawing{}, fault.Wrap(err, fault.Invalid, "What comes out can't be written as a schema: %v.", err)
	}
	return out, nil
}

// Draft is what a source would be as the next version of its schema.
type Draft struct {
	Schema *schema.Schema
	// Previous is the latest version there is, nil for a new schema.
	Previous *schema.Schema
	// Changes are what turns Previous into Schema.
	Changes []schema.Change
	// Removed are tables of Previous that Schema doesn't have. A plan drops them once
	// that is acknowledged, table by table.
	Removed []string
}

// CheckVersion reads a source and compares it with the latest version. Errors
// are schema.Problems for a source that can't be read, or fault.Invalid at field
// "source".
func (sc *Schemas) CheckVersion(ctx context.Context, name, source string) (*Draft, error) {
	s, err := schema.Parse([]byte(source))
	if err != nil {
		return nil, err
	}
	if slices.Contains(fleet.ReservedNames, strings.ToLower(s.Name)) {
		return nil, fault.New(fault.Invalid, "The name %q is taken by a page of the dashboard. Choose another one.", s.Name).At("source")
	}
	if name != "" && s.Name != name {
		return nil, fault.New(fault.Invalid, "The file's name is %q, but this is the schema %q.", s.Name, name).At("source")
	}
	d := &Draft{Schema: s}
	known, err := sc.store.Schema(ctx, s.Name)
	switch {
	case fault.Is(err, fault.NotFound):
		if name != "" {
			return nil, err
		}
		d.Changes = schema.Diff(&schema.Schema{}, s)
		if s.Version != 1 {
			return d, fault.New(fault.Invalid, "The file says version %d; a new schema starts with version 1.", s.Version).At("source")
		}
		return d, nil
	case err != nil:
		return nil, err
	}
	if _, d.Previous, err = sc.Version(ctx, s.Name, known.Latest); err != nil {
		return nil, err
	}
	d.Changes = schema.Diff(d.Previous, s)
	for _, t := range d.Previous.Tables {
		if _, ok := s.Table(t.Name); !ok {
			d.Removed = append(d.Removed, t.Name)
		}
	}
	switch {
	case s.Version != known.Latest+1:
		return d, fault.New(fault.Invalid, "The file says version %d; the next version of %s is %d.", s.Version, s.Name,
			known.Latest+1).At("source")
	case len(d.Changes) == 0 && len(d.Removed) == 0:
		return d, fault.New(fault.Invalid, "Nothing differs from version %d.", known.Latest).At("source")
	}
	return d, nil
}

// SaveVersion stores a source as the next version of its schema; no database is
// touched. Errors are those of CheckVersion, and fault.Conflict when somebody
// else saved that version first.
func (sc *Schemas) SaveVersion(ctx context.Context, a auth.Actor, name, source string) (fleet.Version, error) {
	if err := a.May(fleet.OpVersion.Needs); err != nil {
		return fleet.Version{}, err
	}
	d, err := sc.CheckVersion(ctx, name, source)
	if err != nil {
		return fleet.Version{}, err
	}
	v := fleet.Version{Schema: d.Schema.Name, Version: d.Schema.Version, Source: source, Hash: d.Schema.Hash(), Reading: fleet.Reading,
		CreatedBy: a.Email}
	about := audit.Entry{Target: fmt.Sprintf("%s v%d", v.Schema, v.Version),
		Detail: fmt.Sprintf("%d changes, hash %.12s", len(d.Changes), v.Hash)}
	err = sc.fleet.Door.Do(ctx, a, fleet.OpVersion.Kind,
		operation.Job{About: about, End: func(ctx context.Context, e audit.Entry, _ error) error {
			v.CreatedAt = e.At
			return sc.store.SaveVersion(ctx, v, e)
		}})
	return v, err
}

// Problems returns the mistakes of a source, if that is what err is.
func Problems(err error) (schema.Problems, bool) {
	return errors.AsType[schema.Problems](err)
}
