package account

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/rest"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/operation"
	"github.com/kuratchi/dashboard/internal/vault"
)

// Credentials open an account.
type Credentials struct {
	ID string
	// Token may edit; ReadToken, if there is one, may only read.
	Token, ReadToken config.Secret
}

// Stored is an account as it is kept, the tokens sealed.
type Stored struct {
	ID               string
	Token, ReadToken string
	UpdatedAt        time.Time
	UpdatedBy        string
}

// Store keeps one account.
type Store interface {
	// CloudflareAccount returns it, or fault.NotFound.
	CloudflareAccount(ctx context.Context) (Stored, error)
	// SaveCloudflareAccount stores it in the place of the one there was.
	SaveCloudflareAccount(ctx context.Context, s Stored, es ...audit.Entry) error
	// ForgetCloudflareAccount removes it; fault.Conflict if there is none.
	ForgetCloudflareAccount(ctx context.Context, e audit.Entry) error
	// DatabasesOnD1 counts the databases that live in it, and returns the id of one
	// that is there, "" for none.
	DatabasesOnD1(ctx context.Context) (n int, one string, err error)
}

// Options are what an Account works with.
type Options struct {
	Store Store
	Vault *vault.Vault
	// Environment wins over what is stored, when it has an id and a token.
	Environment Credentials
	// URL is where the API is reached, "" for Cloudflare's own.
	URL string
	// Dir is the folder for copies of databases.
	Dir string
	Log *slog.Logger
	Now func() time.Time
}

// Account is the account of this installation, or none. It is safe for concurrent
// use.
type Account struct {
	o Options

	mu       sync.Mutex // guards what follows
	state    State
	provider *rest.Provider
	problem  error                   // why there is no provider, nil for none set up
	budgets  map[string]*rest.Budget // by account, since its limit outlives a token
}

// State says what is set up, without a secret.
type State struct {
	// ID is the account's, "" for none set up.
	ID string
	// ReadToken says that there is a token that may only read.
	ReadToken bool
	// FromEnvironment says that it can't be changed here.
	FromEnvironment bool
	UpdatedAt       time.Time
	UpdatedBy       string
	// Problem says why what is set up can't be used, "" when it can.
	Problem string
}

// Open reads what is set up. A sealed token that can't be opened is a Problem of the
// State and not an error: the rest of the dashboard works.
func Open(ctx context.Context, o Options) (*Account, error) {
	a := &Account{o: o, budgets: map[string]*rest.Budget{}}
	return a, a.Reload(ctx)
}

// Reload reads again what is set up.
func (a *Account) Reload(ctx context.Context) error {
	if env := a.o.Environment; env.ID != "" && !env.Token.IsZero() {
		a.use(State{ID: env.ID, FromEnvironment: true}, env, nil)
		return nil
	}
	s, err := a.o.Store.CloudflareAccount(ctx)
	if fault.Is(err, fault.NotFound) {
		a.use(State{}, Credentials{}, nil)
		return nil
	}
	if err != nil {
		return err
	}
	c, err := a.unseal(s)
	a.use(State{ID: s.ID, UpdatedAt: s.UpdatedAt, UpdatedBy: s.UpdatedBy, ReadToken: s.ReadToken != ""}, c, err)
	return nil
}

// place is where a token is kept.
func place(column string) vault.Place {
	return vault.Place{Table: "cloudflare", Column: column, Row: RowID}
}

// RowID is the id of the one row there is.
const RowID = "account"

func (a *Account) unseal(s Stored) (Credentials, error) {
	token, err := a.o.Vault.Open(place("token"), s.Token)
	if err != nil {
		return Credentials{}, err
	}
	c := Credentials{ID: s.ID, Token: config.NewSecret(token)}
	if s.ReadToken != "" {
		reading, err := a.o.Vault.Open(place("read_token"), s.ReadToken)
		if err != nil {
			return Credentials{}, err
		}
		c.ReadToken = config.NewSecret(reading)
	}
	return c, nil
}

// use makes the provider of what is set up.
func (a *Account) use(s State, c Credentials, problem error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.provider, a.problem = s, nil, problem
	if s.ID == "" {
		return
	}
	a.state.ReadToken = s.ReadToken || !c.ReadToken.IsZero()
	if problem == nil {
		a.provider, a.problem = rest.New(a.options(c))
	}
	if a.problem != nil {
		a.state.Problem = fault.Message(a.problem)
		a.o.Log.Error("the Cloudflare account can't be used", "error", a.problem)
	}
}

// options are for a provider; the caller holds the lock.
func (a *Account) options(c Credentials) rest.Options {
	if a.budgets[c.ID] == nil {
		a.budgets[c.ID] = rest.NewBudget(rest.BudgetOptions{})
	}
	return rest.Options{Account: c.ID, Token: c.Token.Reveal(), ReadToken: c.ReadToken.Reveal(), BaseURL: a.o.URL,
		Dir: a.o.Dir, Budget: a.budgets[c.ID]}
}

// State returns what is set up.
func (a *Account) State() State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

// Provider returns the account as a place for databases. fault.Unavailable while
// none is set up, or while it can't be used.
func (a *Account) Provider() (d1.Provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.provider != nil:
		return a.provider, nil
	case a.problem != nil:
		return nil, fault.Wrap(errors.Join(d1.ErrNotRun, a.problem), fault.Unavailable,
			"The Cloudflare account can't be used, so databases on D1 can't be reached: %s", fault.Message(a.problem))
	}
	return nil, fault.Wrap(d1.ErrNotRun, fault.Unavailable,
		"No Cloudflare account is set up here, so databases on D1 can't be reached. An owner can set one up under Settings.")
}

// Budget is how much of the account's limit of calls is used.
type Budget = rest.BudgetState

// Budget returns how much of the account's calls is used, and whether an account is
// set up.
func (a *Account) Budget() (Budget, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider == nil {
		return Budget{}, false
	}
	return a.provider.Budget().State(), true
}

// Input is what an owner enters. An empty token keeps the one there is, as long as
// the id stays; NoReadToken takes the reading one away.
type Input struct {
	ID               string
	Token, ReadToken string
	NoReadToken      bool
}

// checkTime is how long a new account is tested at most: it is saved while Cloudflare
// doesn't answer, too.
const checkTime = 20 * time.Second

// Save sets the account up, or replaces what is set up, once Cloudflare accepts it.
// What it was found to be is returned, as by Check: all of it may be unknown while
// Cloudflare can't be reached, and then it is saved all the same. fault.Invalid for
// what lacks a permission or changes nothing; fault.Conflict when it comes from the
// environment, or when databases live in another account.
func (a *Account) Save(ctx context.Context, actor auth.Actor, in Input) ([]Permission, error) {
	if err := actor.May(OpSave.Needs); err != nil {
		return nil, err
	}
	c, kept, err := a.mergeInput(ctx, in)
	if err != nil {
		return nil, err
	}
	if c == kept {
		return nil, fault.New(fault.Invalid,
			"That is what is set up already, so nothing was saved. To replace the token, enter the new one.").At("token")
	}
	a.mu.Lock()
	o := a.options(c)
	a.mu.Unlock()
	checking, stop := context.WithTimeout(ctx, checkTime)
	found, err := rest.Check(checking, o)
	stop()
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		if p.Field != "" && p.Known && !p.Granted {
			return found, fault.New(fault.Invalid, "Nothing was saved. %s", p.Words).At(p.Field)
		}
	}
	if c.ID != a.State().ID {
		if err := a.checkHoldsDatabases(ctx, o); err != nil {
			return found, err
		}
	}
	s := Stored{ID: c.ID, Token: a.o.Vault.Seal(place("token"), c.Token.Reveal()), UpdatedBy: actor.Email}
	about := audit.Entry{Target: c.ID, Detail: "a token that may edit"}
	if !c.ReadToken.IsZero() {
		s.ReadToken = a.o.Vault.Seal(place("read_token"), c.ReadToken.Reveal())
		about.Detail += ", and one that may only read"
	}
	err = a.door().Do(ctx, actor, OpSave, operation.Job{About: about, End: func(ctx context.Context, e audit.Entry, _ error) error {
		s.UpdatedAt = e.At
		return a.o.Store.SaveCloudflareAccount(ctx, s, e)
	}})
	if err != nil {
		return found, err
	}
	return found, a.Reload(ctx)
}

// checkHoldsDatabases refuses an account in which this installation's databases aren't.
func (a *Account) checkHoldsDatabases(ctx context.Context, o rest.Options) error {
	n, one, err := a.o.Store.DatabasesOnD1(ctx)
	if err != nil || one == "" {
		return err
	}
	p, err := rest.New(o)
	if err != nil {
		return err
	}
	switch _, err := p.Get(ctx, one); {
	case err == nil:
		return nil
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Denied):
		return fault.Wrap(err, fault.Conflict,
			"%d databases of this installation live on D1, but not in this account. Nothing was saved. "+
				"Enter the account they live in; only one account can be used at a time.", n).At("account")
	default:
		return fault.Wrap(err, fault.KindOf(err),
			"%d databases of this installation live on D1, and whether they are in this account can't be seen now, so nothing was saved: %s", n,
			fault.Message(err)).At("account")
	}
}

// mergeInput is the input with the tokens that stay, and what is kept now.
func (a *Account) mergeInput(ctx context.Context, in Input) (c, kept Credentials, err error) {
	if a.State().FromEnvironment {
		return c, kept, fault.New(fault.Conflict, "The account comes from the environment of the program. Change it there.")
	}
	c = Credentials{ID: strings.ToLower(strings.TrimSpace(in.ID)), Token: config.NewSecret(strings.TrimSpace(in.Token)),
		ReadToken: config.NewSecret(strings.TrimSpace(in.ReadToken))}
	stored, err := a.o.Store.CloudflareAccount(ctx)
	if fault.Is(err, fault.NotFound) || err == nil && stored.ID != c.ID {
		return c, kept, nil
	}
	if err != nil {
		return c, kept, err
	}
	if kept, err = a.unseal(stored); err != nil {
		return c, Credentials{}, nil //nolint:nilerr // what can't be opened is entered anew
	}
	if c.Token.IsZero() {
		c.Token = kept.Token
	}
	if c.ReadToken.IsZero() && !in.NoReadToken {
		c.ReadToken = kept.ReadToken
	}
	return c, kept, nil
}

// Forget takes the account away. fault.Conflict while databases live in it.
func (a *Account) Forget(ctx context.Context, actor auth.Actor) error {
	s := a.State()
	if s.FromEnvironment {
		return fault.New(fault.Conflict, "The account comes from the environment of the program. Take it away there.")
	}
	if s.ID == "" {
		return fault.New(fault.Conflict, "No account is set up.")
	}
	n, err := a.Databases(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		return fault.New(fault.Conflict, "The account can't be taken away while %d databases of this installation live in it. "+
			"Move them away first, and let the old ones go.", n).At("confirm")
	}
	err = a.door().Do(ctx, actor, OpForget, operation.Job{About: audit.Entry{Target: s.ID},
		End: func(ctx context.Context, e audit.Entry, _ error) error {
			return a.o.Store.ForgetCloudflareAccount(ctx, e)
		}})
	if err != nil {
		return err
	}
	return a.Reload(ctx)
}

// Databases counts what this installation has on D1: databases, last states of deleted
// ones, and what a move left there.
func (a *Account) Databases(ctx context.Context) (int, error) {
	n, _, err := a.o.Store.DatabasesOnD1(ctx)
	return n, err
}

// The operations on an account.
var (
	OpSave = operation.Kind{Action: audit.AccountSave, Needs: auth.SettingsManage, Toasts: map[string]string{
		"account-saved": "The Cloudflare account is set up."}}
	OpForget = operation.Kind{Action: audit.AccountForget, Needs: auth.SettingsManage, Toasts: map[string]string{
		"account-forgotten": "The Cloudflare account is taken away."}}
)

// Operations are all operations on an account.
func Operations() []operation.Kind { return []operation.Kind{OpSave, OpForget} }

// door is what both go through. They change the control plane alone, so nothing is recorded
// beside its batch.
func (a *Account) door() operation.Door { return operation.Door{Now: a.o.Now} }

// Reseal seals the stored tokens with the vault's current key and returns how many
// were sealed with an older one. It writes nothing when none was.
func Reseal(ctx context.Context, store Store, v *vault.Vault, e audit.Entry) (int, error) {
	s, err := store.CloudflareAccount(ctx)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n := 0
	for _, c := range []struct {
		column string
		sealed *string
	}{{"token", &s.Token}, {"read_token", &s.ReadToken}} {
		if *c.sealed == "" || v.Current(*c.sealed) {
			continue
		}
		plain, err := v.Open(place(c.column), *c.sealed)
		if err != nil {
			return n, err
		}
		*c.sealed = v.Seal(place(c.column), plain)
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, store.SaveCloudflareAccount(ctx, s, e)
}
