package fault

import (
	"errors"
	"fmt"
)

// Kind classifies an error by what the reader can do about it.
type Kind uint8

const (
	// Internal is a defect of ours: log it, show a request id.
	Internal Kind = iota
	// Invalid is input that has to be corrected.
	Invalid
	// NotFound is an object that does not exist, or that the actor may not know of.
	NotFound
	// Conflict is a state that changed under the actor: read it again first.
	Conflict
	// Denied is an actor without the permission.
	Denied
	// Limited is a quota or throttle: try again later.
	Limited
	// Unavailable is a part that does not answer and that did nothing.
	Unavailable
	// Unknown is a write whose outcome is not known: read it, never send it again.
	Unknown
)

var kindNames = [...]string{"internal", "invalid", "not found", "conflict", "denied", "limited", "unavailable", "unknown"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Error is an error with a kind and a sentence to show.
type Error struct {
	Kind Kind
	// Msg says what happened, to what, and what to do next.
	Msg string
	// Field names the form field the message belongs to, if there is one.
	Field string
	// Ref is another service's id of the request that failed, safe to show: its
	// support asks for it. "" where there is none.
	Ref string
	// Err is the cause. It is for the log only.
	Err error
}

// Error returns the message with its cause, for the log.
func (e *Error) Error() string {
	s := e.Msg
	if e.Ref != "" {
		s += " (request id " + e.Ref + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New returns an error of that kind with a formatted message.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// Wrap is New with a cause for the log.
func Wrap(err error, k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...), Err: err}
}

// At returns the error bound to a form field.
func (e *Error) At(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// KindOf returns the kind of the outermost fault in err's chain, Internal when
// there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err's kind is k. A nil error has no kind.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Message returns the sentence that may be shown for err.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Msg
	}
	return "Something went wrong on our side. Nothing more is known here; the log has the cause under this request's id."
}

// FieldOf returns the form field err belongs to, or "".
func FieldOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Field
	}
	return ""
}

// RefOf returns the other service's request id in err's chain, or "".
func RefOf(err error) string {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if f, ok := e.(*Error); ok && f.Ref != "" { //nolint:errorlint // each link is looked at
			return f.Ref
		}
	}
	return ""
}
