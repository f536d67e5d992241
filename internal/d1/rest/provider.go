package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// DefaultBaseURL is Cloudflare's API.
const DefaultBaseURL = "https://api.cloudflare.com/client/v4/"

// Options say which account a Provider is and how it is reached.
type Options struct {
	// Account is the account's id, 32 hexadecimal digits.
	Account string
	// Token is an API token with the permission D1 Edit for the account.
	Token string
	// ReadToken is one with D1 Read and no more, or "". Statements in mode Read go
	// with it, so that Cloudflare refuses what would write.
	ReadToken string
	// BaseURL is for tests; "" means DefaultBaseURL.
	BaseURL string
	// HTTPClient sends the requests; nil means one of the Provider's own. Redirects
	// are never followed, whatever it says.
	HTTPClient *http.Client
	// Dir is the folder for copies of databases: those being made, and the last
	// states of retired ones. It is made when missing.
	Dir string
	// Budget is the account's; nil means one of the Provider's own.
	Budget *Budget
	// Judge, if there is one, is asked about every statement in mode Read that is a
	// read by its tokens; its error refuses the statement.
	Judge func(sql string) error
	// Quiet is how long Cloudflare may send nothing within a call; 0 means 45 s,
	// which is more than a statement may take.
	Quiet time.Duration
	// Poll is the pause between two questions about an import; 0 means a second.
	Poll time.Duration
	// Pause is how long a read that failed waits before it is sent a second time;
	// before the third it is twice as long. 0 means 250 ms.
	Pause time.Duration
	// Settle is how long a write whose answer was lost is looked for before it counts as
	// not done; 0 means 30 s, which is how long Cloudflare may go on with it.
	Settle time.Duration
	// Follow is how long an import that was begun is asked about without an answer; 0
	// means five minutes.
	Follow time.Duration
}

// Provider is one Cloudflare account as a d1.Provider and d1.Replicator.
type Provider struct {
	api                  *cf.D1Service
	client               *http.Client
	account              string
	editToken, readToken string
	dir                  string
	budget               *Budget
	judge                func(string) error
	quiet, poll, pause   time.Duration
	settling, follow     time.Duration
	base                 *url.URL

	mu    sync.Mutex // guards names
	names map[string]string
}

var (
	accountRule = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	idRule      = regexp.MustCompile(`^[0-9a-zA-Z-]{1,64}$`)
)

// New returns a Provider. It sends nothing: [Check] tells whether it works.
func New(o Options) (*Provider, error) {
	bad := func(field, format string, args ...any) error {
		return fault.New(fault.Invalid, format, args...).At(field)
	}
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	base, err := url.Parse(strings.TrimRight(o.BaseURL, "/") + "/")
	switch {
	case !accountRule.MatchString(o.Account):
		return nil, bad("account", "The id of the Cloudflare account has 32 hexadecimal digits. Copy it from the account's page.")
	case o.Token == "" || strings.ContainsAny(o.Token, " \t\r\n"):
		return nil, bad("token", "Enter an API token with the permission D1 Edit, without blanks.")
	case strings.ContainsAny(o.ReadToken, " \t\r\n"):
		return nil, bad("read_token", "Enter the reading token without blanks.")
	case err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "":
		return nil, bad("base_url", "The address of Cloudflare's API must begin with https://.")
	case o.Dir == "":
		return nil, bad("dir", "Name a folder for copies of databases.")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder for copies of databases can't be made. Check the disk and its permissions.")
	}
	client := &http.Client{Transport: http.DefaultTransport}
	if o.HTTPClient != nil {
		copied := *o.HTTPClient
		client = &copied
	}
	// A redirect would send a write a second time.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := &Provider{
		api: service(base.String(), client), client: client, account: o.Account, editToken: o.Token, readToken: o.ReadToken,
		dir: o.Dir, budget: o.Budget, judge: o.Judge, quiet: o.Quiet, poll: o.Poll, pause: o.Pause,
		settling: o.Settle, follow: o.Follow, base: base, names: map[string]string{},
	}
	if p.budget == nil {
		p.budget = NewBudget(BudgetOptions{})
	}
	for _, d := range []struct {
		of        *time.Duration
		otherwise time.Duration
	}{{&p.quiet, 45 * time.Second}, {&p.poll, time.Second}, {&p.pause, 250 * time.Millisecond}, {&p.settling, settleTime},
		{&p.follow, followTime}} {
		if *d.of <= 0 {
			*d.of = d.otherwise
		}
	}
	p.sweep()
	return p, nil
}

// set sets a field of the SDK's parameters; the function its root package has
// for that would compile all of it.
func set[T any](value *T, present *bool, v T) { *value, *present = v, true }

// marshal writes JSON without escaping what only HTML minds.
func marshal(v any) (*bytes.Reader, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.NewReader(b.Bytes()), nil
}

// database is what Cloudflare says of one.
type database struct {
	UUID         string    `json:"uuid"`
	Name         string    `json:"name"`
	CreatedAt    time.Time `json:"created_at"`
	FileSize     *float64  `json:"file_size"`
	NumTables    *float64  `json:"num_tables"`
	Jurisdiction *string   `json:"jurisdiction"`
	Region       string    `json:"running_in_region"`
	Replication  *struct {
		Mode string `json:"mode"`
	} `json:"read_replication"`
}

func (p *Provider) info(d database) d1.Info {
	p.Name(d.UUID, d.Name)
	i := d1.Info{ID: d.UUID, Name: d.Name, CreatedAt: d.CreatedAt, Size: -1, Tables: -1, Region: d.Region, Location: sqltext.Fold(d.Region)}
	if d.FileSize != nil {
		i.Size = int64(*d.FileSize)
	}
	if d.NumTables != nil {
		i.Tables = int(*d.NumTables)
	}
	if d.Jurisdiction != nil {
		i.Jurisdiction = *d.Jurisdiction
	}
	if d.Replication != nil {
		i.Replication = d.Replication.Mode
	}
	return i
}

// Name says what a database is called, for the words of errors.
func (p *Provider) Name(id, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.names[id] = name
}

// name is the database's name if it was seen or told, else its id.
func (p *Provider) name(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.names[id]; n != "" {
		return n
	}
	return id
}

func checkID(id string) error {
	if !idRule.MatchString(id) {
		return fault.Wrap(d1.ErrNotRun, fault.NotFound, "There is no database with the id %.80q.", id)
	}
	return nil
}

// Budget returns the account's budget.
func (p *Provider) Budget() *Budget { return p.budget }

// Open returns a handle; it makes no call, so a database that isn't there shows
// at the first statement.
func (p *Provider) Open(_ context.Context, id string) (d1.Conn, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return &conn{p: p, id: id}, nil
}

// Visit is Open.
func (p *Provider) Visit(ctx context.Context, id string) (d1.Conn, error) { return p.Open(ctx, id) }

var _ interface {
	d1.Provider
	d1.Replicator
	d1.Namer
} = (*Provider)(nil)
