package views

import (
	"strconv"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// Provision is the form for a new database.
type Provision struct {
	Orgs    OrgList
	Schemas SchemaList
	// The fields as they were sent.
	Org, OrgName, Name, Location, Schema, Version, Request string
	Place, Jurisdiction, Replication                       string
	// OnD1 says that a Cloudflare account is set up.
	OnD1 bool
	// Proposed is the name it gets when none is given.
	Proposed string
	Error    string
	// Errors are by field.
	Errors map[string]string
}

// jurisdictions are the options of that field.
func jurisdictions() []struct{ Code, Name string } { return d1.Jurisdictions }

// locations are the options of the location field.
func locations() []struct{ Code, Name string } { return d1.Locations }

func schemaOption(s fleet.Schema) string {
	return s.Name + " (latest is v" + strconv.Itoa(s.Latest) + ")"
}

// Progress is a database that is not ready.
type Progress struct {
	Database fleet.Database
	Steps    []fleet.Step
	// Busy says that it is worked on now.
	Busy bool
}

// ProgressID is the region that is read again while steps run.
const ProgressID = "progress"

var stepWords = map[fleet.StepName][2]string{
	fleet.StepCreate:   {"Create", "an empty database of that name"},
	fleet.StepMigrate:  {"Migrate", "its schema, in one transaction"},
	fleet.StepRegister: {"Register", "with the fleet, ready for use"},
}

func stepTook(s fleet.Step) time.Duration {
	if s.FinishedAt.IsZero() || s.State == fleet.StepPending || s.State == fleet.StepRunning {
		return 0
	}
	return s.FinishedAt.Sub(s.StartedAt)
}

// state is the database's, with a provision nobody works on taken for an
// interrupted one.
func (v Progress) state() fleet.State {
	if v.Database.State == fleet.Provisioning && !v.Busy {
		return fleet.Interrupted
	}
	return v.Database.State
}

func (v Progress) why() string {
	if v.Database.Error == "" {
		return "Nothing works on it any more; the log has the cause. Nothing is lost: resume it, or undo it."
	}
	return v.Database.Error
}

// stepState shows a step that nobody works on as failed.
func (v Progress) stepState(s fleet.Step) string {
	if s.State == fleet.StepRunning && v.state() != fleet.Provisioning {
		return "failed"
	}
	return string(s.State)
}
