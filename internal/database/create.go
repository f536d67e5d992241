package database

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/migrate"
	"github.com/kuratchi/dashboard/internal/schema"
)

// undoTimeout is how long taking a half-made database back may take.
const undoTimeout = 30 * time.Second

// CreateInput is what a new database is made from.
type CreateInput struct {
	// Name must pass d1.CheckName.
	Name string
	// Location is one of d1.Locations, or "" for the provider's choice.
	Location string
	// Migrate applies Schema before the database is handed out.
	Migrate bool
	Schema  *schema.Schema
	// Actor is who asked, for the database's ledger.
	Actor string
}

// Created is a database that was made. It prints without its token.
type Created struct {
	DatabaseName string
	// DatabaseID is the provider's id.
	DatabaseID string
	// Token opens the database until TokenTTL from now. It is kept nowhere.
	Token string
	// WorkerName is what the database's gateway Worker is to be called. Create
	// deploys none.
	WorkerName string
	// Migration is what was applied, empty without Migrate.
	Migration migrate.Outcome
}

// Create makes a database and, when asked, applies a schema to it. A schema that
// can't be applied takes the database with it: after an error there is no
// database of that name, unless the message says that one remains.
func (in *Instance) Create(ctx context.Context, input CreateInput) (Created, error) {
	if err := in.checkCreate(input); err != nil {
		return Created{}, err
	}
	info, err := in.provider.Create(ctx, d1.CreateInput{Name: input.Name, Location: input.Location})
	if err != nil {
		return Created{}, err
	}
	made := Created{DatabaseName: info.Name, DatabaseID: info.ID, WorkerName: in.WorkerName(info.Name)}
	if input.Migrate {
		made.Migration, err = in.synchronize(ctx, info.ID, input.Schema, input.Actor)
		if err != nil {
			return Created{}, in.undo(ctx, info, err)
		}
		in.sync.remember(info.ID, input.Schema.Name, stampOf(input.Schema))
	}
	made.Token = in.NewToken(info.Name)
	return made, nil
}

func (in *Instance) checkCreate(input CreateInput) error {
	if err := d1.CheckName(input.Name); err != nil {
		return err
	}
	known := func(l struct{ Code, Name string }) bool { return l.Code == input.Location }
	switch {
	case len(in.WorkerName(input.Name)) > maxLabel:
		return fault.New(fault.Invalid, "The name is too long: its Worker would be called %s, which is over %d characters.",
			in.WorkerName(input.Name), maxLabel).At("name")
	case input.Location != "" && !slices.ContainsFunc(d1.Locations, known):
		return fault.New(fault.Invalid, "There is no location %q. Choose one of the list, or none.", input.Location).At("location")
	case input.Migrate && input.Schema == nil:
		return fault.New(fault.Invalid, "A schema is needed to migrate the new database to. Choose one, or make the database empty.").At("schema")
	}
	return nil
}

// undo deletes a database whose schema could not be applied and tells both. It
// goes on when the caller is gone, who could not do it any more.
func (in *Instance) undo(ctx context.Context, info d1.Info, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	kind, why := fault.KindOf(cause), fault.Message(cause)
	switch kind {
	case fault.Internal: // its message would hide what became of the database
		kind, why = fault.Invalid, "It can't be made; the log has the cause."
	case fault.Unknown: // with the database gone it doesn't matter any more
		kind, why = fault.Unavailable, "The answer to it was lost."
	}
	if err := in.provider.Delete(ctx, info.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return fault.Wrap(errors.Join(cause, err), fault.Unknown,
			"The schema could not be applied to the new database %q, and deleting it again failed too. "+
				"A database of that name remains: delete it before you try again. The schema: %s", info.Name, why)
	}
	return fault.Wrap(cause, kind, "The schema could not be applied to the new database %q, so it was deleted again. %s", info.Name, why)
}

// DeleteInput says which database to delete.
type DeleteInput struct {
	// DatabaseID is the provider's id.
	DatabaseID string
}

// Delete removes a database for good. One that isn't there is fault.NotFound.
// Its tokens stay signed, so one opens a later database of the same name.
func (in *Instance) Delete(ctx context.Context, input DeleteInput) error {
	if input.DatabaseID == "" {
		return fault.New(fault.Invalid, "Say which database to delete.")
	}
	err := in.provider.Delete(ctx, input.DatabaseID)
	if err == nil || fault.Is(err, fault.NotFound) {
		in.sync.forget(input.DatabaseID)
	}
	return err
}
