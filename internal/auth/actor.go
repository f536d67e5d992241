package auth

import (
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/id"
)

// Actor is who does something, and from where. Every write takes one, and the
// audit log keeps it as it was then, whatever becomes of the operator.
type Actor struct {
	// Operator is empty for the program itself.
	Operator id.Operator
	// Role is what the operator may do, "" for the program itself.
	Role Role
	// Scope is whose things the actor reaches.
	Scope Scope
	// Email is the operator's, or "system:" and the name of a part of the
	// program, which no e-mail address can be.
	Email string
	// IP is the address the request came from.
	IP string
	// RequestID finds the request in the log.
	RequestID string
	// Session is the [Session.Hash], from which the cookie can't be told.
	Session string
}

// Scope says whose things an actor reaches. The zero Scope reaches nobody's.
type Scope string

// Everything is every organization's things: the scope of everybody so far.
const Everything Scope = "everything"

const systemPrefix = "system:"

// SystemActor returns the actor for what the program does on its own, such as
// "synchronize" or "purge".
func SystemActor(name string) Actor { return Actor{Email: systemPrefix + name, Scope: Everything} }

// System reports whether the actor is the program itself.
func (a Actor) System() bool {
	return a.Operator == "" && strings.HasPrefix(a.Email, systemPrefix)
}

// Entry starts an audit entry about what the actor does at that moment: what else is stored
// of the same event takes its time from there.
func (a Actor) Entry(at time.Time, action audit.Action, o audit.Outcome) audit.Entry {
	return audit.Entry{
		ID: id.At[string](at), At: at, Operator: a.Operator, Actor: a.Email, IP: a.IP, Request: a.RequestID,
		Action: action, Outcome: o,
	}
}

// May returns nil for an actor that has the permission, as the program itself has every one;
// else fault.Denied.
func (a Actor) May(p Permission) error {
	if a.System() || a.Role.Can(p) {
		return nil
	}
	if a.Role == "" {
		return fault.New(fault.Denied, "Nobody is signed in who may do this. Sign in first.")
	}
	return fault.New(fault.Denied, "Your role, %s, may not do this. Ask an owner.", a.Role)
}

// Reaches returns nil for an actor whose scope holds every organization's things; else
// fault.Denied.
func (a Actor) Reaches() error {
	if a.Scope == Everything {
		return nil
	}
	return fault.New(fault.Denied, "You have no access to the databases of this installation. Ask an owner.")
}
