package database

import (
	"context"
	"crypto/rand"
	"regexp"
	"strings"
	"time"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

const (
	// DefaultScriptName is what the names of Workers begin with by default.
	DefaultScriptName = "kuratchi-d1"
	// minKey is what the configuration asks of a gateway key too.
	minKey = 16
	// maxLabel is how long a DNS label, and so a Worker's name, may be.
	maxLabel = 63
)

// Options are what an Instance is made from. They print without the key.
type Options struct {
	// GatewayKey signs the databases' tokens; at least 16 characters. It is the
	// installation's master secret, and a new one ends every token.
	GatewayKey string
	// ScriptName is what the names of Workers begin with: lower-case letters,
	// digits and dashes; "" is DefaultScriptName.
	ScriptName string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// NewID makes the ids of ledger rows; nil makes random ones. They must not
	// repeat.
	NewID func() string
}

// Provider is what an Instance uses of an account: no copy, no restore point.
type Provider interface {
	d1.Registry
	d1.Dialer
}

// Instance is an account's databases seen through one gateway key. It is safe
// for concurrent use and prints without the key.
type Instance struct {
	provider Provider
	key      *string // behind a pointer, which is all that printing would reach
	script   string
	now      func() time.Time
	newID    func() string
	sync     *synchronizer
}

var scriptRule = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// New returns an Instance over a provider's databases. Options it can't work
// with are fault.Invalid.
func New(provider Provider, o Options) (*Instance, error) {
	switch {
	case provider == nil:
		return nil, fault.New(fault.Invalid, "There is no provider to keep databases in.")
	case o.GatewayKey == "":
		return nil, fault.New(fault.Invalid, "A gateway key is needed, which signs the databases' tokens. Set GATEWAY_KEY.")
	case len(o.GatewayKey) < minKey:
		return nil, fault.New(fault.Invalid,
			"The gateway key is too short: it needs at least %d characters, so that it can't be guessed.", minKey)
	}
	if o.ScriptName == "" {
		o.ScriptName = DefaultScriptName
	}
	if !scriptRule.MatchString(o.ScriptName) {
		return nil, fault.New(fault.Invalid,
			"The script name %q can't begin a Worker's name: use lower-case letters, digits and dashes between them.", o.ScriptName)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = rand.Text
	}
	return &Instance{provider: provider, key: &o.GatewayKey, script: o.ScriptName, now: o.Now, newID: o.NewID, sync: newSynchronizer()}, nil
}

// NewToken returns a new token for a database, good for TokenTTL. Tokens handed
// out before stay good until they end.
func (in *Instance) NewToken(database string) string {
	return SignToken(*in.key, database, in.now().Add(TokenTTL))
}

// WorkerName returns the name of a database's gateway Worker. Names that differ
// only in case, or in a dash for an underscore, share it.
func (in *Instance) WorkerName(database string) string {
	return in.script + "-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(database))
}

// find returns the database a token opens. A wrong token is refused before the
// provider is asked.
func (in *Instance) find(ctx context.Context, name, token string) (d1.Info, error) {
	switch {
	case name == "":
		return d1.Info{}, fault.New(fault.Invalid, "Say which database to open.")
	case token == "":
		return d1.Info{}, refuseToken(Malformed, "A token is needed to open %q. Make one.", name)
	}
	if err := VerifyToken(*in.key, name, token, in.now()); err != nil {
		return d1.Info{}, err
	}
	return in.provider.Find(ctx, name)
}
