package check_test

import (
	"regexp"
	"strings"
	"testing"
)

// leftovers are things of htmx 2 that htmx 4 ignores or understands differently,
// and things that the policy header forbids. Most of what is written about htmx
// is about version 2, so they come back.
var leftovers = []struct {
	found *regexp.Regexp
	why   string
}{
	{regexp.MustCompile(`\bhx-(vars|params|prompt|ext|disinherit|inherit|request|history|history-elt|disabled-elt)\b[^:\w-]`),
		"is an attribute of htmx 2"},
	{regexp.MustCompile(`\b(sse-swap|sse-connect|sse-close|ws-connect|ws-send)\b`), "is an attribute of htmx 2; it is hx-sse: now"},
	{regexp.MustCompile(`\bhx-on\b`), "runs inline script, which the policy forbids"},
	{regexp.MustCompile(`\bhx-disable(\s*/?>|\s+[a-z-]+[=?])`), "without a value is htmx 2's; hx-ignore does that now"},
	{regexp.MustCompile(`["'` + "`" + `](js|javascript):`), "runs inline script, which the policy forbids"},
	{regexp.MustCompile(`\bhx-trigger=\S*"[^"]*\[`), "has a filter, which is inline script"},
	{regexp.MustCompile(`\bhtmx:([a-z]+:)*[a-z]+[A-Z]\w*`), "is an event of htmx 2"},
	{regexp.MustCompile(`\bhtmx:(load|timeout|trigger|validation|xhr|sseOpen)\b`), "is an event of htmx 2"},
	{regexp.MustCompile(`(?i)\bhx-trigger-after-(swap|settle)\b`), "is a header of htmx 2"},
	{regexp.MustCompile(`(?i)\bhx-(trigger-name|prompt)\b`), "is a request header of htmx 2; it is HX-Source now"},
	{regexp.MustCompile(`\.Get\("(?i:hx-trigger)"\)`), "is a request header of htmx 2; it is HX-Source now"},
	{regexp.MustCompile(`\bhtmx\.(defineExtension|addClass|removeClass|toggleClass|closest|remove|off|values|logAll)\(`),
		"is a function of htmx 2"},
	{regexp.MustCompile(`\b(defaultSwapStyle|globalViewTransitions|historyEnabled|includeIndicatorStyles|` +
		`refreshOnHistoryMiss|historyCacheSize|defaultSwapDelay|addedClass|settlingClass|swappingClass|allowEval|` +
		`allowScriptTags|attributesToSettle|useTemplateFragments|selfRequestsOnly|scrollIntoViewOnBoost|responseHandling|` +
		`implicitInheritance)\b`), "is a setting of htmx 2"},
}

// Events of htmx 4 that look like those of htmx 2.
var camelCase = []string{"htmx:before:viewTransition", "htmx:after:viewTransition"}

func leftover(text string) (at int, words, why string) {
	for _, allowed := range camelCase {
		text = strings.ReplaceAll(text, allowed, strings.ToLower(allowed))
	}
	for _, l := range leftovers {
		if m := l.found.FindStringIndex(text); m != nil {
			return m[0], text[m[0]:m[1]], l.why
		}
	}
	return 0, "", ""
}

func TestNothingOfHtmx2IsLeft(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `\.templ$|^web/assets/[^/]*\.(js|mjs|css)$|^(web|internal/handlers)/.*\.go$`) {
		if strings.HasSuffix(p, "_test.go") {
			continue
		}
		text := read(t, p)
		if at, words, why := leftover(text); words != "" {
			t.Errorf("%s:%d: %q %s", p, lineOf(text, at), words, why)
		}
	}
}

// The rules see what they are for, and leave htmx 4 alone.
func TestLeftoversAreSeen(t *testing.T) {
	t.Parallel()
	for _, old := range []string{
		`<a hx-params="*">`, `<a hx-ext='sse'>`, `<a hx-history="false">`, `<div hx-disable>`, `<button hx-disabled-elt="this">`,
		`<div sse-swap="x">`, `<a hx-on:click="x()">`, `<a hx-on::after-swap="x()">`, `<a hx-vals='js:{a: 1}'>`, `hx-vals={ "js:x" }`,
		`<a hx-trigger="click[ctrlKey]">`, `<a hx-trigger="keyup[key=='/'] from:body">`, `"htmx:afterSwap"`, `htmx:oobBeforeSwap`,
		`"htmx:load"`, `Set("HX-Trigger-After-Swap", x)`, `r.Header.Get("HX-Trigger")`, `htmx.defineExtension("x", {`,
		`{"selfRequestsOnly":true}`,
	} {
		if _, words, _ := leftover(old); words == "" {
			t.Errorf("%s is not seen", old)
		}
	}
	for _, now := range []string{
		`<a hx-disable="find button" hx-target:inherited="#x">`, `"htmx:after:swap"`, `"htmx:before:viewTransition"`,
		`<a hx-trigger="input delay:200ms, change">`,
		`Set("HX-Trigger", x)`, `<div hx-sse:connect="/x">`, `el.closest("a")`, `<a hx-history-x="1">`, `hx-vals='{"json:x": 1}'`,
		`r.Header.Get("HX-Request-Type")`,
	} {
		if _, words, why := leftover(now); words != "" {
			t.Errorf("%s: %q %s", now, words, why)
		}
	}
}
