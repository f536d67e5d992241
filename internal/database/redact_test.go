package database_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/database"
)

func contains(s, sub string) bool { return strings.Contains(s, sub) }

func TestSecretsAreNeverPrinted(t *testing.T) {
	in := newInstance(t, newProvider(t))
	token := in.NewToken("acme")
	env := database.Environment{APIToken: "cloudflare-api-token", GatewayKey: key, AdminToken: token, AccountID: "account"}
	for name, v := range map[string]any{
		"Options":          database.Options{GatewayKey: key},
		"*Options":         &database.Options{GatewayKey: key},
		"*Instance":        in,
		"Instance":         *in,
		"Created":          database.Created{Token: token},
		"ClientInput":      database.ClientInput{Token: token},
		"ConnectInput":     database.ConnectInput{Token: token},
		"HTTPClientInput":  database.HTTPClientInput{Token: token},
		"Environment":      env,
		"*Environment":     &env,
		"Connection":       &database.Connection{Instance: in},
		"within a struct":  struct{ In, Out any }{in, env},
		"within a map":     map[string]any{"x": database.Options{GatewayKey: key}},
		"within a slice":   []database.Created{{Token: token}},
		"an unexported in": struct{ in *database.Instance }{in},
		"a copy therein":   struct{ in database.Instance }{*in},
	} {
		t.Run(name, func(t *testing.T) {
			var text, js bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("x", "v", v)
			slog.New(slog.NewJSONHandler(&js, nil)).Info("x", "v", v)
			outputs := []string{text.String(), js.String()}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
				outputs = append(outputs, fmt.Sprintf(verb, v))
			}
			if b, err := json.Marshal(v); err == nil {
				outputs = append(outputs, string(b))
			}
			if s, ok := v.(interface {
				fmt.Stringer
				fmt.GoStringer
			}); ok {
				outputs = append(outputs, s.String(), s.GoString())
				if !contains(s.String(), "[redacted]") {
					t.Errorf("%s doesn't say that there is a secret", s)
				}
			}
			for _, out := range outputs {
				for _, secret := range []string{key, token, env.APIToken} {
					if contains(out, secret) || contains(strings.ToLower(out), fmt.Sprintf("%x", secret)) {
						t.Errorf("a secret was printed: %s", out)
					}
				}
			}
		})
	}
	if s := (database.Options{}).String(); contains(s, "[redacted]") {
		t.Errorf("no secret prints as one: %s", s)
	}
}
