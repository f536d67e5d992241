package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/vault"
)

func TestTheKeyIsReplaced(t *testing.T) {
	dir := t.TempDir()
	_, _, stop := serving(t, dir)
	if code, _, errs := command(t, "", "--data", dir, "rotate-key"); code != exitFailed || !strings.Contains(errs, "in use by process") {
		t.Errorf("while it serves: %d %s", code, errs)
	}
	stop()
	path := filepath.Join(dir, "secret.key")
	old, err := vault.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	place := vault.Place{Table: "cloudflare", Column: "token", Row: "account"}
	control(t, dir, "insert into cloudflare (id, account_id, token, updated_at, updated_by) values ('account', 'a', '"+
		old.Seal(place, "secret")+"', 0, 'x')")
	code, out, errs := command(t, "", "--data", dir, "rotate-key")
	if code != exitOK || !strings.Contains(out, "Sealed anew: 1") || !strings.Contains(out, "The old key is gone") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	sealed := control(t, dir, "select token from cloudflare")
	if _, err := old.Open(place, sealed); err == nil {
		t.Error("the old key still opens it")
	}
	now, err := vault.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := now.Open(place, sealed); err != nil || got != "secret" {
		t.Errorf("%q %v", got, err)
	}
	if n := control(t, dir, "select count(*) from audit where action = 'secrets.rotate' and actor = 'system:rotate-key'"); n != "1" {
		t.Errorf("%s entries", n)
	}

	// With keys of the environment the file is left alone.
	b, _ := os.ReadFile(path)
	first := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	lookup := func(name string) (string, bool) {
		if name == "KURATCHI_SECRET_KEY" {
			return first + "," + strings.TrimSpace(string(b)), true
		}
		return "", false
	}
	var said, errs2 buffer
	code = run(t.Context(), []string{"--data", dir, "rotate-key"}, process{lookup, strings.NewReader(""), &said, &errs2})
	if out, errs := said.String(), errs2.String(); code != exitOK || !strings.Contains(out, "Sealed anew: 1") ||
		!strings.Contains(out, "first key of KURATCHI_SECRET_KEY") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if after, _ := os.ReadFile(path); string(after) != string(b) {
		t.Error("the key file was changed")
	}
	if _, err := now.Open(place, control(t, dir, "select token from cloudflare")); err == nil {
		t.Error("it is not sealed with the environment's key")
	}
}
