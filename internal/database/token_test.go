package database_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/database"
	"github.com/kuratchi/dashboard/internal/fault"
)

// golden was signed by two other implementations, which agree:
//
//	printf %s "$body" | openssl dgst -sha256 -hmac "$key" -binary | basenc --base64url | tr -d =
//	crypto.createHmac("sha256", key).update(body).digest("base64url")   // node
const golden = "acme-org-001.00112233445566778899aabbccddeeff.1795399200000.fORFIlPOmp0eX3Zg6w0tKEOdcdWVW6N_3UQ3yhOprP8"

func TestTokensOfOtherImplementationsAreRead(t *testing.T) {
	if err := database.VerifyToken(key, "acme-org-001", golden, now); err != nil {
		t.Error(err)
	}
}

func TestSignedTokensAreRead(t *testing.T) {
	token := database.SignToken(key, "acme-org-001", now.Add(time.Second))
	if !regexp.MustCompile(`^acme-org-001\.[0-9a-f]{32}\.1795399201000\.[A-Za-z0-9_-]{43}$`).MatchString(token) {
		t.Errorf("the token is %s", token)
	}
	if err := database.VerifyToken(key, "acme-org-001", token, now); err != nil {
		t.Error(err)
	}
	if token == database.SignToken(key, "acme-org-001", now.Add(time.Second)) {
		t.Error("two tokens are the same")
	}
}

func TestWrongTokensAreRefusedWithTheirReason(t *testing.T) {
	unsigned := golden[:strings.LastIndexByte(golden, '.')+1]
	ms := time.Millisecond
	for name, c := range map[string]struct {
		key, database, token string
		at                   time.Time
		want                 database.Reason
	}{
		"empty":                   {key, "acme-org-001", "", now, database.Malformed},
		"three parts":             {key, "acme-org-001", "acme-org-001.00.1", now, database.Malformed},
		"five parts":              {key, "acme-org-001", golden + ".x", now, database.Malformed},
		"no signature":            {key, "acme-org-001", unsigned, now, database.Malformed},
		"a name with a dot":       {key, "a.b", database.SignToken(key, "a.b", now), now, database.Malformed},
		"another database":        {key, "acme-org-002", golden, now, database.DatabaseMismatch},
		"another case":            {key, "ACME-org-001", golden, now, database.DatabaseMismatch},
		"a millisecond late":      {key, "acme-org-001", golden, now.Add(ms), database.Expired},
		"no number as its end":    {key, "acme-org-001", "acme-org-001.00.Infinity.x", now, database.Expired},
		"another key":             {key + "x", "acme-org-001", golden, now, database.BadSignature},
		"another random part":     {key, "acme-org-001", strings.Replace(golden, "0011", "1100", 1), now, database.BadSignature},
		"a later end":             {key, "acme-org-001", strings.Replace(golden, ".1795", ".2795", 1), now, database.BadSignature},
		"a padded signature":      {key, "acme-org-001", golden + "=", now, database.BadSignature},
		"another spelling of it":  {key, "acme-org-001", golden[:len(golden)-1] + "9", now, database.BadSignature},
		"an empty key, signed so": {"", "acme-org-001", database.SignToken("", "acme-org-001", now), now, database.BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			err := database.VerifyToken(c.key, c.database, c.token, c.at)
			wantKind(t, err, fault.Denied)
			if got := database.ReasonOf(err); got != c.want {
				t.Errorf("the reason is %q, want %q", got, c.want)
			}
			if sig := golden[len(unsigned):]; strings.Contains(err.Error(), sig) || strings.Contains(err.Error(), c.key) && c.key != "" {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
	if r := database.ReasonOf(nil); r != "" {
		t.Errorf("no error has the reason %q", r)
	}
}

func TestTokensLastAYearWhateverTheName(t *testing.T) {
	in := newInstance(t, newProvider(t))
	for _, name := range []string{"acme", "kuratchi-admin", "administration"} {
		token := in.NewToken(name)
		if err := database.VerifyToken(key, name, token, now.Add(database.TokenTTL)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := database.VerifyToken(key, name, token,
			now.Add(database.TokenTTL+time.Millisecond)); database.ReasonOf(err) != database.Expired {
			t.Errorf("%s after a year: %v", name, err)
		}
	}
}

func FuzzVerifyToken(f *testing.F) {
	f.Add(golden)
	f.Add("acme-org-001..-1.")
	f.Fuzz(func(t *testing.T, token string) {
		if err := database.VerifyToken(key, "acme-org-001", token, now); err == nil && token != golden {
			t.Errorf("%q was let through", token)
		}
	})
}
