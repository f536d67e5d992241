package e2e_test

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// The command line changes the control plane of a program that runs, which has read the
// session of the request before.
func TestAPasswordThatIsResetBesideTheProgramEndsSessionsAtOnce(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	c := claimOwner(t, p)
	for range 3 {
		if status, _, body, err := c.do(http.MethodGet, "/", nil); status != http.StatusOK || err != nil {
			t.Fatalf("%d %v\n%.500s", status, err, body)
		}
	}
	cmd := exec.Command(p.cmd.Path, "--data", p.data, "reset-password", ownerEmail)
	cmd.Stdin = strings.NewReader("a password nobody had before\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if status, location, _, err := c.do(http.MethodGet, "/", nil); status != http.StatusSeeOther || !strings.HasPrefix(location, "/login") ||
		err != nil {
		t.Errorf("the next request got %d %s, %v", status, location, err)
	}
	p.stop()
}
