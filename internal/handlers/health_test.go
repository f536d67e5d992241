package handlers_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/account"
	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/handlers"
)

func TestReadyMeansThatTheAuditLogCanBeRead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.browser().get("/readyz").is(http.StatusOK, "ready")
	s.exec(s.control, "drop table audit")
	s.notReady()
	s.browser().get("/healthz").is(http.StatusOK, "ok")

	damaged := damagedAudit(t)
	newSiteAt(t, "http://127.0.0.1:1/", account.Credentials{}, func(o *handlers.Options) { o.Operators = damaged }).notReady()
}

func (s *site) notReady() {
	s.t.Helper()
	a := s.browser().get("/readyz").is(http.StatusServiceUnavailable)
	if a.body != "the audit log can't be read\n" {
		s.t.Errorf("it isn't ready: %q", a.body)
	}
}

// damagedAudit is a control plane in whose file the first page of the audit log is
// overwritten; all others are as they were.
func damagedAudit(t *testing.T) *controlplane.Store {
	t.Helper()
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "control.db")
	conn, store := openControl(ctx, t, file)
	must(t, store.Record(ctx, audit.Entry{ID: "1", At: time.Now(), Actor: "somebody", Action: audit.FleetCheck, Outcome: audit.Done}))
	pages, err := conn.Query(ctx, d1.Query("select rootpage from sqlite_master where name = 'audit'"))
	must(t, err)
	root := pages.Rows[0][0].Int()
	must(t, conn.Close()) // all of it is in the file now
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt(make([]byte, 4096), (root-1)*4096)
	must(t, err)
	must(t, f.Close())
	conn, store = openControl(ctx, t, file)
	t.Cleanup(func() { _ = conn.Close() })
	return store
}

func openControl(ctx context.Context, t *testing.T, file string) (d1.Conn, *controlplane.Store) {
	t.Helper()
	conn, err := local.OpenFile(file)
	must(t, err)
	store, err := controlplane.Open(ctx, conn, time.Now)
	must(t, err)
	return conn, store
}
