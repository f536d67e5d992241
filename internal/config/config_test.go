package config_test

import (
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/config"
)

// env is an environment to look up in.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	v, ok := e[name]
	return v, ok
}

func load(e env, args ...string) (config.Config, []string, error) {
	return config.Load(args, e.lookup, io.Discard)
}

func mustLoad(t *testing.T, e env, args ...string) config.Config {
	t.Helper()
	c, _, err := load(e, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problemsOf loads what has to fail and returns the mistakes.
func problemsOf(t *testing.T, e env, args ...string) []config.Problem {
	t.Helper()
	c, rest, err := load(e, args...)
	p, ok := errors.AsType[*config.Problems](err)
	if !ok || len(p.List) == 0 {
		t.Fatalf("error %v, want *Problems", err)
	}
	if !cmp.Equal(c, config.Config{}, cmpPrefix) || rest != nil {
		t.Errorf("an error came with %+v and %v", c, rest)
	}
	return p.List
}

var cmpPrefix = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := config.Config{
		DataDir:       "data",
		Listen:        "127.0.0.1:8080",
		Environment:   config.Environment{Name: "development", Color: config.Gray},
		LogLevel:      slog.LevelInfo,
		LogFormat:     config.Text,
		SQLRowCap:     1000,
		SQLTimeout:    30 * time.Second,
		OpenDatabases: 128, StatementMemory: 64,
		ShutdownGrace: 10 * time.Second,
		Cloudflare:    config.Cloudflare{ScriptName: "kuratchi-d1"},
		Admin:         config.AdminDatabase{Name: "kuratchi-admin"},
	}
	if diff := cmp.Diff(want, mustLoad(t, nil), cmpPrefix); diff != "" {
		t.Error(diff)
	}
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	got := mustLoad(t, env{
		"KURATCHI_DATA": "/srv//kuratchi/", "KURATCHI_DEMO": "true", "KURATCHI_LISTEN": ":0", "KURATCHI_ENVIRONMENT": "Staging",
		"KURATCHI_ENVIRONMENT_COLOR": "Blue", "KURATCHI_PUBLIC_URL": "http://LOCALHOST:8080/",
		"KURATCHI_TRUSTED_PROXIES": "10.1.2.3/8, fd00::/8", "KURATCHI_INSECURE_COOKIE": "true",
		"KURATCHI_LOG_LEVEL": "DEBUG", "KURATCHI_LOG_FORMAT": "json", "KURATCHI_SQL_ROW_CAP": "10000",
		"KURATCHI_SQL_TIMEOUT": "1500ms", "KURATCHI_OPEN_DATABASES": "1", "KURATCHI_STATEMENT_MEMORY": "16", "KURATCHI_SHUTDOWN_GRACE": "0s",
		"CF_WORKERS_SUBDOMAIN": "Acme.workers.dev", "CF_ACCOUNT_ID": strings.Repeat("Ab", 16),
		"CF_API_TOKEN": "token-0123456789", "SCRIPT_NAME": "acme", "GATEWAY_KEY": "gateway-0123456789\n",
		"KURATCHI_ADMIN_DB_NAME": "acme_admin", "KURATCHI_ADMIN_DB_TOKEN": "acme_admin.00ff.1700000000000.ab-_",
	})
	want := config.Config{
		DataDir: "/srv/kuratchi", Demo: true, Listen: ":0",
		Environment:    config.Environment{Name: "Staging", Color: config.Blue},
		PublicURL:      "http://localhost:8080",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
		InsecureCookie: true, LogLevel: slog.LevelDebug, LogFormat: config.JSON,
		SQLRowCap: 10000, SQLTimeout: 1500 * time.Millisecond, OpenDatabases: 1, StatementMemory: 16,
		Cloudflare: config.Cloudflare{
			WorkersSubdomain: "acme.workers.dev", AccountID: strings.Repeat("ab", 16),
			APIToken: config.NewSecret("token-0123456789"), ScriptName: "acme",
			GatewayKey: config.NewSecret("gateway-0123456789"),
		},
		Admin: config.AdminDatabase{Name: "acme_admin", Token: config.NewSecret("acme_admin.00ff.1700000000000.ab-_")},
	}
	if diff := cmp.Diff(want, got, cmpPrefix); diff != "" {
		t.Error(diff)
	}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  env
		args []string
		want string
	}{
		"default":                      {nil, nil, "127.0.0.1:8080"},
		"environment over default":     {env{"KURATCHI_LISTEN": ":1"}, nil, ":1"},
		"flag over environment":        {env{"KURATCHI_LISTEN": ":1"}, []string{"--listen", ":2"}, ":2"},
		"flag over a bad environment":  {env{"KURATCHI_LISTEN": "bad"}, []string{"--listen=:2"}, ":2"},
		"one dash is enough":           {nil, []string{"-listen=:2"}, ":2"},
		"the last of a repeated flag":  {nil, []string{"--listen=:2", "--listen=:3"}, ":3"},
		"a blank variable is not set":  {env{"KURATCHI_LISTEN": " "}, nil, "127.0.0.1:8080"},
		"blanks around a value are no": {env{"KURATCHI_LISTEN": " :4\n"}, nil, ":4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mustLoad(t, c.env, c.args...).Listen; got != c.want {
				t.Errorf("listens on %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnEmptyFlagTurnsAVariableOff(t *testing.T) {
	t.Parallel()
	c := mustLoad(t, env{"KURATCHI_PUBLIC_URL": "https://panel.example.com"}, "--public-url", "")
	if c.PublicURL != "" {
		t.Errorf("public URL %q", c.PublicURL)
	}
	problemsOf(t, nil, "--listen", "")
}

func TestTheDemoHasAFolderOfItsOwn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  env
		args []string
		want string
	}{
		"no demo":                 {nil, nil, "data"},
		"demo":                    {nil, []string{"--demo"}, "data-demo"},
		"demo by variable":        {env{"KURATCHI_DEMO": "1"}, nil, "data-demo"},
		"demo turned off":         {env{"KURATCHI_DEMO": "1"}, []string{"--demo=false"}, "data"},
		"a folder by flag":        {nil, []string{"--demo", "--data", "/srv/demo"}, "/srv/demo"},
		"a folder by variable":    {env{"KURATCHI_DATA": "/srv/demo"}, []string{"--demo"}, "/srv/demo"},
		"the usual folder":        {nil, []string{"--demo", "--data", "./data"}, "data"},
		"a command behind a flag": {nil, []string{"--demo", "setup-token"}, "data-demo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mustLoad(t, c.env, c.args...).DataDir; got != c.want {
				t.Errorf("the data folder is %q, want %q", got, c.want)
			}
		})
	}
}

// TestAliases sets all names of a setting, takes the winner away again and
// again, and expects the next one each time.
func TestAliases(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{
		{"CF_WORKERS_SUBDOMAIN", "CLOUDFLARE_WORKERS_SUBDOMAIN", "KURATCHI_CF_WORKERS_SUBDOMAIN"},
		{"CF_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", "KURATCHI_CF_ACCOUNT_ID"},
		{"CF_API_TOKEN", "CLOUDFLARE_API_TOKEN", "KURATCHI_CF_API_TOKEN"},
		{"SCRIPT_NAME", "KURATCHI_D1_SCRIPT_NAME"},
		{"GATEWAY_KEY", "KURATCHI_GATEWAY_KEY"},
		{"KURATCHI_ADMIN_DB_NAME", "KURATCHI_ADMIN_DB"},
	} {
		t.Run(names[0], func(t *testing.T) {
			t.Parallel()
			e := env{}
			for i, name := range names {
				e[name] = aliasValue(name, i)
			}
			for i, name := range names {
				if got := aliasField(mustLoad(t, e), names[0]); got != aliasValue(name, i) {
					t.Errorf("%s is next, but the value is %q", name, got)
				}
				e[name] = "" // empty counts as not set
			}
		})
	}
}

// aliasValue is a value a setting accepts, another one for each i.
func aliasValue(name string, i int) string {
	digit := string(rune('1' + i))
	switch {
	case strings.HasSuffix(name, "SUBDOMAIN"):
		return "acme" + digit + ".workers.dev"
	case strings.HasSuffix(name, "ACCOUNT_ID"):
		return strings.Repeat(digit, 32)
	case strings.HasSuffix(name, "TOKEN"), strings.HasSuffix(name, "KEY"):
		return strings.Repeat("secret", 3) + digit
	}
	return "name" + digit
}

func aliasField(c config.Config, first string) string {
	return map[string]string{
		"CF_WORKERS_SUBDOMAIN":   c.Cloudflare.WorkersSubdomain,
		"CF_ACCOUNT_ID":          c.Cloudflare.AccountID,
		"CF_API_TOKEN":           c.Cloudflare.APIToken.Reveal(),
		"SCRIPT_NAME":            c.Cloudflare.ScriptName,
		"GATEWAY_KEY":            c.Cloudflare.GatewayKey.Reveal(),
		"KURATCHI_ADMIN_DB_NAME": c.Admin.Name,
	}[first]
}

func TestTheCommandIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ args, want []string }{
		"no command":           {[]string{"--listen", ":1"}, nil},
		"command":              {[]string{"--listen", ":1", "reset-password", "a@b.c"}, []string{"reset-password", "a@b.c"}},
		"flags end at command": {[]string{"setup-token", "--listen", "bad"}, []string{"setup-token", "--listen", "bad"}},
		"two dashes end flags": {[]string{"--", "--listen"}, []string{"--listen"}},
		"a flag without value": {[]string{"--insecure-cookie", "setup-token"}, []string{"setup-token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, rest, err := load(nil, c.args...)
			if err != nil || !slices.Equal(rest, c.want) {
				t.Errorf("rest %q, error %v, want %q", rest, err, c.want)
			}
		})
	}
}

func TestHelpListsEveryFlagAndVariable(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"-h", "--help"} {
		var out strings.Builder
		// Help is help, whatever else is wrong.
		_, _, err := config.Load([]string{"--nonsense", arg}, env{"KURATCHI_LISTEN": "bad"}.lookup, &out)
		if !errors.Is(err, flag.ErrHelp) {
			t.Fatalf("error %v", err)
		}
		for _, s := range config.Documented() {
			for _, want := range append(s.Env, s.Flag, s.Default, s.Help) {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%s: no %q in the usage text", s.Name, want)
				}
			}
		}
	}
}

func TestEveryExampleIsAccepted(t *testing.T) {
	t.Parallel()
	for _, s := range config.Documented() {
		if (s.Example == "") != s.Secret {
			t.Errorf("%s: example %q, secret %v", s.Name, s.Example, s.Secret)
		}
		if s.Secret && s.Flag != "" {
			t.Errorf("%s is a secret and has a flag", s.Name)
		}
		if _, _, err := load(env{s.Env[0]: s.Example}); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

func TestSecureCookie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  env
		want bool
	}{
		"loopback":                   {nil, false},
		"loopback by name":           {env{"KURATCHI_LISTEN": "localhost:1"}, false},
		"loopback of IPv6":           {env{"KURATCHI_LISTEN": "[::1]:1"}, false},
		"every address":              {env{"KURATCHI_LISTEN": ":8080"}, true},
		"another address":            {env{"KURATCHI_LISTEN": "192.0.2.1:8080"}, true},
		"https in front of loopback": {env{"KURATCHI_PUBLIC_URL": "https://panel.example.com"}, true},
		"http on this machine":       {env{"KURATCHI_LISTEN": ":8080", "KURATCHI_PUBLIC_URL": "http://[::1]:8080"}, false},
		"allowed to be insecure":     {env{"KURATCHI_LISTEN": ":8080", "KURATCHI_INSECURE_COOKIE": "1"}, false},
		"http on a trusted network":  {env{"KURATCHI_PUBLIC_URL": "http://panel.lan", "KURATCHI_INSECURE_COOKIE": "1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mustLoad(t, c.env).SecureCookie(); got != c.want {
				t.Errorf("secure: %v, want %v", got, c.want)
			}
		})
	}
}

func TestColorFollowsFromTheName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]config.Color{
		"production": config.Red, "PROD": config.Red, "live": config.Red, "staging": config.Amber, "stage": config.Amber,
		"test": config.Blue, "qa": config.Blue, "preview": config.Purple, "development": config.Gray, "Acme 7": config.Gray,
	} {
		if got := mustLoad(t, nil, "--environment", name).Environment.Color; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
