package database_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/fault"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

func TestEachAliasIsReadInItsOrder(t *testing.T) {
	for field, c := range map[string]struct {
		names []string
		get   func(database.Environment) string
	}{
		"workersSubdomain": {[]string{"CF_WORKERS_SUBDOMAIN", "CLOUDFLARE_WORKERS_SUBDOMAIN", "KURATCHI_CF_WORKERS_SUBDOMAIN"},
			func(e database.Environment) string { return e.WorkersSubdomain }},
		"accountId": {[]string{"CF_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", "KURATCHI_CF_ACCOUNT_ID"},
			func(e database.Environment) string { return e.AccountID }},
		"apiToken": {[]string{"CF_API_TOKEN", "CLOUDFLARE_API_TOKEN", "KURATCHI_CF_API_TOKEN"},
			func(e database.Environment) string { return e.APIToken }},
		"scriptName":   {[]string{"SCRIPT_NAME", "KURATCHI_D1_SCRIPT_NAME"}, func(e database.Environment) string { return e.ScriptName }},
		"gatewayKey":   {[]string{"GATEWAY_KEY", "KURATCHI_GATEWAY_KEY"}, func(e database.Environment) string { return e.GatewayKey }},
		"databaseName": {[]string{"KURATCHI_ADMIN_DB_NAME", "KURATCHI_ADMIN_DB"}, func(e database.Environment) string { return e.AdminDatabase }},
		"dbToken":      {[]string{"KURATCHI_ADMIN_DB_TOKEN"}, func(e database.Environment) string { return e.AdminToken }},
	} {
		env := map[string]string{}
		for i := len(c.names) - 1; i >= 0; i-- { // each one added wins over those before
			env[c.names[i]] = c.names[i]
			if got := c.get(database.FromEnvironment(lookup(env))); got != c.names[i] {
				t.Errorf("%s is %q with %v set", field, got, c.names[i:])
			}
		}
		if env[c.names[0]] = ""; len(c.names) > 1 {
			if got := c.get(database.FromEnvironment(lookup(env))); got != c.names[1] {
				t.Errorf("%s is %q with an empty %s", field, got, c.names[0])
			}
		}
	}
}

func TestMissingNamesWhatToSet(t *testing.T) {
	e := database.FromEnvironment(lookup(nil))
	if e.ScriptName != "kuratchi-d1" || e.AdminDatabase != "kuratchi-admin" {
		t.Errorf("the defaults are %v", e)
	}
	if d := cmp.Diff([]string{"CF_WORKERS_SUBDOMAIN", "CF_ACCOUNT_ID", "CF_API_TOKEN", "GATEWAY_KEY"}, e.Missing()); d != "" {
		t.Error(d)
	}
	full := database.FromEnvironment(lookup(map[string]string{
		"CF_WORKERS_SUBDOMAIN": "acme.workers.dev", "CLOUDFLARE_ACCOUNT_ID": "a", "KURATCHI_CF_API_TOKEN": "t", "GATEWAY_KEY": key,
	}))
	if m := full.Missing(); m != nil {
		t.Errorf("%v are missing", m)
	}
	if _, err := database.New(newProvider(t), full.Options()); err != nil {
		t.Error(err)
	}
}

func TestNewRefusesWhatItCanNotWorkWith(t *testing.T) {
	p := newProvider(t)
	for name, o := range map[string]database.Options{
		"no key":           {},
		"a short key":      {GatewayKey: "fifteen-chars.."},
		"an upper case":    {GatewayKey: key, ScriptName: "Kuratchi"},
		"a dash at an end": {GatewayKey: key, ScriptName: "kuratchi-"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := database.New(p, o)
			wantKind(t, err, fault.Invalid)
			if o.GatewayKey != "" && contains(err.Error(), o.GatewayKey) {
				t.Errorf("the error tells the key: %v", err)
			}
		})
	}
	_, err := database.New(nil, database.Options{GatewayKey: key})
	wantKind(t, err, fault.Invalid)
}
