package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// setting is one row of the table of settings. Flags, environment, usage text
// and documentation all come from it.
type setting struct {
	name string
	// env holds the environment variables, the one that wins first.
	env []string
	// flag is "" for a setting that comes from the environment only.
	flag string
	def  string
	help string
	// example is a value that is accepted; empty for a secret.
	example string
	secret  bool
	// boolean lets the flag stand without a value.
	boolean bool
	// set checks a value, which may be empty, and stores it. Its error says
	// what the value should have been: "not a port; want 1 to 65535".
	set func(*Config, string) error
}

// Names of settings that are looked at together.
const (
	nameDataFolder     = "Data folder"
	namePublicURL      = "Public URL"
	nameInsecureCookie = "Insecure cookie"
)

// settings returns all settings, in the order of the documentation.
func settings() []setting {
	all := serverSettings()
	all = append(all, limitSettings()...)
	return append(all, cloudflareSettings()...)
}

func serverSettings() []setting {
	return []setting{
		{
			name: nameDataFolder, flag: "data", env: []string{"KURATCHI_DATA"},
			def: "./data", example: "/var/lib/kuratchi",
			help: "Folder of the dashboard's own database and of the organizations' databases; made when it is missing.",
			set:  into(func(c *Config) *string { return &c.DataDir }, parseFolder),
		},
		{
			name: "Demo", flag: "demo", env: []string{"KURATCHI_DEMO"}, boolean: true,
			def: "false", example: "true",
			help: "Fills a data folder that is new or empty, ./data-demo unless one is set, with a fleet to look around in, and serves it.",
			set:  into(func(c *Config) *bool { return &c.Demo }, parseBool),
		},
		{
			name: "Listen address", flag: "listen", env: []string{"KURATCHI_LISTEN"},
			def: "127.0.0.1:8080", example: "0.0.0.0:8080",
			help: "Address to serve on, host:port; an empty host is every address, port 0 any free port.",
			set:  into(func(c *Config) *string { return &c.Listen }, parseListen),
		},
		{
			name: "Environment", flag: "environment", env: []string{"KURATCHI_ENVIRONMENT"},
			def: "development", example: "production",
			help: "Name of this installation, shown on every page; up to 32 letters, digits, blanks, dots, dashes and underscores.",
			set:  into(func(c *Config) *string { return &c.Environment.Name }, parseEnvironment),
		},
		{
			name: "Environment colour", flag: "environment-color", env: []string{"KURATCHI_ENVIRONMENT_COLOR"},
			example: "amber",
			help:    "Colour the name is shown in: red, amber, green, blue, purple or gray; by default it follows from the name.",
			set:     into(func(c *Config) *Color { return &c.Environment.Color }, orEmpty(oneOf(Red, Amber, Green, Blue, Purple, Gray))),
		},
		{
			name: namePublicURL, flag: "public-url", env: []string{"KURATCHI_PUBLIC_URL"},
			example: "https://panel.example.com",
			help:    "Where people open the dashboard, without a path; https makes the session cookie Secure.",
			set:     into(func(c *Config) *string { return &c.PublicURL }, orEmpty(parseOrigin)),
		},
		{
			name: "Trusted proxies", flag: "trusted-proxies", env: []string{"KURATCHI_TRUSTED_PROXIES"},
			example: "10.0.0.0/8,fd00::/8",
			help:    "Networks of the reverse proxies whose X-Forwarded-For header is believed, comma-separated; by default nobody's are.",
			set:     into(proxiesOf, orEmpty(parsePrefixes)),
		},
		{
			name: "Secret key", secret: true, env: []string{"KURATCHI_SECRET_KEY"},
			help: "Key that seals the secrets kept in the dashboard's own database: 32 bytes in base64; " +
				"several with commas between them, the first seals. By default it is in the file secret.key of the data folder.",
			set: into(func(c *Config) *Secret { return &c.SecretKey }, orEmpty(parseKeys)),
		},
		{
			name: nameInsecureCookie, flag: "insecure-cookie", env: []string{"KURATCHI_INSECURE_COOKIE"}, boolean: true,
			def: "false", example: "true",
			help: "Sends the session cookie over plain http, for a network you trust; refused with an https public URL.",
			set:  into(func(c *Config) *bool { return &c.InsecureCookie }, parseBool),
		},
		{
			name: "Log level", flag: "log-level", env: []string{"KURATCHI_LOG_LEVEL"},
			def: "info", example: "debug",
			help: "Least severe line that is logged: debug, info, warn or error.",
			set:  into(levelOf, parseLevel),
		},
		{
			name: "Log format", flag: "log-format", env: []string{"KURATCHI_LOG_FORMAT"},
			def: "text", example: "json",
			help: "How log lines are written: text or json.",
			set:  into(func(c *Config) *LogFormat { return &c.LogFormat }, oneOf(Text, JSON)),
		},
	}
}

func limitSettings() []setting {
	return []setting{
		{
			name: "Console row cap", flag: "sql-row-cap", env: []string{"KURATCHI_SQL_ROW_CAP"},
			def: "1000", example: "200",
			help: "Most rows one statement of the SQL console shows, 1 to 10000.",
			set:  into(func(c *Config) *int { return &c.SQLRowCap }, intBetween(1, 10000)),
		},
		{
			name: "Console timeout", flag: "sql-timeout", env: []string{"KURATCHI_SQL_TIMEOUT"},
			def: "30s", example: "10s",
			help: "Longest one reading statement of the SQL console runs, and all statements of a writing run together; 1s to 30s. " +
				"D1 ends a query after 30 s.",
			set: into(timeoutOf, durationBetween("1s", "30s")),
		},
		{
			name: "Open databases", flag: "open-databases", env: []string{"KURATCHI_OPEN_DATABASES"},
			def: "128", example: "512",
			help: "Most databases kept open at once, 1 to 4096; the one not used for longest is closed first.",
			set:  into(func(c *Config) *int { return &c.OpenDatabases }, intBetween(1, 4096)),
		},
		{
			name: "Statement memory", flag: "statement-memory", env: []string{"KURATCHI_STATEMENT_MEMORY"},
			def: "64", example: "128",
			help: "Most memory in MB that a statement which reads an embedded database may take, " +
				"and all of them together but for 1 MB each, 16 to 4096; those that write have four times as much.",
			set: into(func(c *Config) *int { return &c.StatementMemory }, intBetween(16, 4096)),
		},
		{
			name: "Shutdown grace", flag: "shutdown-grace", env: []string{"KURATCHI_SHUTDOWN_GRACE"},
			def: "10s", example: "25s",
			help: "How long requests under way may go on after a stop signal, 0s to 5m.",
			set:  into(graceOf, durationBetween("0s", "5m")),
		},
	}
}

func cloudflareSettings() []setting {
	return []setting{
		{
			name:    "Workers subdomain",
			env:     []string{"CF_WORKERS_SUBDOMAIN", "CLOUDFLARE_WORKERS_SUBDOMAIN", "KURATCHI_CF_WORKERS_SUBDOMAIN"},
			example: "acme.workers.dev",
			help:    "Host name suffix of the account's Workers, in full and without https.",
			set:     into(func(c *Config) *string { return &c.Cloudflare.WorkersSubdomain }, orEmpty(parseSubdomain)),
		},
		{
			name:    "Account id",
			env:     []string{"CF_ACCOUNT_ID", "CLOUDFLARE_ACCOUNT_ID", "KURATCHI_CF_ACCOUNT_ID"},
			example: "0123456789abcdef0123456789abcdef",
			help:    "Cloudflare account, 32 hexadecimal digits.",
			set:     into(func(c *Config) *string { return &c.Cloudflare.AccountID }, orEmpty(parseAccountID)),
		},
		{
			name: "API token", secret: true,
			env:  []string{"CF_API_TOKEN", "CLOUDFLARE_API_TOKEN", "KURATCHI_CF_API_TOKEN"},
			help: "Cloudflare API token; one word of printable ASCII, at least 16 characters.",
			set:  into(func(c *Config) *Secret { return &c.Cloudflare.APIToken }, orEmpty(parseToken)),
		},
		{
			name: "API reading token", secret: true,
			env: []string{"CF_API_READ_TOKEN", "CLOUDFLARE_API_READ_TOKEN", "KURATCHI_CF_API_READ_TOKEN"},
			help: "Cloudflare API token with D1 Read and no more, for everything that only reads; " +
				"one word of printable ASCII, at least 16 characters.",
			set: into(func(c *Config) *Secret { return &c.Cloudflare.APIReadToken }, orEmpty(parseToken)),
		},
		{
			name: "API address", env: []string{"KURATCHI_CF_API_URL"},
			example: "https://api-proxy.example.com/client/v4/",
			help: "Where Cloudflare's API is reached, for a proxy of your own and for tests; https, or http on this machine. " +
				"By default it is Cloudflare's own.",
			set: into(func(c *Config) *string { return &c.Cloudflare.APIURL }, orEmpty(parseAPIURL)),
		},
		{
			name: "Script name", env: []string{"SCRIPT_NAME", "KURATCHI_D1_SCRIPT_NAME"},
			def: "kuratchi-d1", example: "acme-d1",
			help: "What the names of the gateway Workers begin with; lower-case letters, digits and dashes.",
			set:  into(func(c *Config) *string { return &c.Cloudflare.ScriptName }, parseScriptName),
		},
		{
			name: "Gateway key", secret: true, env: []string{"GATEWAY_KEY", "KURATCHI_GATEWAY_KEY"},
			help: "Key the gateway Workers ask for and database tokens are signed with; one word of printable ASCII, at least 16 characters.",
			set:  into(func(c *Config) *Secret { return &c.Cloudflare.GatewayKey }, orEmpty(parseToken)),
		},
		{
			name: "Admin database", env: []string{"KURATCHI_ADMIN_DB_NAME", "KURATCHI_ADMIN_DB"},
			def: "kuratchi-admin", example: "acme-admin",
			help: "Name of the dashboard's own database on D1; up to 64 letters, digits, dashes and underscores.",
			set:  into(func(c *Config) *string { return &c.Admin.Name }, parseDatabaseName),
		},
		{
			name: "Admin database token", secret: true, env: []string{"KURATCHI_ADMIN_DB_TOKEN"},
			help: "Token of that database, name.random.expiry.signature.",
			set:  into(func(c *Config) *Secret { return &c.Admin.Token }, orEmpty(parseDatabaseToken)),
		},
	}
}

func proxiesOf(c *Config) *[]netip.Prefix { return &c.TrustedProxies }
func levelOf(c *Config) *slog.Level       { return &c.LogLevel }
func timeoutOf(c *Config) *time.Duration  { return &c.SQLTimeout }
func graceOf(c *Config) *time.Duration    { return &c.ShutdownGrace }
