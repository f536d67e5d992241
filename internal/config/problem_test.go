package config_test

import (
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/config"
)

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	bad := env{
		"KURATCHI_DATA": "a\x00b", "KURATCHI_DEMO": "perhaps", "KURATCHI_LISTEN": "8080", "KURATCHI_ENVIRONMENT": "<prod>",
		"KURATCHI_ENVIRONMENT_COLOR": "pink", "KURATCHI_PUBLIC_URL": "https://panel.example.com/app",
		"KURATCHI_TRUSTED_PROXIES": "10.0.0.1", "KURATCHI_INSECURE_COOKIE": "maybe",
		"KURATCHI_LOG_LEVEL": "loud", "KURATCHI_LOG_FORMAT": "xml", "KURATCHI_SQL_ROW_CAP": "0",
		"KURATCHI_SQL_TIMEOUT": "31s", "KURATCHI_OPEN_DATABASES": "many", "KURATCHI_SHUTDOWN_GRACE": "10",
		"CLOUDFLARE_WORKERS_SUBDOMAIN": "https://acme.workers.dev", "CLOUDFLARE_ACCOUNT_ID": "acme",
		"CLOUDFLARE_API_TOKEN": "two words and more", "KURATCHI_D1_SCRIPT_NAME": "Acme_D1",
		"KURATCHI_GATEWAY_KEY": "short", "KURATCHI_ADMIN_DB": "a.b", "KURATCHI_ADMIN_DB_TOKEN": "a.b.c",
	}
	problems := problemsOf(t, bad, "--bogus=hunter2", "---", "--log-level", "shout", "--data")
	reported := map[string]string{}
	for _, p := range problems {
		reported[p.Setting] = p.String()
	}
	for name, value := range bad {
		if name == "KURATCHI_LOG_LEVEL" { // the flag wins, so the variable is not looked at
			name, value = "--log-level", "shout"
		}
		secret := strings.HasSuffix(name, "TOKEN") || strings.HasSuffix(name, "KEY")
		switch line := reported[name]; {
		case line == "":
			t.Errorf("%s is not reported", name)
		case !strings.Contains(line, "want "):
			t.Errorf("%s does not say what is wanted: %s", name, line)
		case secret && strings.Contains(line, value):
			t.Errorf("%s gives the secret away: %s", name, line)
		case !secret && name != "KURATCHI_DATA" && !strings.Contains(line, value):
			t.Errorf("%s does not name %q: %s", name, value, line)
		}
		delete(reported, name)
	}
	for _, name := range []string{"--bogus", "---", "--data"} {
		if reported[name] == "" {
			t.Errorf("%s is not reported", name)
		}
		delete(reported, name)
	}
	if len(reported) > 0 {
		t.Errorf("reported besides: %v", reported)
	}
}

func TestTheErrorReadsLikeAList(t *testing.T) {
	t.Parallel()
	_, _, err := load(env{"KURATCHI_SQL_ROW_CAP": "0", "CF_API_TOKEN": "short"}, "--token=hunter2", "--listen", "8080")
	want := `4 settings can't be used:
  --token: no flag of this program; --help lists them
  --listen "8080": not an address to listen on; want host:port with a port up to 65535, such as 127.0.0.1:8080
  KURATCHI_SQL_ROW_CAP "0": out of range; want a whole number from 1 to 10000
  CF_API_TOKEN: not a token; want one word of 16 to 512 printable ASCII characters`
	if err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	_, _, err = load(env{"KURATCHI_SQL_ROW_CAP": "0"})
	if err == nil || !strings.HasPrefix(err.Error(), "1 setting can't") {
		t.Errorf("error %v", err)
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"KURATCHI_LISTEN":      {"localhost", ":65536", ":http", "[::1:80", "a b:80", "999.1.1.1:80", "-x:80", "127.0.0.1:-1", "a:1:2"},
		"KURATCHI_ENVIRONMENT": {strings.Repeat("x", 33), "-x", "a\tb"},
		"KURATCHI_PUBLIC_URL": {"panel.example.com", "ftp://a.b", "https://", "https://a.b/c", "https://a.b?x",
			"https://a.b#x", "https://a.b:", "https://a.b:0", "https://a.b:99999", "https:a.b", "https://a b",
			"http://panel.example.com", "http://192.0.2.1:8080"},
		"KURATCHI_TRUSTED_PROXIES":  {"0.0.0.0/0", "::/0", "10.0.0.0/8,", "proxy.lan", "10.0.0.0/33"},
		"KURATCHI_SQL_ROW_CAP":      {"10001", "-1", "1e3", "1.0"},
		"KURATCHI_SQL_TIMEOUT":      {"999ms", "30", "1m"},
		"KURATCHI_OPEN_DATABASES":   {"0", "4097"},
		"KURATCHI_STATEMENT_MEMORY": {"15", "4097", "64MB"},
		"KURATCHI_SHUTDOWN_GRACE":   {"-1s", "5m1s"},
		"KURATCHI_LOG_LEVEL":        {"info+2", "trace"},
		"CF_WORKERS_SUBDOMAIN":      {"acme", "acme.workers.dev/x", "acme..dev", "-acme.dev", strings.Repeat("a.", 126) + "dev"},
		"CF_ACCOUNT_ID":             {strings.Repeat("g", 32), strings.Repeat("a", 31), strings.Repeat("a", 33)},
		"SCRIPT_NAME":               {"-acme", "acme-", strings.Repeat("a", 64)},
		"KURATCHI_ADMIN_DB_TOKEN":   {"db.ff.12", "db.ff.12.", "db.FF.12.sig", "db.ff.1x.sig"},
	} {
		for _, value := range values {
			p := problemsOf(t, env{name: value})
			if len(p) != 1 || p[0].Setting != name {
				t.Errorf("%s=%q: %v", name, value, p)
			}
		}
	}
}

func TestSettingsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	p := problemsOf(t, env{"KURATCHI_INSECURE_COOKIE": "1"}, "--public-url", "https://panel.example.com")
	if len(p) != 1 || p[0].Setting != "KURATCHI_INSECURE_COOKIE" || p[0].Value != "1" {
		t.Errorf("problems %v", p)
	}
	p = problemsOf(t, nil, "--public-url", "http://panel.example.com")
	if len(p) != 1 || p[0].Setting != "--public-url" {
		t.Errorf("problems %v", p)
	}
}

func TestPublicURLIsAnOrigin(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://Panel.Example.com/":     "https://panel.example.com",
		"HTTPS://panel.example.com:443":  "https://panel.example.com",
		"https://panel.example.com:8443": "https://panel.example.com:8443",
		"https://[2001:DB8::1]:8443":     "https://[2001:db8::1]:8443",
		"http://127.0.0.1:80/":           "http://127.0.0.1",
		"http://localhost:8080":          "http://localhost:8080",
	} {
		if got := mustLoad(t, nil, "--public-url", given).PublicURL; got != want {
			t.Errorf("%s is kept as %s, want %s", given, got, want)
		}
	}
}

func TestProblemsHoldNoPasswordOfAURL(t *testing.T) {
	t.Parallel()
	_, _, err := load(env{"KURATCHI_PUBLIC_URL": "https://me:hunter2@panel.example.com"})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "@panel.example.com") {
		t.Errorf("error %v", err)
	}
	p := problemsOf(t, env{"KURATCHI_LOG_FORMAT": strings.Repeat("é", 4000)})
	if n := len([]rune(p[0].Value)); n != 121 {
		t.Errorf("%d characters of the value are repeated", n)
	}
}

func FuzzLoadAnswersEveryArgument(f *testing.F) {
	for _, seed := range []string{"--listen\n:1\n---\n--bogus=1\n-", "--\n-h", "-=x\n--data", "--insecure-cookie=maybe\nx"} {
		f.Add(seed, ":1")
	}
	f.Fuzz(func(t *testing.T, args, value string) {
		e := env{}
		for _, s := range config.Documented() {
			e[s.Env[0]] = value
		}
		_, _, err := load(e, strings.Split(args, "\n")...)
		if err != nil && err.Error() == "" {
			t.Error("an error without text")
		}
	})
}
