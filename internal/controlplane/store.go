package controlplane

import (
	"context"
	_ "embed"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

//go:embed schema.json
var source []byte

// Schema returns the declaration of the control plane's tables.
func Schema() (*schema.Schema, error) { return schema.Parse(source) }

// Store is the control plane: a type for each of its tables, or for a few that are one
// subject, over one connection. Who needs one subject takes its table; a change that
// reaches over several is one batch of whichever it is about.
type Store struct {
	*core
	OrgTable
	DatabaseTable
	ProvisionTable
	LeaseTable
	PointTable
	SchemaTable
	PlanTable
	OperatorTable
	SetupTable
	SessionTable
	SwitchTable
	CloudflareTable
	AuditTable
}

func newStore(conn d1.Conn, s *schema.Schema, now func() time.Time) *Store {
	c := newCore(conn, s, now)
	return &Store{
		core: c, OrgTable: OrgTable{c}, DatabaseTable: DatabaseTable{c}, ProvisionTable: ProvisionTable{c}, LeaseTable: LeaseTable{c},
		PointTable: PointTable{c}, SchemaTable: SchemaTable{c}, PlanTable: PlanTable{c}, OperatorTable: OperatorTable{c},
		SetupTable: SetupTable{c}, SessionTable: SessionTable{c}, SwitchTable: SwitchTable{c}, CloudflareTable: CloudflareTable{c},
		AuditTable: AuditTable{c},
	}
}

// Open brings the control plane's database to this program's version and returns
// the store. A database written by a newer version is fault.Conflict and is not
// touched.
func Open(ctx context.Context, conn d1.Conn, now func() time.Time) (*Store, error) {
	s, err := Schema()
	if err != nil {
		return nil, err
	}
	at := now()
	_, err = migrate.Synchronize(ctx, conn, s, migrate.Attempt{ID: id.At[string](at), Actor: "system:start", At: at})
	if fault.Is(err, fault.Conflict) {
		return nil, fault.Wrap(err, fault.Conflict,
			"This data folder was written by a newer version of the dashboard. Start that version, or use another folder. Nothing was changed.")
	}
	if err != nil {
		return nil, err
	}
	if _, err := conn.Query(ctx, d1.Exec(markPoints)); err != nil {
		return nil, err
	}
	return newStore(conn, s, now), nil
}

// Is reports whether a database is a control plane, of any version.
func Is(ctx context.Context, conn d1.Conn) (bool, error) {
	s, err := Schema()
	if err != nil {
		return false, err
	}
	_, known, err := migrate.Recorded(ctx, conn, s.Name)
	return known, err
}

// Attach returns the store of a database that this very version has opened
// before; another version's is fault.Conflict. Nothing is changed: it is for
// commands that run beside the program.
func Attach(ctx context.Context, conn d1.Conn, now func() time.Time) (*Store, error) {
	s, err := Schema()
	if err != nil {
		return nil, err
	}
	state, known, err := migrate.Recorded(ctx, conn, s.Name)
	if err != nil {
		return nil, err
	}
	if !known || state.Hash != s.Hash() {
		return nil, fault.New(fault.Conflict, "This data folder belongs to another version of the dashboard. "+
			"Start the dashboard once with this version, or use the other one.")
	}
	return newStore(conn, s, now), nil
}

// Ready returns nil when the control plane can be written: it takes the write
// lock and changes no row.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.conn.Query(ctx, d1.Exec("update setup set id = id where 0"))
	return err
}
