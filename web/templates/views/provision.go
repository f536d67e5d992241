package views

import (
	"strconv"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fleet"
)

// Provision is the form for a new database.
type Provision struct {
	Orgs    []fleet.Org
	Schemas []fleet.Schema
	// The fields as they were sent.
	Org, OrgName, Name, Location, Schema, Version, Request string
	// Proposed is the name it gets when none is given.
	Proposed string
	Error    string
	// Errors are by field.
	Errors map[string]string
}

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

// stepState shows a step that nobody works on as failed.
func (v Progress) stepState(s fleet.Step) string {
	if s.State == fleet.StepRunning && v.Database.State != fleet.Provisioning {
		return "failed"
	}
	return string(s.State)
}
