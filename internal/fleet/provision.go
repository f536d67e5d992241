package fleet

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
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/operation"
)

// ProvisionInput is what an operator fills in.
type ProvisionInput struct {
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
func (f *Fleet) ProposeName(ctx context.Context, slug string) (string, error) {
	_, n, err := f.store.Databases(ctx, Filter{Org: slug, Page: Page{Number: 1, Size: 1}})
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	for ; ; n++ {
		name := fmt.Sprintf("%s-org-%03d", slug, n+1)
		if _, err := f.store.Database(ctx, name); fault.Is(err, fault.NotFound) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

// Provision records the wish for a database and works on it in the background.
// It returns as soon as the wish is stored. Asked again with the same request
// id, it returns the database that is there.
func (f *Fleet) Provision(ctx context.Context, a auth.Actor, in ProvisionInput) (Database, error) {
	if err := a.May(OpProvision.Needs); err != nil {
		return Database{}, err
	}
	if in.Request != "" {
		if d, err := f.store.DatabaseByRequest(ctx, in.Request); !fault.Is(err, fault.NotFound) {
			return d, err
		}
	}
	for try := 0; ; try++ {
		d, err := f.provisionOnce(ctx, a, in)
		// A proposed name that somebody else took at the same moment is proposed anew.
		if in.Name != "" || try == maxProposals || !fault.Is(err, fault.Conflict) || fault.FieldOf(err) != "name" {
			return d, err
		}
	}
}

// maxProposals is how often a name is proposed anew.
const maxProposals = 20

func (f *Fleet) provisionOnce(ctx context.Context, a auth.Actor, in ProvisionInput) (Database, error) {
	d, org, err := f.newDatabase(ctx, f.now(), a, in)
	if err != nil {
		return d, err
	}
	if !f.claim(d.ID) { // the id is new, so nobody else has it
		return d, errStopping
	}
	r := &provisionRun{fleet: f, actor: a}
	j := operation.Job{About: about(d), Begin: func(ctx context.Context, e audit.Entry) error {
		d.CreatedAt, d.UpdatedAt = e.At, e.At
		es := []audit.Entry{e}
		if org != nil {
			org.CreatedAt = e.At
			es = []audit.Entry{orgEntry(a, *org), e}
		}
		return f.store.CreateDatabase(ctx, org, d, es...)
	}}
	j.About.Detail = fmt.Sprintf("%s, schema %s v%d, location %s", d.placeWords(), orDash(d.Schema), d.Version, orDash(d.Location))
	if r.intent, err = f.door.Begin(ctx, a, OpProvision.Kind, j); err != nil {
		f.release(d.ID)
		if fault.Is(err, fault.Conflict) && in.Request != "" { // the same form, sent at the same moment
			if twin, twinErr := f.store.DatabaseByRequest(ctx, in.Request); twinErr == nil {
				return twin, nil
			}
		}
		if org != nil {
			err = f.explainSlugConflict(ctx, *org, err)
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
func (f *Fleet) newDatabase(ctx context.Context, at time.Time, a auth.Actor, in ProvisionInput) (Database, *Org, error) {
	var created *Org
	if in.Org != "" && strings.TrimSpace(in.OrgName) != "" {
		return Database{}, nil, fault.New(fault.Invalid,
			"Choose an organization or name a new one, not both. Empty this field, or choose “a new one…”.").At("org_name")
	}
	var org Org
	var err error
	if in.Org != "" {
		org, err = f.findOrg(ctx, in.Org)
	} else {
		org, err = newOrg(at, a, in.OrgName)
		created = &org
	}
	if err != nil {
		return Database{}, nil, err
	}
	d := Database{
		ID: id.At[id.Database](at), Name: in.Name, Org: org.ID, OrgSlug: org.Slug, OrgName: org.Name, Provider: in.Place,
		Location: in.Location, Jurisdiction: in.Jurisdiction, Replication: in.Replication, State: Provisioning, Request: in.Request,
		CreatedAt: at, CreatedBy: a.Email, UpdatedAt: at,
	}
	if d.Name == "" {
		if d.Name, err = f.ProposeName(ctx, org.Slug); err != nil {
			return d, nil, err
		}
	}
	if err := d1.CheckName(d.Name); err != nil {
		return d, nil, err
	}
	if slices.Contains(reservedNames, strings.ToLower(d.Name)) {
		return d, nil, fault.New(fault.Invalid, "The name %q is taken by a page of the dashboard. Choose another name.", d.Name).At("name")
	}
	if err := f.checkPlace(&d); err != nil {
		return d, nil, err
	}
	if in.Schema != "" {
		s, err := f.store.Schema(ctx, in.Schema)
		if err != nil {
			return d, nil, fault.New(fault.Invalid, "There is no schema %q.", in.Schema).At("schema")
		}
		d.Schema, d.Version = s.Name, in.Version
		if d.Version == 0 {
			d.Version = s.Latest
		}
		if _, err := f.store.Version(ctx, d.Schema, d.Version); err != nil {
			return d, nil, fault.New(fault.Invalid, "The schema %s has no version %d.", d.Schema, d.Version).At("version")
		}
	}
	return d, created, nil
}

// checkPlace checks where a new database is to live, and leaves out what that place
// doesn't know.
func (f *Fleet) checkPlace(d *Database) error {
	if d.Provider == "" {
		d.Provider = Embedded
	}
	if d.Provider != Embedded && d.Provider != D1 {
		return fault.New(fault.Invalid, "There is no place %q for databases.", d.Provider).At("place")
	}
	if _, err := f.providers.Provider(d.Provider); err != nil {
		return fault.Wrap(err, fault.Invalid, "%s", fault.Message(err)).At("place")
	}
	if !isCode(d1.Locations, d.Location) {
		return fault.New(fault.Invalid, "There is no location %q.", d.Location).At("location")
	}
	if d.Provider == Embedded {
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

// claim takes a database for a provision of this process, and reports whether it
// was free and the program isn't stopping. It comes before the wish is stored, so
// that a database being provisioned is never seen without somebody at work.
func (f *Fleet) claim(d id.Database) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[d] || f.background.Err() != nil {
		return false
	}
	f.busy[d] = true
	f.work.Add(1)
	return true
}

func (f *Fleet) release(d id.Database) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.busy, d)
	f.work.Done()
}

// provisionRun is one attempt at a provision: whose, of what, and the intent it stands under.
type provisionRun struct {
	fleet    *Fleet
	actor    auth.Actor
	database Database
	intent   string
	step     Step // the one it is at
}

// start works on a claimed database in the background. It uses a context of its own: a
// closed browser must not stop it, and a step once begun is finished.
func (r *provisionRun) start() {
	f := r.fleet
	go func() {
		defer f.release(r.database.ID)
		j := operation.Job{About: about(r.database), Work: r.work, End: r.end}
		if err := f.door.Finish(context.Background(), r.actor, OpProvision.Kind, r.intent, j); err != nil {
			f.log.Error("provision", "database", r.database.Name, "step", r.step.Name, "error", err)
		}
	}()
}

var errStopping = fault.New(fault.Unavailable, "The program is stopping. Nothing was changed; try again when it is back.")

// Busy reports whether a provision of that database is under way here.
func (f *Fleet) Busy(d id.Database) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.busy[d]
}

// work does the steps that aren't done, but for the last, which is the end.
func (r *provisionRun) work(ctx context.Context, _ *audit.Entry) error {
	f, d := r.fleet, r.database
	steps, err := f.store.Steps(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.State == StepDone {
			continue
		}
		if f.background.Err() != nil { // shutting down: resumed by an operator
			return errStopping
		}
		r.step = s
		r.step.State, r.step.StartedAt, r.step.Error = StepRunning, f.now(), ""
		if err := f.store.SaveStep(ctx, d.ID, r.step); err != nil {
			return err
		}
		failpoint.Hit("provision:" + string(s.Name) + ":begun")
		if s.Name == StepRegister {
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

func (r *provisionRun) do(ctx context.Context, name StepName) error {
	if name == StepCreate {
		return r.fleet.stepCreate(ctx, &r.database)
	}
	return r.fleet.stepMigrate(ctx, r.actor, r.database)
}

// done notes that the step it is at is done.
func (r *provisionRun) done(ctx context.Context) error {
	failpoint.Hit("provision:" + string(r.step.Name) + ":done")
	r.step.State, r.step.FinishedAt = StepDone, r.fleet.now()
	defer failpoint.Hit("provision:" + string(r.step.Name) + ":recorded")
	return r.fleet.store.SaveStep(ctx, r.database.ID, r.step)
}

// end makes the database ready, or says at which step it failed.
func (r *provisionRun) end(ctx context.Context, e audit.Entry, cause error) error {
	f, d := r.fleet, r.database
	if errors.Is(cause, errStopping) { // the next start ends it
		return nil
	}
	if cause == nil {
		d.State, d.Error, d.UpdatedAt = Ready, "", e.At
		if cause = f.store.UpdateDatabase(ctx, d, Provisioning, e); cause == nil {
			return r.done(ctx)
		}
		e = e.Ended(cause)
	}
	words := fault.Message(cause)
	r.step.State, r.step.FinishedAt, r.step.Error = StepFailed, e.At, words
	d.State, d.Error, d.UpdatedAt = Failed, words, e.At
	e.Detail = fmt.Sprintf("%s: %s", r.step.Name, e.Detail)
	return errors.Join(cause, f.store.SaveStep(ctx, d.ID, r.step), f.store.UpdateDatabase(ctx, d, Provisioning, e))
}

// stepCreate makes the database, or takes the one an interrupted attempt made.
func (f *Fleet) stepCreate(ctx context.Context, d *Database) error {
	info, err := f.createOnce(ctx, *d, d.CreatedAt)
	if err != nil {
		return err
	}
	failpoint.Hit("provision:create:made")
	d.ProviderID, d.UpdatedAt = info.ID, f.now()
	return f.store.UpdateDatabase(ctx, *d, Provisioning)
}

func (f *Fleet) stepMigrate(ctx context.Context, a auth.Actor, d Database) error {
	if d.Schema == "" {
		return nil
	}
	v, err := f.store.Version(ctx, d.Schema, d.Version)
	if err != nil {
		return err
	}
	s, err := parseVersion(v)
	if err != nil {
		return err
	}
	conn, err := f.provider(d).Open(ctx, d.ProviderID)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	at := f.now()
	if _, err = migrate.Synchronize(ctx, conn, s, migrate.Attempt{ID: id.At[string](at), Actor: a.Email, At: at}); err == nil {
		f.owns.applied(d.ProviderID)
	}
	return err
}

// reservedNames are paths of their own where the names of databases and schemas
// stand, so nothing can be called so.
var reservedNames = []string{"new", "adopt"}

// Steps returns the steps of a provision.
func (f *Fleet) Steps(ctx context.Context, d Database) ([]Step, error) {
	return f.store.Steps(ctx, d.ID)
}

// currentDatabase returns a database as it is when nobody works on it: read again after
// somebody was seen to have ended.
func (f *Fleet) currentDatabase(ctx context.Context, name string) (Database, error) {
	d, err := f.store.Database(ctx, name)
	if err == nil && d.State == Provisioning && !f.Busy(d.ID) {
		return f.store.Database(ctx, name)
	}
	return d, err
}

// unfinishedStates are those of a provision that didn't end.
var unfinishedStates = []State{Provisioning, Failed, Interrupted}

func (s State) isUnfinished() bool { return slices.Contains(unfinishedStates, s) }

// unfinishedProvision checks that a database is one that ResumeProvision is for: its provision
// didn't end, and nobody works on it.
func (f *Fleet) unfinishedProvision(ctx context.Context, name string) (Database, error) {
	d, err := f.currentDatabase(ctx, name)
	if err != nil {
		return d, err
	}
	if !d.State.isUnfinished() || f.Busy(d.ID) {
		return d, fault.New(fault.Conflict, "The provision of %s is %s, so there is nothing to resume or undo.", d.Name, d.State)
	}
	return d, nil
}

// ResumeProvision goes on with a provision that failed or was interrupted.
func (f *Fleet) ResumeProvision(ctx context.Context, a auth.Actor, name string) (Database, error) {
	if err := a.May(OpProvision.Needs); err != nil {
		return Database{}, err
	}
	d, err := f.unfinishedProvision(ctx, name)
	if err != nil {
		return d, err
	}
	from := d.State
	if !f.claim(d.ID) {
		return d, fault.New(fault.Conflict, "Somebody works on %s already.", d.Name)
	}
	r := &provisionRun{fleet: f, actor: a}
	j := operation.Job{About: about(d), Begin: func(ctx context.Context, e audit.Entry) error {
		d.State, d.Error, d.UpdatedAt = Provisioning, "", e.At
		return f.store.UpdateDatabase(ctx, d, from, e)
	}}
	j.About.Detail = "resumed"
	if r.intent, err = f.door.Begin(ctx, a, OpProvision.Kind, j); err != nil {
		f.release(d.ID)
		return d, err
	}
	r.database = d
	r.start()
	return d, nil
}

// UndoProvision removes what a provision that failed or was interrupted left behind: the
// database, if it was made, and the wish. Such a database was never given to
// anyone; one that holds rows is refused all the same.
func (f *Fleet) UndoProvision(ctx context.Context, a auth.Actor, name string) error {
	return f.Do(ctx, a, name, OpUndo, func(ctx context.Context, d Database) (Job, error) {
		info, err := f.findCreated(ctx, d, d.CreatedAt)
		if err != nil && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Conflict) { // what isn't ours stays
			return Job{}, err
		}
		return Job{Job: operation.Job{
			Work: func(ctx context.Context, _ *audit.Entry) error { return f.removeUnfinished(ctx, d, info) },
			End: func(ctx context.Context, e audit.Entry, err error) error {
				if err != nil {
					return errors.Join(err, f.store.Record(ctx, e))
				}
				return f.store.DeleteDatabase(ctx, d, d.State, e)
			},
		}}, nil
	})
}

// removeUnfinished removes what a provision made, if it made anything and that holds no rows.
func (f *Fleet) removeUnfinished(ctx context.Context, d Database, info d1.Info) error {
	if info.ID == "" {
		return nil
	}
	if err := f.refuseRows(ctx, d, info); err != nil {
		return err
	}
	return f.provider(d).Delete(ctx, info.ID)
}

// refuseRows is fault.Conflict when any table holds a row.
func (f *Fleet) refuseRows(ctx context.Context, d Database, info d1.Info) error {
	conn, err := f.provider(d).Open(ctx, info.ID)
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
		n, err := hasRows(ctx, conn, t.Name)
		if err != nil {
			return err
		}
		if n {
			return fault.New(fault.Conflict, "The database %s holds rows in %s. Resume its provision instead of undoing it.", info.Name, t.Name)
		}
	}
	return nil
}
