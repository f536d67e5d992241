package demo

import (
	"encoding/base64"
	"fmt"
	"time"
)

// accounts makes up the users and what belongs to them alone.
func (g *filler) accounts() {
	g.makeUsers()
	g.roles()
	g.sessions()
	g.tokens()
	g.activity()
	if g.spec.version >= 2 {
		g.keysAndNotices()
	}
}

func (g *filler) makeUsers() {
	t := g.w.into("users", `id name firstName lastName phone email emailVerified image status role password_hash accessAttempts tenantId
		organization invite_token invite_expires_at invited_by updated_at created_at deleted_at
		mfaEnabled@2 lastLoginAt@2 locale@2 timezone@3`)
	var owner any // who invited the others
	for i := range g.spec.users {
		p := g.people(i)
		// More and more of them come.
		at := g.start.Add(time.Duration(float64(g.now.Sub(g.start)) * curve(i, g.spec.users))).Truncate(time.Millisecond)
		u := user{id: g.id("usr", at), name: p.first + " " + p.last, email: p.email, since: at, seen: g.lately(at)}
		m := member{user: u, person: p, number: i}
		if i > 0 && g.chance(3) {
			m.inviter = owner
		}
		g.userRow(t, m)
		if i == 0 {
			owner = u.id
		}
		if len(g.users) < mostUsers && m.inviter == nil {
			g.users = append(g.users, u)
		}
		g.made(i + 1)
	}
}

// curve is how far into its time a thing is when the i-th of n comes.
func curve(i, n int) float64 {
	x := float64(i) / float64(n)
	return x * (1.6 - 0.6*x)
}

// member is a user with what its row says of it.
type member struct {
	user
	person
	number int // from 0, in the order they came
	// inviter is the id of who invited them, nil for one who isn't invited only.
	inviter any
}

func (g *filler) userRow(t *table, u member) {
	role, hash := g.roleOf(u.number)
	var first, last, shown any = u.first, u.last, u.name
	var token, expires any
	verified, seen := any(g.after(u.since, 48*time.Hour)), g.often(72, u.seen)
	switch {
	case u.inviter != nil: // nobody knows their name yet
		first, last, shown = nil, nil, nil
		verified, seen, hash = nil, nil, nil
		token, expires = g.hex(32), u.since.Add(7*24*time.Hour)
	case g.chance(2):
		shown, verified = "", nil
	case g.chance(4):
		first, last = nil, nil
	}
	updated, created, deleted := g.stamps(u.since, 40)
	t.row(u.id, shown, first, last, g.phone(), u.user.email, verified, g.often(30, "https://img.example/avatars/"+u.id[4:]+".jpg"),
		!g.chance(6), role, hash, pick(g, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 5), nil,
		g.often(90, g.spec.org), token, expires, u.inviter, updated, created, deleted,
		g.chance(18), seen, pick(g, "en", "en", "en", "en-GB", "de", "fr", "es", "pl", "sv", "ja"), g.often(60, pick(g, zones...)))
}

// roleOf makes the first user the owner. Members sign in by links in e-mails,
// so they have no password.
func (g *filler) roleOf(i int) (role string, hash any) {
	switch {
	case i == 0:
		role = "owner"
	case i < 4 || g.chance(4):
		role = "editor"
	default:
		return "member", nil
	}
	salt, sum := []byte(g.hex(16)), []byte(g.hex(32))
	return role, "$argon2id$v=19$m=19456,t=2,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" +
		base64.RawStdEncoding.EncodeToString(sum)
}

var zones = []string{
	"Europe/Berlin", "Europe/London", "Europe/Paris", "Europe/Warsaw", "America/New_York", "America/Chicago", "America/Sao_Paulo",
	"Asia/Tokyo", "Asia/Kolkata", "Africa/Lagos", "Australia/Sydney", "UTC",
}

func (g *filler) phone() any {
	n := g.IntN(10_000)
	switch g.IntN(10) {
	case 0, 1:
		return fmt.Sprintf("+1 (%d) 555-%04d", 201+g.IntN(700), n)
	case 2:
		return fmt.Sprintf("+49 %d 555%04d", 30+g.IntN(60), n)
	case 3:
		return fmt.Sprintf("+44 20 7946 %04d", n)
	case 4:
		return pick(g, "", fmt.Sprintf("0%d-555 %04d", 100+g.IntN(800), n))
	}
	return nil
}

func (g *filler) roles() {
	t := g.w.into("roles", "id name description permissions updated_at created_at deleted_at")
	for _, r := range []struct {
		name        string
		description any
		permissions []string
	}{
		{"owner", "May do everything, and hand the organization over.", []string{"*"}},
		{"editor", "Writes pages, forms and mailings.", []string{"sites.write", "forms.write", "mail.send", "leads.read"}},
		{"member", "Reads.", []string{"sites.read"}},
		{"support", nil, []string{"leads.read", "leads.write", "users.read"}},
		{"billing", "", []string{}},
	} {
		updated, created, deleted := g.stamps(g.start, fixed)
		t.row(g.id("rol", g.start), r.name, r.description, object(r.permissions), updated, created, deleted)
	}
}

func (g *filler) sessions() {
	t := g.w.into("session", "sessionToken userId expires updated_at created_at deleted_at")
	oauth := g.w.into("oauthAccounts", `id userId provider providerAccountId access_token refresh_token id_token expires_at scope token_type
		updated_at created_at deleted_at`)
	for _, u := range g.users {
		if !g.chance(20) {
			continue
		}
		updated, created, deleted := g.stamps(u.seen, fixed)
		t.row(g.hex(64), u.id, u.seen.Add(30*24*time.Hour), updated, created, deleted)
	}
	for i, u := range g.users {
		if !g.chance(15) {
			continue
		}
		updated, created, deleted := g.stamps(u.since, 30)
		oauth.row(g.id("oau", u.since), u.id, pick(g, "google", "google", "github", "microsoft"), fmt.Sprintf("%d%09d", 100_000+i, g.IntN(1e9)),
			g.often(50, "at_"+g.hex(80)), nil, nil, g.often(50, u.seen.Add(time.Hour)), "openid email profile", "Bearer", updated, created, deleted)
	}
}

func (g *filler) tokens() {
	reset := g.w.into("passwordResetTokens", "id token email expires updated_at created_at deleted_at")
	for range g.several(120, 0, 12) {
		u, at := pick(g, g.users...), g.lately(g.now.AddDate(0, 0, -20))
		updated, created, deleted := g.stamps(at, fixed)
		reset.row(g.id("rst", at), g.hex(48), u.email, at.Add(time.Hour), updated, created, deleted)
	}
	magic := g.w.into("magicLinkTokens", "id token email redirectTo consumed_at expires updated_at created_at deleted_at")
	for range g.several(10, 0, 90) {
		u, at := pick(g, g.users...), g.lately(g.now.AddDate(0, 0, -30))
		updated, created, deleted := g.stamps(at, fixed)
		magic.row(g.id("mag", at), g.hex(48), u.email, pick[any](g, nil, "/", "/account", "/orders?from=mail"),
			g.often(80, at.Add(time.Duration(g.IntN(600))*time.Second)), at.Add(15*time.Minute), updated, created, deleted)
	}
}

func (g *filler) activity() {
	t := g.w.into("activity", "id userId action data status isAdminAction ip userAgent updated_at created_at deleted_at")
	for range g.several(1, 5, 2_000) {
		u := pick(g, g.users...)
		at := g.lately(u.since)
		action := pick(g, "login", "login", "login", "login.failed", "page.publish", "page.edit", "form.create", "lead.assign",
			"settings.change", "export")
		data := map[string]any{}
		switch action {
		case "login.failed":
			data["reason"] = pick(g, "wrong password", "link expired", "unknown address")
		case "settings.change":
			data["changed"] = map[string]any{pick(g, "theme", "locale", "sender"): pick(g, "dark", "de", "hello@"+g.domain)}
		case "export":
			data["rows"], data["format"] = g.IntN(20_000), "csv"
		case "page.edit", "page.publish":
			data["path"] = "/" + pick(g, paths...)
		}
		updated, created, deleted := g.stamps(at, fixed)
		t.row(g.id("act", at), g.often(95, u.id), action, object(data), action != "login.failed", g.chance(5), g.ip(),
			g.often(85, pick(g, browsers...)),
			updated, created, deleted)
	}
}

// ip returns an address from the networks for documentation (RFC 5737, RFC 3849).
func (g *filler) ip() any {
	switch g.IntN(12) {
	case 0:
		return nil
	case 1:
		return fmt.Sprintf("2001:db8:%x::%x", g.IntN(65536), g.IntN(65536))
	}
	return fmt.Sprintf("%s.%d", pick(g, "192.0.2", "198.51.100", "203.0.113"), 1+g.IntN(254))
}

func (g *filler) keysAndNotices() {
	keys := g.w.into("apiKeys", "id userId name prefix keyHash scopes lastUsedAt expires revoked updated_at created_at deleted_at")
	for range g.several(80, 1, 15) {
		u := pick(g, g.users...)
		at := g.between(u.since, g.now)
		updated, created, deleted := g.stamps(at, 20)
		keys.row(g.id("key", at), u.id, pick(g, "CI", "Reporting", "Zapier", "Website", "Import", "test"), "kr_"+g.hex(6), g.hex(64),
			pick[any](g, nil, object([]string{"read"}), object([]string{"read", "write"})), g.often(70, g.between(at, g.now)),
			g.often(50, at.AddDate(1, 0, 0)), g.chance(15), updated, created, deleted)
	}
	t := g.w.into("notifications", "id userId severity title body link data readAt updated_at created_at deleted_at")
	for range g.several(4, 2, 400) {
		u := pick(g, g.users...)
		at := g.lately(u.since)
		n := pick(g, notices...)
		updated, created, deleted := g.stamps(at, fixed)
		t.row(g.id("ntf", at), u.id, n.severity, n.title, pick[any](g, nil, "", n.body, n.body, n.body), pick[any](g, nil, "/"+pick(g, paths...)),
			g.often(40, object(map[string]any{"source": "demo", "attempt": 1 + g.IntN(3)})), g.often(65, g.between(at, g.now)), updated, created,
			deleted)
	}
}
