package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Every error here reads behind `SETTING "value": ` and says what the value is
// not, then what is wanted.

// into makes a setting's set function of the field and its parse function. A
// value that is not accepted leaves the field alone.
func into[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, string) error {
	return func(c *Config, value string) error {
		v, err := parse(value)
		if err == nil {
			*field(c) = v
		}
		return err
	}
}

// orEmpty accepts an empty value, as T's zero value.
func orEmpty[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(value string) (T, error) {
		if value == "" {
			var zero T
			return zero, nil
		}
		return parse(value)
	}
}

// oneOf accepts the choices, in any case.
func oneOf[T ~string](choices ...T) func(string) (T, error) {
	return func(value string) (T, error) {
		names := make([]string, len(choices))
		for i, c := range choices {
			if strings.EqualFold(value, string(c)) {
				return c, nil
			}
			names[i] = string(c)
		}
		last := len(names) - 1
		return "", fmt.Errorf("not one of the choices; want %s or %s", strings.Join(names[:last], ", "), names[last])
	}
}

// matching accepts values the pattern matches as a whole.
func matching(pattern, want string) func(string) (string, error) {
	re := regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	return func(value string) (string, error) {
		if !re.MatchString(value) {
			return "", errors.New(want)
		}
		return value, nil
	}
}

var (
	parseEnvironment = matching(`[A-Za-z0-9][A-Za-z0-9 ._-]{0,31}`,
		"not a name; want up to 32 letters, digits, blanks, dots, dashes and underscores, such as production")
	parseScriptName = matching(`[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?`,
		"not a Worker's name; want up to 63 lower-case letters, digits and inner dashes, such as kuratchi-d1")
	// A dot would make the four fields of a database's token five.
	parseDatabaseName = matching(`[A-Za-z0-9_-]{1,64}`,
		"not a database's name; want up to 64 letters, digits, dashes and underscores, such as kuratchi-admin")
	hexAccount = matching(`[0-9a-fA-F]{32}`, "not an account id; want 32 hexadecimal digits")
	hostLabels = matching(`[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*`, "not a host name")
	tokenWord  = matching(`[!-~]{16,512}`, "not a token; want one word of 16 to 512 printable ASCII characters")
	keyWords   = matching(`[A-Za-z0-9+/_-]{43}=?(?: *, *[A-Za-z0-9+/_-]{43}=?)*`,
		"not keys; want 32 bytes in base64, several with commas between them; openssl rand -base64 32 makes one")
	tokenOfDB = matching(`[A-Za-z0-9_-]{1,64}\.[0-9a-f]+\.[0-9]+\.[A-Za-z0-9_-]+`,
		"not a database token; want four fields with dots between them, name.random.expiry.signature")
)

func parseAccountID(value string) (string, error) {
	id, err := hexAccount(value)
	return strings.ToLower(id), err
}

func parseToken(value string) (Secret, error) {
	word, err := tokenWord(value)
	return NewSecret(word), err
}

func parseKeys(value string) (Secret, error) {
	keys, err := keyWords(value)
	return NewSecret(keys), err
}

// parseAPIURL wants https, since the token goes there; plain http only on this
// machine.
func parseAPIURL(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" || !isHost(u.Hostname()) ||
		u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return "", errors.New("not an address of an API; want https, or http on this machine, such as https://api-proxy.example.com/client/v4/")
	}
	return strings.TrimRight(value, "/") + "/", nil
}

func parseDatabaseToken(value string) (Secret, error) {
	token, err := tokenOfDB(value)
	return NewSecret(token), err
}

// parseSubdomain wants the whole suffix: a Worker's host is its name, a dot and
// this.
func parseSubdomain(value string) (string, error) {
	name := strings.ToLower(value)
	if !isHostName(name) || !strings.Contains(name, ".") {
		return "", errors.New("not a DNS name in full; want such as acme.workers.dev, without https:// or a path")
	}
	return name, nil
}

// isHostName reports whether name, in lower case, is made of DNS labels and is
// not a misspelt IP address, whose last label would be a number.
func isHostName(name string) bool {
	_, err := hostLabels(name)
	_, numeric := strconv.Atoi(name[strings.LastIndexByte(name, '.')+1:])
	return err == nil && numeric != nil && len(name) <= 253
}

func parseFolder(value string) (string, error) {
	if value == "" || strings.ContainsRune(value, 0) {
		return "", errors.New("not a folder; want a path such as ./data")
	}
	return filepath.Clean(value), nil
}

// parseListen accepts an IP address, a host name or nothing, then a port.
func parseListen(value string) (string, error) {
	bad := errors.New("not an address to listen on; want host:port with a port up to 65535, such as 127.0.0.1:8080")
	host, port, err := net.SplitHostPort(value)
	if err != nil || !isHost(host) && host != "" || !isPort(port) {
		return "", bad
	}
	return net.JoinHostPort(host, port), nil
}

// isHost reports whether host is an IP address or a DNS name.
func isHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return isHostName(strings.ToLower(host))
}

func isPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

// parseOrigin accepts scheme://host[:port] and returns it in lower case and
// without a closing slash, which is how a browser sends it as Origin.
func parseOrigin(value string) (string, error) {
	bad := errors.New("not a public URL; want scheme and host alone, such as https://panel.example.com")
	u, err := url.Parse(value)
	if err != nil || u.User != nil || strings.ContainsAny(value, "?#") || u.Opaque != "" {
		return "", bad
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Path != "" && u.Path != "/" {
		return "", bad
	}
	host, port := strings.ToLower(u.Host), u.Port()
	if !isHost(u.Hostname()) || strings.HasSuffix(host, ":") || port != "" && (!isPort(port) || port == "0") {
		return "", bad
	}
	return u.Scheme + "://" + withoutDefaultPort(u.Scheme, host), nil
}

// withoutDefaultPort drops the port no browser sends.
func withoutDefaultPort(scheme, host string) string {
	if scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// parsePrefixes accepts networks in CIDR notation and drops their host bits.
// A network of everybody is refused: it would let every client write its own
// address into the audit log.
func parsePrefixes(value string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, part := range strings.Split(value, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return nil, errors.New("not a list of networks; want CIDR notation with commas between, such as 10.0.0.0/8,192.0.2.7/32")
		}
		if p.Bits() == 0 {
			return nil, errors.New("everybody's network; want the addresses of your own proxies, such as 10.0.0.0/8")
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func parseBool(value string) (bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return false, errors.New("neither true nor false; want one of the two")
	}
	return b, nil
}

func parseLevel(value string) (slog.Level, error) {
	name, err := oneOf("debug", "info", "warn", "error")(value)
	if err != nil {
		return 0, err
	}
	var level slog.Level
	return level, level.UnmarshalText([]byte(name))
}

func intBetween(least, most int) func(string) (int, error) {
	return func(value string) (int, error) {
		n, err := strconv.Atoi(value)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("out of range; want a whole number from %d to %d", least, most)
		}
		return n, nil
	}
}

// durationBetween takes its bounds as text so that the message reads like the
// documentation.
func durationBetween(least, most string) func(string) (time.Duration, error) {
	lo, errLo := time.ParseDuration(least)
	hi, errHi := time.ParseDuration(most)
	if err := errors.Join(errLo, errHi); err != nil {
		panic(err) // a bound in the table of settings is misspelt
	}
	return func(value string) (time.Duration, error) {
		d, err := time.ParseDuration(value)
		if err != nil || d < lo || d > hi {
			return 0, fmt.Errorf("out of range; want a duration from %s to %s, such as 10s", least, most)
		}
		return d, nil
	}
}
