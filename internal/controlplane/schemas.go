package controlplane

import (
	"context"
	"fmt"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/orm"
)

// SchemaTable remembers schemas and their versions.
type SchemaTable struct{ *core }

func schemaOf(r orm.Row) fleet.Schema {
	return fleet.Schema{
		ID: id.Schema(r.Text("id")), Name: r.Text("name"), Latest: int(r.Int("latest")),
		CreatedAt: r.Time("created_at"), UpdatedAt: r.Time("updated_at"),
	}
}

func versionOf(r orm.Row) fleet.Version {
	return fleet.Version{
		Schema: r.Text("schema_name"), Version: int(r.Int("version")), Source: r.Text("source"), Hash: r.Text("hash"),
		Reading:   int(r.Int("reading")),
		CreatedAt: r.Time("created_at"), CreatedBy: r.Text("created_by"),
	}
}

// Schemas returns a page of the schemas by name whose name holds search, and how many
// match in all.
func (t SchemaTable) Schemas(ctx context.Context, search string, p fleet.Page) ([]fleet.Schema, int, error) {
	q := t.table("schemas")
	if search != "" {
		q = q.Where(orm.Contains("name", search))
	}
	rows, n, err := paged(ctx, q.OrderBy("name"), p)
	if err != nil {
		return nil, 0, err
	}
	return each(rows, schemaOf), n, nil
}

// SchemaUse returns how many databases in use are on each of these schemas.
func (t SchemaTable) SchemaUse(ctx context.Context, names []string) (map[string]int, error) {
	return t.table("databases").Where(orm.In("schema_name", anys(names)...), inUse).CountBy(ctx, "schema_name")
}

// LatestVersions returns the latest version of each of these schemas.
func (t SchemaTable) LatestVersions(ctx context.Context, names []string) (map[string]int, error) {
	rows, err := t.table("schemas").Select("name", "latest").Where(orm.In("name", anys(names)...)).Many(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.Text("name")] = int(r.Int("latest"))
	}
	return out, nil
}

// Schema returns the schema of that name.
func (t SchemaTable) Schema(ctx context.Context, name string) (fleet.Schema, error) {
	r, err := t.row(ctx, "schemas", "name", name)
	if err != nil {
		return fleet.Schema{}, named(err, "There is no schema %q.", name)
	}
	return schemaOf(r), nil
}

// Versions returns a page of a schema's versions without their sources, the newest
// first, and how many there are.
func (t SchemaTable) Versions(ctx context.Context, name string, p fleet.Page) ([]fleet.Version, int, error) {
	q := t.table("schema_versions").Where(orm.Eq("schema_name", name))
	rows, n, err := paged(ctx, q.Select("schema_name", "version", "hash", "created_at", "created_by").OrderBy("-version"), p)
	if err != nil {
		return nil, 0, err
	}
	return each(rows, versionOf), n, nil
}

// Version returns one version with its source.
func (t SchemaTable) Version(ctx context.Context, name string, version int) (fleet.Version, error) {
	r, err := t.table("schema_versions").Where(orm.Eq("schema_name", name), orm.Eq("version", version)).First(ctx)
	if err != nil {
		return fleet.Version{}, named(err, "The schema %s has no version %d.", name, version)
	}
	return versionOf(r), nil
}

// SaveVersion adds a version, and the schema with its first one.
func (t SchemaTable) SaveVersion(ctx context.Context, v fleet.Version, es ...audit.Entry) error {
	b := t.change()
	_, err := t.Schema(ctx, v.Schema)
	switch {
	case fault.Is(err, fault.NotFound):
		b.insert("schemas", orm.Values{"id": id.At[id.Schema](v.CreatedAt), "name": v.Schema, "latest": v.Version,
			"created_at": v.CreatedAt, "updated_at": v.CreatedAt})
	case err != nil:
		return err
	default:
		b.update("schemas", orm.Values{"latest": v.Version, "updated_at": v.CreatedAt}, orm.Eq("name", v.Schema), orm.Lt("latest", v.Version))
	}
	b.insert("schema_versions", orm.Values{
		"id": fmt.Sprintf("%s:%d", v.Schema, v.Version), "schema_name": v.Schema, "version": v.Version, "source": v.Source,
		"hash": v.Hash, "reading": v.Reading, "created_at": v.CreatedAt, "created_by": v.CreatedBy,
	})
	taken := fault.New(fault.Conflict, "Version %d of %s was saved by somebody else meanwhile. Compare with it first.",
		v.Version, v.Schema).At("source")
	return b.audit(es...).run(ctx, taken, taken)
}

// unreadAtOnce bounds what is in memory: a source may have a megabyte.
const unreadAtOnce = 20

// UnreadVersions returns versions that a build saved which had one way of reading, and that
// weren't hashed anew yet. No such build knew the column, so it is NULL.
func (t SchemaTable) UnreadVersions(ctx context.Context) ([]fleet.Version, error) {
	rows, err := t.table("schema_versions").Where(orm.Eq("reading", nil)).OrderBy("id").Limit(unreadAtOnce).Many(ctx)
	if err != nil {
		return nil, err
	}
	return each(rows, versionOf), nil
}

// HashVersion stores the hash of a version and its reading.
func (t SchemaTable) HashVersion(ctx context.Context, v fleet.Version, es ...audit.Entry) error {
	return t.change().update("schema_versions", orm.Values{"hash": v.Hash, "reading": v.Reading},
		orm.Eq("schema_name", v.Schema), orm.Eq("version", v.Version)).audit(es...).run(ctx, nil, nil)
}
