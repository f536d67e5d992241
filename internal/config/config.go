package config

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"
)

// Config is every setting, checked.
type Config struct {
	// DataDir is the folder of the dashboard's databases, cleaned; it may not exist yet.
	DataDir string
	// Demo asks for a data folder that holds the demo.
	Demo bool
	// Listen is the address to serve on, host:port. Port 0 takes a free one.
	Listen      string
	Environment Environment
	// PublicURL is the origin people open, scheme://host[:port], or "".
	PublicURL string
	// TrustedProxies are the peers whose X-Forwarded-For header counts. Empty: nobody's do.
	TrustedProxies []netip.Prefix
	// InsecureCookie leaves Secure off the session cookie; ask [Config.SecureCookie] instead.
	InsecureCookie bool
	LogLevel       slog.Level
	LogFormat      LogFormat
	// SQLRowCap is the most rows one statement of the console shows.
	SQLRowCap int
	// SQLTimeout is the longest one reading statement of the console runs, and all
	// statements of a writing run together.
	SQLTimeout time.Duration
	// OpenDatabases is the most databases that are kept open at once.
	OpenDatabases int
	// StatementMemory is what statements that read a database may take, in MB.
	StatementMemory int
	// ShutdownGrace is how long requests under way may go on after a stop signal.
	ShutdownGrace time.Duration
	// SecretKey are the keys of the vault, "" for those in the data folder.
	SecretKey  Secret
	Cloudflare Cloudflare
	Admin      AdminDatabase
}

// Environment tells operators which installation they are looking at.
type Environment struct {
	Name  string
	Color Color
}

// Color is a colour the layout has for an environment.
type Color string

// The colours of environments.
const (
	Red    Color = "red"
	Amber  Color = "amber"
	Green  Color = "green"
	Blue   Color = "blue"
	Purple Color = "purple"
	Gray   Color = "gray"
)

// LogFormat is how log lines are written.
type LogFormat string

// The log formats.
const (
	Text LogFormat = "text"
	JSON LogFormat = "json"
)

// Cloudflare is the account that would hold the databases. It is recognised
// and checked; the embedded engine does not use it.
type Cloudflare struct {
	// WorkersSubdomain is the whole suffix of a Worker's host, such as acme.workers.dev.
	WorkersSubdomain string
	AccountID        string
	APIToken         Secret
	// APIReadToken may only read; with it, everything that reads is sent.
	APIReadToken Secret
	// APIURL is where the API is reached, "" for Cloudflare's own.
	APIURL string
	// ScriptName is what the names of the gateway Workers begin with.
	ScriptName string
	GatewayKey Secret
}

// AdminDatabase names the dashboard's own database on Cloudflare. Like
// [Cloudflare] it is not used by the embedded engine.
type AdminDatabase struct {
	Name  string
	Token Secret
}

// SecureCookie reports whether the session cookie is marked Secure. It is,
// unless InsecureCookie is set, or the public URL is http, or there is no
// public URL and the server listens on loopback only.
func (c Config) SecureCookie() bool {
	switch {
	case c.InsecureCookie:
		return false
	case c.PublicURL != "":
		return strings.HasPrefix(c.PublicURL, "https://")
	}
	return !isLoopback(hostOf(c.Listen))
}

// hostOf returns the host of an address whose port may be missing.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return strings.Trim(address, "[]")
}

// isLoopback reports whether host, a name or an address, is this machine.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// colorOf is the colour of an environment that has none set.
func colorOf(environment string) Color {
	switch strings.ToLower(environment) {
	case "production", "prod", "live":
		return Red
	case "staging", "stage":
		return Amber
	case "test", "qa":
		return Blue
	case "preview":
		return Purple
	}
	return Gray
}
