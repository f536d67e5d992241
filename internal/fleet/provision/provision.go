package provision

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/failpoint"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Input is what an operator fills in.
type Input struct {
	// Org is the slug or the name of an organization, or "" for a new one named OrgName.
	// Both are refused: which was meant can't be told.
	Org, OrgName string
	// Name is the database's; "" takes the proposed one.
	Name string
	// Place is Embedded or D1, "" for Embedded. The jurisdiction and the mode of
	// replication are D1's: see d1.CreateInput.
	Place, Jurisdiction, Replication string
	Location                         string
	// Schema and Version are what it starts with; "" for an empty database, 0
	// for the latest version.
	Schema  string
	Version int
	// Request is the form's id: the same one twice is the same wish.
	Request string
}

// ProposeName returns the first free name of the form {org}-org-001.
func (pr *Provisioner) ProposeName(ctx context.Context, slug string) (string, error) {
	_, n, err := pr.store.Databases(ctx, fleet.Filter{Org: slug, Page: fleet.Page{Number: 1, Size: 1}})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	for ; ; n++ {
		name := fmt.Sprintf("%s-org-%03d", slug, n+1)
		if _, err := pr.store.Database(ctx, name); fault.Is(err, fault.NotFound) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

// Start records the wish for a database and works on it in the background.
// It returns as soon as the wish is stored. Asked again with the same request
// id, it returns the database that is there.
func (pr *Provisioner) Start(ctx context.Context, a auth.Actor, in Input) (fleet.Database, error) {
	if err := a.May(fleet.OpProvision.Needs); err != nil {
		return fleet.Database{}, err
	}
	if in.Request != "" {
		if d, err := pr.store.DatabaseByRequest(ctx, in.Request); !fault.Is(err, fault.NotFound) {
			return d, err
		}
	}
	for try := 0; ; try++ {
		d, err := pr.provisionOnce(ctx, a, in)
		// A proposed name that somebody else took at the same moment is proposed anew.
		if in.Name != "" || try == maxProposals || !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "name" {
			return d, err
		}
	}
}

// maxProposals is how often a name is proposed anew.
const maxProposals = 20

func (pr *Provisioner) provisionOnce(ctx context.Context, a auth.Actor, in Input) (fleet.Database, error) {
	d, org, err := pr.newDatabase(ctx, pr.now(), a, in)
	if err != nil {
		return d, err
	}
	if !pr.fleet.Holds.Claim(d.ID) { // the id is new, so nobody else has it
		return d, fleet.ErrStopping
	}
	r := &provisionRun{pr: pr, actor: a}
	j := operation.Job{About: fleet.About(d), Begin: func(ctx context.Context, e audit.Entry) error {
		d.CreatedAt, d.UpdatedAt = e.At, e.At
		es := []audit.Entry{e}
		if org != nil {
			org.CreatedAt = e.At
			es = []audit.Entry{fleet.OrgEntry(a, *org), e}
		}
		return pr.store.CreateDatabase(ctx, org, d, es...)
	}}
	j.About.Detail = fmt.Sprintf("%s, schema %s v%d, location %s", d.PlaceWords(), orDash(d.Schema), d.Version, orDash(d.Location))
	if r.intent, err = pr.fleet.Door.Begin(ctx, a, fleet.OpProvision.Kind, j); err != nil {
		pr.fleet.Holds.Release(d.ID)
		if fault.Is(err, fault.Conflict) && in.Request != "" { // the same form, sent at the same moment
			if twin, twinErr := pr.store.DatabaseByRequest(ctx, in.Request); twinErr == nil {
				return twin, nil
			}
		}
		if org != nil {
			err = pr.fleet.Orgs.ExplainConflict(ctx, *org, err)
		}
		return d, err
	}
	failpoint.Hit("provision:recorded")
	r.database = d
	r.start()
	return d, nil
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// newDatabase checks the input and makes the rows of it.
func (pr *Provisioner) newDatabase(ctx context.Context, at time.Time, a auth.Actor, in Input) (fleet.Database, *fleet.Org, error) {
	var created *fleet.Org
	if in.Org != "" && strings.TrimSpace(in.OrgName) != "" {
		return fleet.Database{}, nil, fault.New(fault.Invalid,
			"Choose an organization or name a new one, not both. Empty this field, or choose “a new one…”.").At("org_name")
	}
	var org fleet.Org
	var err error
	if in.Org != "" {
		org, err = pr.fleet.Orgs.Find(ctx, in.Org)
	} else {
		org, err = fleet.NewOrg(at, a, in.OrgName)
		created = &org
	}
	if err != nil {
		return fleet.Database{}, nil, err
	}
	d := fleet.Database{
		ID: id.At[id.Database](at), Name: in.Name, Org: org.ID, OrgSlug: org.Slug, OrgName: org.Name, Provider: in.Place,
		Location: in.Location, Jurisdiction: in.Jurisdiction, Replication: in.Replication, State: fleet.Provisioning, Request: in.Request,
		CreatedAt: at, CreatedBy: a.Email, UpdatedAt: at,
	}
	if d.Name == "" {
		if d.Name, err = pr.ProposeName(ctx, org.Slug); err != nil {
			return d, nil, err
		}
	}
	if err := d1.CheckName(d.Name); err != nil {
		return d, nil, err
	}
	if slices.Contains(fleet.ReservedNames, strings.ToLower(d.Name)) {
		return d, nil, fault.New(fault.Invalid, "The name %q is taken by a page of the dashboard. Choose another name.", d.Name).At("name")
	}
	if err := pr.checkPlace(&d); err != nil {
		return d, nil, err
	}
	if in.Schema != "" {
		s, err := pr.store.Schema(ctx, in.Schema)
		if err != nil {
			return d, nil, fault.New(fault.Invalid, "There is no schema %q.", in.Schema).At("schema")
		}
		d.Schema, d.Version = s.Name, in.Version
		if d.Version == 0 {
			d.Version = s.Latest
		}
		if _, err := pr.store.Version(ctx, d.Schema, d.Version); err != nil {
			return d, nil, fault.New(fault.Invalid, "The schema %s has no version %d.", d.Schema, d.Version).At("version")
		}
	}
	return d, created, nil
}

// checkPlace checks where a new database is to live, and leaves out what that place
// doesn't know.
func (pr *Provisioner) checkPlace(d *fleet.Database) error {
	if d.Provider == "" {
		d.Provider = fleet.Embedded
	}
	if d.Provider != fleet.Embedded && d.Provider != fleet.D1 {
		return fault.New(fault.Invalid, "There is no place %q for databases.", d.Provider).At("place")
	}
	if _, err := pr.fleet.Places.Provider(d.Provider); err != nil {
		return fault.Wrap(err, fault.Invalid, "%s", fault.Message(err)).At("place")
	}
	if !isCode(d1.Locations, d.Location) {
		return fault.New(fault.Invalid, "There is no location %q.", d.Location).At("location")
	}
	if d.Provider == fleet.Embedded {
		d.Jurisdiction, d.Replication = "", ""
		return nil
	}
	if !isCode(d1.Jurisdictions, d.Jurisdiction) {
		return fault.New(fault.Invalid, "There is no jurisdiction %q.", d.Jurisdiction).At("jurisdiction")
	}
	if d.Replication != "" && d.Replication != "auto" && d.Replication != "disabled" {
		return fault.New(fault.Invalid, "Read replication is auto or disabled.").At("replication")
	}
	return nil
}

func isCode(list []struct{ Code, Name string }, code string) bool {
	return code == "" || slices.ContainsFunc(list, func(x struct{ Code, Name string }) bool { return x.Code == code })
}

// provisionRun is one attempt at a provision: whose, of what, and the intent it stands under.
type provisionRun struct {
	pr       *Provisioner
	actor    auth.Actor
	database fleet.Database
	intent   string
	step     fleet.Step // the one it is at
}

// start works on a claimed database in the background. It uses a context of its own: a
// closed browser must not stop it, and a step once begun is finished.
func (r *provisionRun) start() {
	f := r.pr
	go func() {
		defer f.fleet.Holds.Release(r.database.ID)
		j := operation.Job{About: fleet.About(r.database), Work: r.work, End: r.end}
		if err := f.fleet.Door.Finish(context.Background(), r.actor, fleet.OpProvision.Kind, r.intent, j); err != nil {
			f.log.Error("provision", "database", r.database.Name, "step", r.step.Name, "error", err)
		}
	}()
}

// work does the steps that aren't done, but for the last, which is the end.
func (r *provisionRun) work(ctx context.Context, _ *audit.Entry) error {
	f, d := r.pr, r.database
	steps, err := f.store.Steps(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.State == fleet.StepDone {
			continue
		}
		if f.background.Err() != nil { // shutting down: resumed by an operator
			return fleet.ErrStopping
		}
		r.step = s
		r.step.State, r.step.StartedAt, r.step.Error = fleet.StepRunning, f.now(), ""
		if err := f.store.SaveStep(ctx, d.ID, r.step); err != nil {
			return err
		}
		failpoint.Hit("provision:" + string(s.Name) + ":begun")
		if s.Name == fleet.StepRegister {
			return nil
		}
		if err := r.do(ctx, s.Name); err != nil {
			return err
		}
		if err := r.done(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *provisionRun) do(ctx context.Context, name fleet.StepName) error {
	if name == fleet.StepCreate {
		return r.pr.stepCreate(ctx, &r.database)
	}
	return r.pr.stepMigrate(ctx, r.actor, r.database)
}

// done notes that the step it is at is done.
func (r *provisionRun) done(ctx context.Context) error {
	failpoint.Hit("provision:" + string(r.step.Name) + ":done")
	r.step.State, r.step.FinishedAt = fleet.StepDone, r.pr.now()
	defer failpoint.Hit("provision:" + string(r.step.Name) + ":recorded")
	return r.pr.store.SaveStep(ctx, r.database.ID, r.step)
}

// end makes the database ready, or says at which step it failed.
func (r *provisionRun) end(ctx context.Context, e audit.Entry, cause error) error {
	f, d := r.pr, r.database
	if errors.Is(cause, fleet.ErrStopping) { // the next start ends it
		return nil
	}
	if cause == nil {
		d.State, d.Error, d.UpdatedAt = fleet.Ready, "", e.At
		if cause = f.store.UpdateDatabase(ctx, d, fleet.Provisioning, e); cause == nil {
			return r.done(ctx)
		}
		e = e.Ended(cause)
	}
	words := fault.Message(cause)
	r.step.State, r.step.FinishedAt, r.step.Error = fleet.StepFailed, e.At, words
	d.State, d.Error, d.UpdatedAt = fleet.Failed, words, e.At
	e.Detail = fmt.Sprintf("%s: %s", r.step.Name, e.Detail)
	return errors.Join(cause, f.store.SaveStep(ctx, d.ID, r.step), f.store.UpdateDatabase(ctx, d, fleet.Provisioning, e))
}

// stepCreate makes the database, or takes the one an interrupted attempt made.
func (pr *Provisioner) stepCreate(ctx context.Context, d *fleet.Database) error {
	info, err := pr.fleet.Places.CreateOnce(ctx, *d, d.CreatedAt)
	if err != nil {
		return err
	}
	failpoint.Hit("provision:create:made")
	d.ProviderID, d.UpdatedAt = info.ID, pr.now()
	return pr.store.UpdateDatabase(ctx, *d, fleet.Provisioning)
}

func (pr *Provisioner) stepMigrate(ctx context.Context, a auth.Actor, d fleet.Database) error {
	if d.Schema == "" {
		return nil
	}
	v, err := pr.store.Version(ctx, d.Schema, d.Version)
	if err != nil {
		return err
	}
	s, err := fleet.ParseVersion(v)
	if err != nil {
		return err
	}
	conn, err := pr.fleet.Places.Of(d).Open(ctx, d.ProviderID)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	at := pr.now()
	if _, err = migrate.Synchronize(ctx, conn, s, migrate.Attempt{ID: id.At[string](at), Actor: a.Email, At: at}); err == nil {
		pr.fleet.Owns.Applied(d.ProviderID)
	}
	return err
}

// Steps returns the steps of a provision.
func (pr *Provisioner) Steps(ctx context.Context, d fleet.Database) ([]fleet.Step, error) {
	return pr.store.Steps(ctx, d.ID)
}

// unfinishedProvision checks that a database is one that Resume is for: its provision
// didn't end, and nobody works on it.
func (pr *Provisioner) unfinishedProvision(ctx context.Context, name string) (fleet.Database, error) {
	d, err := pr.fleet.CurrentDatabase(ctx, name)
	if err != nil {
		return d, err
	}
	if !d.State.IsUnfinished() || pr.fleet.Holds.Busy(d.ID) {
		return d, fault.New(fault.Conflict, "The provision of %s is %s, so there is nothing to resume or undo.", d.Name, d.State)
	}
	return d, nil
}

// Resume goes on with a provision that failed or was interrupted.
func (pr *Provisioner) Resume(ctx context.Context, a auth.Actor, name string) (fleet.Database, error) {
	if err := a.May(fleet.OpProvision.Needs); err != nil {
		return fleet.Database{}, err
	}
	d, err := pr.unfinishedProvision(ctx, name)
	if err != nil {
		return d, err
	}
	from := d.State
	if !pr.fleet.Holds.Claim(d.ID) {
		return d, fault.New(fault.Conflict, "Somebody works on %s already.", d.Name)
	}
	r := &provisionRun{pr: pr, actor: a}
	j := operation.Job{About: fleet.About(d), Begin: func(ctx context.Context, e audit.Entry) error {
		d.State, d.Error, d.UpdatedAt = fleet.Provisioning, "", e.At
		return pr.store.UpdateDatabase(ctx, d, from, e)
	}}
	j.About.Detail = "resumed"
	if r.intent, err = pr.fleet.Door.Begin(ctx, a, fleet.OpProvision.Kind, j); err != nil {
		pr.fleet.Holds.Release(d.ID)
		return d, err
	}
	r.database = d
	r.start()
	return d, nil
}

// Undo removes what a provision that failed or was interrupted left behind: the
// database, if it was made, and the wish. Such a database was never given to
// anyone; one that holds rows is refused all the same.
func (pr *Provisioner) Undo(ctx context.Context, a auth.Actor, name string) error {
	return pr.fleet.Do(ctx, a, name, fleet.OpUndo, func(ctx context.Context, d fleet.Database) (fleet.Job, error) {
		info, err := pr.fleet.Places.FindCreated(ctx, d, d.CreatedAt)
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) { // what isn't ours stays
			return fleet.Job{}, err
		}
		return fleet.Job{Job: operation.Job{
			Work: func(ctx context.Context, _ *audit.Entry) error { return pr.removeUnfinished(ctx, d, info) },
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err != nil {
					return errors.Join(err, pr.store.Record(ctx, e))
				}
				return pr.store.DeleteDatabase(ctx, d, d.State, e)
			},
		}}, nil
	})
}

// removeUnfinished removes what a provision made, if it made anything and that holds no rows.
func (pr *Provisioner) removeUnfinished(ctx context.Context, d fleet.Database, info d1.Info) error {
	if info.ID == "" {
		return nil
	}
	if err := pr.refuseRows(ctx, d, info); err != nil {
		return err
	}
	return pr.fleet.Places.Of(d).Delete(ctx, info.ID)
}

// refuseRows is fault.Conflict when any table holds a row.
func (pr *Provisioner) refuseRows(ctx context.Context, d fleet.Database, info d1.Info) error {
	conn, err := pr.fleet.Places.Of(d).Open(ctx, info.ID)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	db, err := migrate.Inspect(ctx, conn)
	if err != nil {
		return err
	}
	for _, t := range db.Tables { // also those whose text can't be read
		if t.Kind == live.KindView {
			continue
		}
		n, err := fleet.HasRows(ctx, conn, t.Name)
		if err != nil {
			return err
		}
		if n {
			return fault.New(fault.Conflict, "The database %s holds rows in %s. Resume its provision instead of undoing it.", info.Name, t.Name)
		}
	}
	return nil
}
