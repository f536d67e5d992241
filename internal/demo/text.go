package demo

import (
	"fmt"
	"strings"
)

// sentences returns n sentences.
func (g *filler) sentences(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(pick(g, sentenceForms...), pick(g, subjectsOfSentences...), pick(g, objectsOfSentences...))
	}
	return strings.Join(out, " ")
}

// paragraphs returns n paragraphs.
func (g *filler) paragraphs(n int) string {
	out := make([]string, n)
	for i := range out {
		out[i] = g.sentences(3 + g.IntN(4))
	}
	return strings.Join(out, "\n\n")
}

// page returns HTML of n paragraphs.
func (g *filler) page(title string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>%s</title></head>\n<body>\n"+
		"<h1>%s</h1>\n", title, title)
	for range n {
		fmt.Fprintf(&b, "<p>%s</p>\n", g.sentences(3+g.IntN(3)))
	}
	b.WriteString("<p><a href=\"{{unsubscribe}}\">Unsubscribe</a></p>\n</body>\n</html>\n")
	return b.String()
}

var sentenceForms = []string{
	"%s asks about %s.", "%s would like %s by the end of the month.", "%s has asked twice now: what about %s?",
	"%s and we have talked about %s.",
	"%s is happy with %s, “by and large”.", "%s wrote that %s can wait.", "%s needs %s — today if possible.", "%s won't hear of %s any more.",
}

var subjectsOfSentences = []string{
	"The workshop", "A regular customer", "The team in Leeds", "Our neighbour", "The new colleague", "A visitor of the fair", "Mr O'Leary",
	"The school", "Somebody who didn't give a name", "The purchasing department", "Familie Groß", "The driver",
}

var objectsOfSentences = []string{
	"the opening hours", "an offer for 250 pieces", "the invoice of last week", "a visit on Thursday", "the spring catalogue", "spare parts",
	"a place in the course", "delivery abroad", "the size of the box", "a longer trial", "the café on the corner", "how to get a refund",
}

var headlines = []string{
	"What's new in spring", "Your order is on its way", "We've moved", "10 % for early birds", "Thank you!", "Three dates to note",
	"A word from the workshop",
	"Long nights, short prices", "Für Sie reserviert", "Last places in the course",
}

// subjects are of e-mails by their type; %s is the organization.
var subjects = map[string][]string{
	"invitation": {"You're invited to %s", "Join %s"},
	"sign-in":    {"Your link for %s", "Sign in to %s"},
	"receipt":    {"Your receipt from %s"},
	"reminder":   {"Don't forget: %s", "%s: still interested?"},
}

type notice struct{ severity, title, body string }

var notices = []notice{
	{"info", "Export is ready", "It can be downloaded for seven days."},
	{"info", "New sign-in", "From a browser we haven't seen before."},
	{"warning", "Form is nearly full", "It has taken 90 % of the answers it may take."},
	{"warning", "Certificate ends soon", "It is renewed by itself unless the domain points elsewhere."},
	{"critical", "Mail bounces", "More than 5 % of the last broadcast came back."},
}

var (
	siteNames    = []string{"Main site", "Shop", "Docs", "Careers", "Spring campaign", "Press", "Members", "Landing page 2"}
	hosts        = []string{"www", "shop", "docs", "jobs", "spring", "press", "my", "lp2"}
	formNames    = []string{"Contact", "Newsletter", "Job application", "Feedback", "Book a visit"}
	segmentNames = []string{"Everybody", "Customers", "Press", "Trial", "Regulars", "Abroad"}
	paths        = []string{"about", "prices", "contact", "blog/first-steps", "blog/what-we-learned", "terms", "jobs",
		"products/1204", "menu", "events"}
	makers     = []string{"Halden", "Norvik", "Tessaro", "Brandt", "Koyama", "Arvane"}
	models     = []string{"Comet", "Fennec", "Rive", "Atlas", "Pico", "Linea", "Boreal", "Stork"}
	categories = []string{"car", "van", "motorcycle", "e-bike", "trailer", "other"}
	features   = []string{"heated seats", "tow bar", "roof rails", "rear camera", "fast charging", "child seat anchors", "navigation"}
	browsers   = []string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
		"curl/8.14.1",
	}
)
