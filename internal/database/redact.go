package database

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// hide returns what a secret prints as: nothing for none, so that a log still
// tells whether it was set.
func hide(secret string) string {
	if secret == "" {
		return ""
	}
	return "[redacted]"
}

// Each type that holds a secret has the same five methods, which between them
// are every way of printing: String and GoString for who calls them, Format for
// all verbs of fmt, MarshalJSON, and LogValue for slog.

func (o Options) String() string {
	return fmt.Sprintf("database.Options{GatewayKey:%s ScriptName:%s}", hide(o.GatewayKey), o.ScriptName)
}

// GoString is String.
func (o Options) GoString() string { return o.String() }

// Format writes String for every verb.
func (o Options) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, o.String()) }

// MarshalJSON writes String as a string.
func (o Options) MarshalJSON() ([]byte, error) { return json.Marshal(o.String()) }

// LogValue logs String.
func (o Options) LogValue() slog.Value { return slog.StringValue(o.String()) }

func (in Instance) String() string {
	return fmt.Sprintf("database.Instance{GatewayKey:%s ScriptName:%s}", "[redacted]", in.script)
}

// GoString is String.
func (in Instance) GoString() string { return in.String() }

// Format writes String for every verb.
func (in Instance) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, in.String()) }

// MarshalJSON writes String as a string.
func (in Instance) MarshalJSON() ([]byte, error) { return json.Marshal(in.String()) }

// LogValue logs String.
func (in Instance) LogValue() slog.Value { return slog.StringValue(in.String()) }

func (c Created) String() string {
	return fmt.Sprintf("database.Created{DatabaseName:%s DatabaseID:%s Token:%s WorkerName:%s}", c.DatabaseName, c.DatabaseID,
		hide(c.Token), c.WorkerName)
}

// GoString is String.
func (c Created) GoString() string { return c.String() }

// Format writes String for every verb.
func (c Created) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalJSON writes String as a string.
func (c Created) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// LogValue logs String.
func (c Created) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (c ClientInput) String() string {
	return fmt.Sprintf("database.ClientInput{DatabaseName:%s Token:%s SkipMigrations:%t}", c.DatabaseName, hide(c.Token), c.SkipMigrations)
}

// GoString is String.
func (c ClientInput) GoString() string { return c.String() }

// Format writes String for every verb.
func (c ClientInput) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalJSON writes String as a string.
func (c ClientInput) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// LogValue logs String.
func (c ClientInput) LogValue() slog.Value { return slog.StringValue(c.String()) }

func (h HTTPClientInput) String() string {
	return fmt.Sprintf("database.HTTPClientInput{DatabaseName:%s Token:%s}", h.DatabaseName, hide(h.Token))
}

// GoString is String.
func (h HTTPClientInput) GoString() string { return h.String() }

// Format writes String for every verb.
func (h HTTPClientInput) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// MarshalJSON writes String as a string.
func (h HTTPClientInput) MarshalJSON() ([]byte, error) { return json.Marshal(h.String()) }

// LogValue logs String.
func (h HTTPClientInput) LogValue() slog.Value { return slog.StringValue(h.String()) }

func (e Environment) String() string {
	return fmt.Sprintf("database.Environment{WorkersSubdomain:%s AccountID:%s APIToken:%s ScriptName:%s GatewayKey:%s "+
		"AdminDatabase:%s AdminToken:%s}",
		e.WorkersSubdomain, e.AccountID, hide(e.APIToken), e.ScriptName, hide(e.GatewayKey), e.AdminDatabase, hide(e.AdminToken))
}

// GoString is String.
func (e Environment) GoString() string { return e.String() }

// Format writes String for every verb.
func (e Environment) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// MarshalJSON writes String as a string.
func (e Environment) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// LogValue logs String.
func (e Environment) LogValue() slog.Value { return slog.StringValue(e.String()) }
