package demo

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var sellsVehicles = regexp.MustCompile(`Mobility|Motors|Cars|Autohaus|Cycling|Bicycle|Outdoor`)

// catalog makes up what those who sell vehicles have besides.
func (g *filler) catalog() {
	g.categories()
	oems := g.w.into("catalogOems", "id name logo_url website_url description updated_at created_at deleted_at")
	vehicles := g.w.into("catalogVehicles",
		`id oem_id oem_name model_name model_year category msrp currency source_url thumbnail_url images features
		specifications description status updated_at created_at deleted_at`)
	images := g.w.into("catalogVehicleImages",
		"id vehicle_id url cdn_url alt_text is_primary sort_order image_source updated_at created_at deleted_at")
	var ids []string
	for _, name := range makers {
		host := strings.ToLower(name) + ".example"
		ids = append(ids, g.id("oem", g.start))
		updated, created, deleted := g.stamps(g.start, 30)
		oems.row(ids[len(ids)-1], name, g.often(80, "https://img.example/logos/"+host+".svg"), "https://"+host,
			pick[any](g, nil, "", g.sentences(2)), updated, created, deleted)
	}
	type vehicle struct {
		id, label string
		at        time.Time
	}
	var all []vehicle
	for range g.several(6, 6, 220) {
		k, at := g.IntN(len(makers)), g.between(g.start, g.now)
		model := pick(g, models...) + pick(g, "", "", " S", " GT", " L", " 250")
		v := vehicle{g.id("veh", at), makers[k] + " " + model, at}
		all = append(all, v)
		updated, created, deleted := g.stamps(at, 50)
		year := g.now.Year() - g.IntN(6)
		vehicles.row(v.id, ids[k], makers[k], model, year, pick(g, categories...), g.often(92, 3_900+100*g.IntN(640)),
			pick(g, "USD", "EUR", "EUR", "GBP"), nil, g.often(70, "https://img.example/v/"+v.id+"-s.jpg"),
			object([]string{"https://img.example/v/" + v.id + "-1.jpg"}), object([]string{pick(g, features...), pick(g, features...)}),
			object(map[string]any{
				"power_kw":  20 + g.IntN(260),
				"weight_kg": float64(1500+g.IntN(20_000)) / 10,
				"doors":     2 + g.IntN(4),
				"range_km":  pick[any](g, nil, 320, 455, 610),
			}),
			pick[any](g, nil, "", g.paragraphs(1), g.paragraphs(3)), pick(g, "published", "published", "published", "draft", "archived"), updated,
			created, deleted)
	}
	for _, v := range all {
		for k := range g.IntN(4) {
			updated, created, deleted := g.stamps(v.at, fixed)
			images.row(g.id("img", v.at), v.id, fmt.Sprintf("https://img.example/v/%s-%d.jpg", v.id, k+1), nil,
				pick[any](g, nil, "", v.label+" from the side"),
				k == 0, k, pick(g, "stock", "upload"), updated, created, deleted)
		}
	}
}

func (g *filler) categories() {
	t := g.w.into("catalogCategories", "id name slug description color icon parent_id sort_order updated_at created_at deleted_at")
	specs := g.w.into("catalogSpecTemplates", "id category name label unit input_type options sort_order updated_at created_at deleted_at")
	var parent any
	for i, slug := range categories {
		id := g.id("cat", g.start)
		updated, created, deleted := g.stamps(g.start, fixed)
		t.row(id, strings.ToUpper(slug[:1])+slug[1:], slug, pick[any](g, nil, "", g.sentences(1)),
			fmt.Sprintf("#%06x", g.IntN(1<<24)), pick(g, "tag", "car", "bike"), parent, i, updated, created, deleted)
		if i == 0 {
			parent = id
		}
	}
	for i, slug := range categories {
		for k, s := range [][3]string{{"power_kw", "Power", "kW"}, {"weight_kg", "Weight", "kg"}, {"doors", "Doors", ""}} {
			updated, created, deleted := g.stamps(g.start, fixed)
			specs.row(g.id("spc", g.start), slug, s[0], s[1], pick[any](g, s[2], nil), pick(g, "number", "number", "text"), "[]",
				10*i+k, updated, created, deleted)
		}
	}
}
