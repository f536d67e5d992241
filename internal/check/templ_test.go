package check_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tag is an opening tag of a template.
type tag struct {
	at   int // its offset
	name string
	text string // what is between < and >
	body string // what follows
}

var opening = regexp.MustCompile(`<([a-zA-Z][a-zA-Z0-9-]*)`)

// tagsOf finds the opening tags of a .templ file. A > in quotes or in a Go
// expression is none of the tag.
func tagsOf(text string) []tag {
	var found []tag
	for _, m := range opening.FindAllStringSubmatchIndex(text, -1) {
		var quote byte
		depth := 0
	scan:
		for i := m[1]; i < len(text); i++ {
			c := text[i]
			switch {
			case quote != 0:
				if c == quote {
					quote = 0
				}
			case c == '"' || c == '`' || c == '\'' && depth == 0:
				quote = c
			case c == '{':
				depth++
			case c == '}':
				depth--
			case c == '>' && depth == 0:
				found = append(found, tag{at: m[0], name: text[m[2]:m[3]], text: text[m[3]:i], body: text[i+1:]})
				break scan
			}
		}
	}
	return found
}

// attribute finds an attribute's name. Values are quoted or in braces, so a name
// follows a blank or the brace of another attribute.
func (g tag) attribute(pattern string) string {
	return regexp.MustCompile(`(?:^|[\s"}])(` + pattern + `)(?:[\s=?/]|$)`).FindString(bare(g.text))
}

// bare is a tag's text without the values of its attributes.
func bare(text string) string {
	var b strings.Builder
	var quote byte
	depth := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'' && depth == 0:
			quote = c
			b.WriteByte(' ')
		case c == '{':
			depth++
		case c == '}':
			depth--
			b.WriteByte(' ')
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

const verbs = `hx-(?:get|post|put|patch|delete|action|boost|sse:connect)`

// inherits are attributes that do nothing on an element without a verb: htmx 4
// hands them down only where they say :inherited.
const inherits = `hx-(?:target|swap|select|include|confirm|headers|indicator|sync|config|encoding|validate|vals|push-url|` +
	`replace-url|disable)`

// mistakes says what is wrong with a tag under the policy header and htmx 4.
func (g tag) mistakes() []string {
	var found []string
	for _, rule := range []struct {
		broken bool
		what   string
	}{
		{g.name == "style", "is inline style, which the policy forbids"},
		{g.attribute("style") != "", "has a style attribute, which the policy forbids"},
		{g.attribute(`on[a-z]+`) != "", "has an event handler, which the policy forbids"},
		{g.name == "script" && (g.attribute("src") == "" || g.attribute("nonce") == ""), "needs src and nonce"},
		{g.name == "script" && !strings.HasPrefix(g.body, "</script>"), "is an inline script, which the policy forbids"},
		{g.attribute(verbs) != "" && g.attribute("hx-nonce") == "", "needs hx-nonce, or hx-csp refuses its request"},
		{g.attribute(inherits) != "" && g.attribute(verbs) == "" && g.name != "hx-partial",
			"has an attribute that does nothing without a verb or :inherited"},
		{g.attribute(`http-equiv`) != "", "sets a header, which is the server's to do"},
	} {
		if rule.broken {
			found = append(found, rule.what)
		}
	}
	return found
}

func TestTemplatesFitThePolicy(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `\.templ$`) {
		text := read(t, p)
		for _, g := range tagsOf(text) {
			for _, what := range g.mistakes() {
				t.Errorf("%s:%d: <%s> %s", p, lineOf(text, g.at), g.name, what)
			}
		}
	}
}

// escapes are the ways past templ's escaping, and its blocks that become inline
// script or style.
var escapes = regexp.MustCompile(`\btempl\.(Raw|JSUnsafeFuncCall|JSFuncCall|JSExpression|ComponentScript|SafeScript|` +
	`SafeScriptInline|SafeCSS|SafeCSSProperty|FromGoHTML|NewCSSMiddleware)\b|(?m)^(script|css) \w+\(`)

func TestTemplatesEscapeEverything(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `\.templ$|^(web|internal/handlers|cmd)/.*\.go$`) {
		text := read(t, p)
		for _, m := range escapes.FindAllStringIndex(text, -1) {
			t.Errorf("%s:%d: %s", p, lineOf(text, m[0]), text[m[0]:m[1]])
		}
	}
}

// The rules see what they are for.
func TestMistakesInTagsAreSeen(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<a href={ templ.SafeURL("a>b") } style="x">`:       "style attribute",
		`<a class="on style">`:                              "",
		`<a title="x" onclick="y">`:                         "event handler",
		`<a onclick={ f() }>`:                               "event handler",
		`<script>x()</script>`:                              "needs src",
		`<script src="/x" nonce={ n }></script>`:            "",
		`<script src="/x" nonce={ n }>x()</script>`:         "inline script",
		`<style>a{}</style>`:                                "inline style",
		`<a hx-get={ x }>`:                                  "hx-nonce",
		`<a hx-get={ f(` + "`}`" + `) } hx-nonce={ n }>`:    "",
		`<div hx-target="#x"><a hx-get="/" hx-nonce={ n }>`: "without a verb",
		`<div hx-target:inherited="#x">`:                    "",
		`<input checked?={ a > b } style={ c }>`:            "style attribute",
		`<form data-on={ x } hx-post="/" hx-nonce="y">`:     "",
		`<meta http-equiv="refresh">`:                       "header",
	} {
		var all []string
		for _, g := range tagsOf(html) {
			all = append(all, g.mistakes()...)
		}
		if want == "" && len(all) > 0 || want != "" && !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%s: got %q, want %q", html, all, want)
		}
	}
}
