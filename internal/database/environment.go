package database

import "slices"

// Environment is what the SDK's helpers take from the environment. It prints
// without its secrets.
type Environment struct {
	// WorkersSubdomain is the suffix of Workers' host names, such as acme.workers.dev.
	WorkersSubdomain string
	AccountID        string
	APIToken         string
	ScriptName       string
	GatewayKey       string
	// AdminDatabase and AdminToken open the dashboard's own database on D1.
	AdminDatabase string
	AdminToken    string
}

// variable is a field of Environment with the names it is read from, the first
// one that isn't empty.
type variable struct {
	field    func(*Environment) *string
	names    []string
	def      string
	required bool
}

var variables = []variable{
	{field: func(e *Environment) *string { return &e.WorkersSubdomain }, required: true,
		names: []string{"CF_WORKERS_SUBDOMAIN", "CLOUDFLARE_WORKERS_SUBDOMAIN", "KURATCHI_CF_WORKERS_SUBDOMAIN"}},
	{field: func(e *Environment) *string { return &e.AccountID }, required: true,
		names: []string{"CF_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", "KURATCHI_CF_ACCOUNT_ID"}},
	{field: func(e *Environment) *string { return &e.APIToken }, required: true,
		names: []string{"CF_API_TOKEN", "CLOUDFLARE_API_TOKEN", "KURATCHI_CF_API_TOKEN"}},
	{field: func(e *Environment) *string { return &e.ScriptName }, def: DefaultScriptName,
		names: []string{"SCRIPT_NAME", "KURATCHI_D1_SCRIPT_NAME"}},
	{field: func(e *Environment) *string { return &e.GatewayKey }, required: true,
		names: []string{"GATEWAY_KEY", "KURATCHI_GATEWAY_KEY"}},
	{field: func(e *Environment) *string { return &e.AdminDatabase }, def: "kuratchi-admin",
		names: []string{"KURATCHI_ADMIN_DB_NAME", "KURATCHI_ADMIN_DB"}},
	{field: func(e *Environment) *string { return &e.AdminToken },
		names: []string{"KURATCHI_ADMIN_DB_TOKEN"}},
}

// FromEnvironment reads the environment through lookup, which is os.LookupEnv or
// stands in for it.
func FromEnvironment(lookup func(string) (string, bool)) Environment {
	var e Environment
	for _, v := range variables {
		value := v.def
		if i := slices.IndexFunc(v.names, func(n string) bool { s, _ := lookup(n); return s != "" }); i >= 0 {
			value, _ = lookup(v.names[i])
		}
		*v.field(&e) = value
	}
	return e
}

// Missing returns the variables to set before a Cloudflare account can be used,
// by their first names. The admin database's are not among them.
func (e Environment) Missing() []string {
	var missing []string
	for _, v := range variables {
		if v.required && *v.field(&e) == "" {
			missing = append(missing, v.names[0])
		}
	}
	return missing
}

// Options returns what New takes of the environment.
func (e Environment) Options() Options {
	return Options{GatewayKey: e.GatewayKey, ScriptName: e.ScriptName}
}
