package demo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"
)

// web makes up sites, forms and what visitors sent.
func (g *filler) web() {
	g.makeSites()
	g.domainsAndMembers()
	if g.spec.version >= 2 {
		g.redirects()
	}
	g.makeForms()
	g.leads()
}

func (g *filler) makeSites() {
	t := g.w.into("sites", `id name subdomain description status domain environment theme icon databaseId dbuuid workerName
		r2BucketName r2Binding r2StorageDomain metadata analytics_token updated_at created_at deleted_at visibility@2 lastPublishedAt@3`)
	slug := strings.TrimSuffix(g.domain, ".example")
	slug = strings.TrimRight(slug[:min(20, len(slug))], "-")
	for i, name := range siteNames[:1+g.several(150, 0, len(siteNames)-1)] {
		at := g.between(g.start, g.now)
		worker := fmt.Sprintf("%s-%d", slug, i+1)
		id := g.id("sit", at)
		g.sites = append(g.sites, id)
		environment := "production"
		if i > 0 && g.chance(40) {
			environment = "preview"
		}
		metadata := map[string]any{"generator": pick(g, "static", "worker"), "pages": 3 + g.IntN(120)}
		if g.chance(40) {
			metadata["seo"] = map[string]any{"title": name + " | " + g.spec.org, "noindex": environment == "preview"}
			metadata["tags"] = []string{pick(g, "blue", "green"), "2nd edition", pick(g, "beta", "ga")}
		}
		updated, created, deleted := g.stamps(at, 60)
		t.row(id, name, slug+"-"+hosts[i], pick[any](g, nil, "", g.sentences(1), g.sentences(2)),
			!g.chance(8), g.often(60, pick(g, "www.", "shop.", "")+g.domain), environment, pick(g, "default", "default", "dark", "paper"),
			g.icon(i), nil, g.often(70, g.uuid()), worker, g.often(50, worker+"-files"), g.often(50, "FILES"), nil,
			object(metadata), g.often(30, g.hex(32)), updated, created, deleted,
			pick(g, "public", "public", "public", "unlisted", "private"), g.often(80, g.between(at, g.now)))
	}
}

// icon returns a PNG of a few colours, seldom a large one, or NULL.
func (g *filler) icon(i int) any {
	side, step := 32, 8
	switch {
	case i > 0 && g.chance(40):
		return nil
	case i == 0 && g.spec.index%10 == 1: // a photo
		side, step = 256, 1
	}
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	tint := g.Uint32()
	for y := 0; y < side; y += step {
		for x := 0; x < side; x += step {
			c := tint ^ g.Uint32()&0x3f3f3f
			for k := range step * step {
				img.SetNRGBA(x+k%step, y+k/step, color.NRGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255}) //nolint:gosec // a byte each
			}
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // into memory
	return b.Bytes()
}

func (g *filler) uuid() string {
	h := g.hex(32)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func (g *filler) domainsAndMembers() {
	domains := g.w.into("siteCustomDomains",
		`id siteId domain domainId verified cnameTarget verificationToken cloudflareStatus cloudflareHostnameId
		sslStatus updated_at created_at deleted_at`)
	for i, site := range g.sites {
		if i > 0 && g.chance(50) {
			continue
		}
		at, verified := g.between(g.start, g.now), g.chance(75)
		status := "pending validation"
		if verified {
			status = "active"
		}
		updated, created, deleted := g.stamps(at, 50)
		domains.row(g.id("dom", at), site, hosts[i]+"."+g.domain, g.often(60, g.hex(32)), verified,
			"edge.platform.example", g.often(50, g.hex(24)), g.often(80, status), nil, status, updated, created, deleted)
	}
	members := g.w.into("userSites", "userId siteId updated_at created_at deleted_at")
	for _, u := range g.users[:min(len(g.users), 200)] {
		if g.chance(60) {
			updated, created, deleted := g.stamps(u.since, fixed)
			members.row(u.id, pick(g, g.sites...), updated, created, deleted)
		}
	}
}

func (g *filler) redirects() {
	t := g.w.into("siteRedirects", "id siteId createdBy fromPath toUrl statusCode enabled hits updated_at created_at deleted_at")
	for i := range g.several(60, 0, 30) {
		at := g.between(g.start, g.now)
		updated, created, deleted := g.stamps(at, 20)
		t.row(g.id("red", at), pick(g, g.sites...), g.often(70, pick(g, g.users...).id),
			fmt.Sprintf("/%s/%d", pick(g, paths...), i+1), "https://www."+g.domain+"/"+pick(g, paths...),
			pick(g, 301, 301, 302, 308), g.chance(90), g.IntN(40_000), updated, created, deleted)
	}
}

func (g *filler) makeForms() {
	t := g.w.into("forms", "id name description fields settings styling status updated_at created_at deleted_at submissionLimit@2")
	bySite := g.w.into("formSites", "id formId siteId overrides status updated_at created_at deleted_at")
	var at []time.Time
	for _, name := range formNames[:1+g.several(200, 0, len(formNames)-1)] {
		at = append(at, g.between(g.start, g.now))
		g.forms = append(g.forms, g.id("frm", at[len(at)-1]))
		fields := []map[string]any{{"name": "name", "type": "text", "required": true}, {"name": "email", "type": "email", "required": true}}
		if g.chance(70) {
			fields = append(fields, map[string]any{"name": "message", "type": "textarea", "rows": 4 + g.IntN(8), "label": "What can we do for you?"})
		}
		settings := map[string]any{"notify": []string{"team@" + g.domain}, "captcha": g.chance(60), "redirect": pick[any](g, nil, "/thanks", "/")}
		updated, created, deleted := g.stamps(at[len(at)-1], 60)
		t.row(g.forms[len(g.forms)-1], name, pick[any](g, nil, "", g.sentences(1)), object(fields), object(settings),
			pick(g, "{}", object(map[string]any{"accent": fmt.Sprintf("#%06x", g.IntN(1<<24)), "radius": g.IntN(12)})), !g.chance(10),
			updated, created, deleted, pick[any](g, nil, nil, 500, 10_000))
	}
	for i, form := range g.forms {
		updated, created, deleted := g.stamps(at[i], fixed)
		bySite.row(g.id("fst", at[i]), form, pick(g, g.sites...), pick(g, "{}", "{}", `{"title":"Write to us"}`), true, updated, created, deleted)
	}
}

func (g *filler) leads() {
	t := g.w.into("leads", `id formId siteId data source ipAddress userAgent status score notes updated_at created_at deleted_at assignedTo@2`)
	for i := range g.several(1, 4, 1_500) {
		at := g.lately(g.start)
		p := g.people(310_000 + i) // nobody who is a user
		data := map[string]any{"name": p.first + " " + p.last, "email": p.email, "message": g.sentences(1 + g.IntN(3))}
		if g.chance(20) {
			data["company"], data["employees"] = pick(g, orgNames...), 1<<g.IntN(12)
		}
		var notes any
		switch {
		case g.chance(2):
			notes = g.paragraphs(6 + g.IntN(25)) // a whole conversation
		case g.chance(40):
			notes = pick(g, "", "Called back.", "Called, nobody there.", "Wants an offer by Friday.", g.sentences(2))
		}
		updated, created, deleted := g.stamps(at, 50)
		t.row(g.id("led", at), pick(g, g.forms...), g.often(85, pick(g, g.sites...)), object(data),
			g.often(70, pick(g, "search", "newsletter", "fair", "recommendation", "advert")),
			g.ip(), g.often(85, pick(g, browsers...)), pick(g, "new", "new", "contacted", "contacted", "qualified", "converted", "archived"),
			g.often(60, float64(g.IntN(1000))/10), notes, updated, created, deleted, g.often(45, pick(g, g.users...).id))
	}
}
