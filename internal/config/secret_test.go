package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/config"
)

const plain = "hunter2-hunter2-hunter2"

// buried is a Secret where fmt calls no methods.
type buried struct{ hidden config.Secret }

func secretConfig(t *testing.T) config.Config {
	t.Helper()
	return mustLoad(t, env{
		"CF_API_TOKEN": plain, "GATEWAY_KEY": plain,
		"KURATCHI_ADMIN_DB_TOKEN": "kuratchi-admin.00ff.1." + plain,
	})
}

func TestSecretsArePrintedNowhere(t *testing.T) {
	t.Parallel()
	c, s := secretConfig(t), config.NewSecret(plain)
	values := map[string]any{
		"secret": s, "pointer": &s, "slice": []config.Secret{s}, "map": map[string]config.Secret{"k": s},
		"config": c, "config pointer": &c, "buried": buried{s}, "buried deeper": []any{&buried{s}},
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10s", "%p"} {
			checkHidden(t, name+" as "+verb, fmt.Sprintf(verb, v))
		}
		checkHidden(t, name+" in an error", fmt.Errorf("cause: %v", v).Error())
		checkHidden(t, name+" printed", fmt.Sprintln(v))
		checkHidden(t, name+" logged", logged(v))
		if out, err := json.Marshal(v); err == nil {
			checkHidden(t, name+" as JSON", string(out))
		}
	}
	out, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"config"`
		Token   config.Secret
	}{Token: s})
	if err != nil {
		t.Fatal(err)
	}
	checkHidden(t, "XML", string(out))
}

// logged is v as both handlers of slog write it.
func logged(v any) string {
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("config", "value", v, slog.Group("group", "value", v))
	}
	return out.String()
}

// checkHidden looks for the secret as it is and in hexadecimal.
func checkHidden(t *testing.T, what, printed string) {
	t.Helper()
	lower := strings.ToLower(printed)
	if strings.Contains(lower, "hunter2") || strings.Contains(lower, fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("%s gives the secret away: %s", what, printed)
	}
}

func TestASecretSaysWhetherItIsSet(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{plain: "[redacted]", "": ""} {
		s := config.NewSecret(value)
		if s.Reveal() != value || s.IsZero() != (value == "") {
			t.Errorf("%q reveals %q, zero %v", value, s.Reveal(), s.IsZero())
		}
		text, err := s.MarshalText()
		encoded, err2 := json.Marshal(s)
		if err != nil || err2 != nil || string(encoded) != `"`+want+`"` {
			t.Errorf("JSON %s, errors %v %v", encoded, err, err2)
		}
		for _, got := range []string{s.String(), s.GoString(), fmt.Sprintf("%q", s), fmt.Sprintf("%#v", s), string(text), s.LogValue().String()} {
			if got != want {
				t.Errorf("prints %q, want %q", got, want)
			}
		}
	}
}

func TestSecretsAreComparedByValue(t *testing.T) {
	t.Parallel()
	a, b := config.NewSecret(plain), config.NewSecret(strings.Clone(plain))
	if !a.Equal(b) || a.Equal(config.Secret{}) || !(config.Secret{}).Equal(config.NewSecret("")) {
		t.Error("equal secrets differ, or different ones are equal")
	}
}
