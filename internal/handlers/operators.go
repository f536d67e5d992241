package handlers

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/desk"
	"github.com/kuratchi/dashboard/internal/id"
)

// People is where operators and their passwords are remembered. Who isn't there
// is fault.NotFound.
type People interface {
	// Operator returns the operator with that id.
	Operator(ctx context.Context, o id.Operator) (auth.Operator, error)
	// OperatorByEmail returns the stored password too.
	OperatorByEmail(ctx context.Context, email string) (auth.Operator, string, error)
	// Rehash stores the same password as a newer hash. No session ends.
	Rehash(ctx context.Context, o id.Operator, hash string) error
	// SetPassword stores another password and ends all sessions of that person.
	SetPassword(ctx context.Context, o id.Operator, hash string, es ...audit.Entry) error
	// SessionsOf returns the sessions that aren't revoked and began after since, the
	// last used first.
	SessionsOf(ctx context.Context, o id.Operator, since time.Time) ([]auth.Session, error)
	// Claimed says whether the installation has an owner.
	Claimed(ctx context.Context) (bool, error)
	// SetupOpen returns nil while a setup link of that hash can be used.
	SetupOpen(ctx context.Context, tokenHash string) error
	// Claim uses the setup link up and makes o the owner.
	Claim(ctx context.Context, tokenHash string, o auth.Operator, password string, es ...audit.Entry) error
}

// Operators is where people are remembered, and what they did.
type Operators interface {
	People
	desk.Log
	// Ready returns nil when it can be written to.
	Ready(ctx context.Context) error
}
