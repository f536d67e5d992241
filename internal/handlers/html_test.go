package handlers_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func nodes(n *html.Node) (out []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode {
			out = append(out, d)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// textOf is the text of a page as it is read, its fields' values included.
func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
		if d.Type == html.ElementNode && d.Data == "input" {
			b.WriteString(" " + attr(d, "value") + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// byName returns the element with that name attribute.
func byName(n *html.Node, name string) *html.Node {
	for _, e := range nodes(n) {
		if attr(e, "name") == name && e.Data != "meta" {
			return e
		}
	}
	return nil
}

// value is what a field holds.
func value(t *testing.T, doc *html.Node, name string) string {
	t.Helper()
	e := byName(doc, name)
	if e == nil {
		t.Fatalf("the page has no field %s", name)
	}
	switch e.Data {
	case "textarea":
		if e.FirstChild == nil {
			return ""
		}
		return e.FirstChild.Data
	case "select":
		for _, o := range nodes(e) {
			if o.Data == "option" && has(o, "selected") {
				return attr(o, "value")
			}
		}
		return ""
	}
	return attr(e, "value")
}

// errorAt is what a page says is wrong with a field.
func errorAt(doc *html.Node, field string) string {
	for _, e := range nodes(doc) {
		if attr(e, "id") == field+"-error" {
			return textOf(e)
		}
	}
	return ""
}

// fieldsOf are the fields of a form as a browser sends them untouched.
func fieldsOf(form *html.Node) url.Values {
	v := url.Values{}
	for _, e := range nodes(form) {
		name := attr(e, "name")
		if name == "" {
			continue
		}
		switch e.Data {
		case "input":
			if t := attr(e, "type"); t != "submit" && t != "file" {
				v.Add(name, attr(e, "value"))
			}
		case "textarea":
			v.Add(name, textOf(e))
		case "select":
			chosen, first := "", true
			for _, o := range nodes(e) {
				if o.Data == "option" && (first || has(o, "selected")) {
					chosen, first = attr(o, "value"), false
				}
			}
			v.Add(name, chosen)
		}
	}
	return v
}

const wantPolicy = "default-src 'none'; script-src 'self' 'nonce-R'; style-src 'self' 'nonce-R'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types htmx"

// usedNonces are all nonces that were ever seen.
var usedNonces sync.Map

// checkAnswer holds what is true of every response of the program.
func checkAnswer(a answer) {
	a.t.Helper()
	for _, problem := range flaws(a) {
		a.t.Errorf("%s: %s", a.path, problem)
	}
}

func flaws(a answer) (out []string) {
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		add("no nosniff")
	}
	if a.header.Get("X-Request-Id") == "" {
		add("no request id")
	}
	static := strings.Contains(a.path, " /static/") && a.status < 400
	if cache := a.header.Get("Cache-Control"); static != strings.Contains(cache, "immutable") || !static && cache != "no-store" {
		add("Cache-Control %q", cache)
	}
	if a.header.Get("Content-Disposition") != "" { // a download has a stricter policy
		return out
	}
	csp := a.header.Values("Content-Security-Policy")
	if len(csp) != 1 {
		add("%d policies", len(csp))
		return out
	}
	nonce := nonceOf(csp[0])
	if want := strings.ReplaceAll(wantPolicy, "R'", nonce+"'"); csp[0] != want {
		add("policy %q, want %q", csp[0], want)
	}
	if raw, err := base64.StdEncoding.DecodeString(nonce); err != nil || len(raw) < 16 {
		add("nonce %q", nonce)
	}
	if _, again := usedNonces.LoadOrStore(nonce, true); again {
		add("nonce %q was used before", nonce)
	}
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		if !utf8.ValidString(a.body) {
			add("the page isn't UTF-8")
		}
		out = append(out, pageFlaws(a.doc(), nonce)...)
	}
	if a.status >= 500 && a.status != http.StatusServiceUnavailable && a.status != http.StatusBadGateway &&
		!strings.Contains(a.body, a.header.Get("X-Request-Id")) {
		add("an error without its request id")
	}
	return out
}

func nonceOf(policy string) string {
	_, rest, _ := strings.Cut(policy, "'nonce-")
	nonce, _, _ := strings.Cut(rest, "'")
	return nonce
}

// pageFlaws are what the policy would refuse of a page, or hx-csp.
func pageFlaws(doc *html.Node, nonce string) (out []string) {
	for _, e := range nodes(doc) {
		hx := false
		for _, at := range e.Attr {
			switch {
			case at.Key == "style", strings.HasPrefix(at.Key, "on"):
				out = append(out, fmt.Sprintf("<%s> has the inline %s=%q", e.Data, at.Key, at.Val))
			case strings.HasPrefix(at.Key, "hx-on"), strings.Contains(at.Val, "js:") && strings.HasPrefix(at.Key, "hx-"):
				out = append(out, fmt.Sprintf("<%s> has a script in %s", e.Data, at.Key))
			case strings.HasPrefix(at.Key, "hx-"):
				hx = true
			case at.Key == "href" || at.Key == "src" || at.Key == "action" || at.Key == "formaction":
				if u, err := url.Parse(at.Val); err != nil || u.Scheme != "" || u.Host != "" {
					out = append(out, fmt.Sprintf("<%s> leads to %s=%q", e.Data, at.Key, at.Val))
				}
			}
		}
		if hx && attr(e, "hx-nonce") != nonce {
			out = append(out, fmt.Sprintf("<%s> has hx- attributes and hx-nonce %q", e.Data, attr(e, "hx-nonce")))
		}
		switch e.Data {
		case "script":
			if attr(e, "nonce") != nonce || e.FirstChild != nil {
				out = append(out, fmt.Sprintf("a script with nonce %q", attr(e, "nonce")))
			}
		case "style", "img", "iframe", "object", "embed", "base":
			out = append(out, fmt.Sprintf("a <%s>", e.Data))
		}
	}
	return out
}
