package handlers_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/handlers"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/web/templates/layout"
)

// BenchmarkPage compares a page of 100 rows × 10 columns with the least that
// could answer it: the same engine read by a hand-written statement, and the
// same cells written by a hand-written loop, in one process and one run. Goal:
// page/floor ≤ 2.
func BenchmarkPage(b *testing.B) {
	url, cookie, conn := benchServer(b)
	floor := httptest.NewServer(floorHandler(b, conn))
	defer floor.Close()
	ask := func(b *testing.B, url string) {
		for b.Loop() {
			req, _ := http.NewRequest(http.MethodGet, url, nil)
			req.Header.Set("Cookie", cookie)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			n, _ := io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK || n < 10_000 {
				b.Fatalf("%d, %d bytes", res.StatusCode, n)
			}
		}
	}
	b.Run("floor", func(b *testing.B) { ask(b, floor.URL) })
	b.Run("page", func(b *testing.B) { ask(b, url+"/databases/bench/tables/users") })
}

func floorHandler(b *testing.B, conn d1.Conn) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rows, err := conn.Query(r.Context(), d1.Query("select c0,c1,c2,c3,c4,c5,c6,c7,c8,c9 from users order by c0 limit 101"))
		if err != nil {
			b.Error(err)
			return
		}
		var out strings.Builder
		out.WriteString("<table><tbody>")
		for _, row := range rows.Rows[:100] {
			out.WriteString("<tr>")
			for _, v := range row {
				out.WriteString("<td>")
				writeEscaped(&out, v.Text())
				out.WriteString("</td>")
			}
			out.WriteString("</tr>")
		}
		out.WriteString("</tbody></table>")
		_, _ = io.WriteString(w, out.String())
	})
}

func writeEscaped(out *strings.Builder, s string) {
	for i := range len(s) {
		switch s[i] {
		case '<':
			out.WriteString("&lt;")
		case '&':
			out.WriteString("&amp;")
		case '"':
			out.WriteString("&#34;")
		default:
			out.WriteByte(s[i])
		}
	}
}

// benchServer serves one database with 10,000 users.
func benchServer(b *testing.B) (url, cookie string, conn d1.Conn) {
	dir, now := b.TempDir(), func() time.Time { return time.Now().UTC() }
	control, err := local.OpenFile(dir + "/control.db")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = control.Close() })
	store, err := controlplane.Open(b.Context(), control, now)
	if err != nil {
		b.Fatal(err)
	}
	engine, err := local.Open(dir+"/databases", local.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	log := slog.New(slog.DiscardHandler)
	f := fleet.New(store, engine, log, now)
	b.Cleanup(f.Close)
	o := auth.Operator{ID: id.New[id.Operator](), Email: "bench@acme.test", Role: auth.RoleOwner, CreatedAt: now()}
	plain, hash := auth.NewToken("")
	if err := store.SetupToken(b.Context(), hash, now().Add(time.Hour)); err != nil {
		b.Fatal(err)
	}
	if err := store.Claim(b.Context(), hash, o, "none"); err != nil {
		b.Fatal(err)
	}
	if err := store.CreateSession(b.Context(), auth.Session{Hash: auth.HashToken(plain), Operator: o.ID, CreatedAt: now(), LastSeen: now()}); err != nil {
		b.Fatal(err)
	}
	if _, err := f.Provision(b.Context(), auth.SystemActor("bench"), fleet.ProvisionInput{OrgName: "Bench", Name: "bench", Request: "1"}); err != nil {
		b.Fatal(err)
	}
	for d := (fleet.Database{}); d.State != fleet.Ready; time.Sleep(time.Millisecond) {
		d, _ = f.Database(b.Context(), "bench")
	}
	_, conn, err = f.Open(b.Context(), "bench")
	if err != nil {
		b.Fatal(err)
	}
	statements := []d1.Stmt{
		d1.Exec("create table users(c0 integer primary key, c1 text, c2 text, c3 integer, c4 text, c5 text, c6 real, c7 text, c8 integer, c9 text)"),
		d1.Exec("insert into users with recursive n(i) as (select 1 union all select i+1 from n where i < 10000) select i, 'user'||i||'@acme.test', 'First Last '||i, i % 7, 'member', null, i / 3.0, '2026-11-23 02:00:00', i * 31, 'a note of some length about this user' from n"),
	}
	if _, err := conn.Batch(b.Context(), statements); err != nil {
		b.Fatal(err)
	}
	hasher, _ := auth.NewHasher(auth.DefaultParams())
	server := httptest.NewServer(handlers.New(handlers.Options{
		Fleet: f, Operators: store, Hasher: hasher, Throttle: auth.NewThrottle(now), Log: log, Now: now,
		Sessions: auth.NewStore(store, auth.StoreOptions{Insecure: true, Now: now}), Env: layout.Env{Name: "bench", Color: "gray"},
		SQLRowCap: 1000, SQLTimeout: 30 * time.Second,
	}).Handler())
	b.Cleanup(server.Close)
	return server.URL, fmt.Sprintf("%s=%s", auth.InsecureCookieName, plain), conn
}
