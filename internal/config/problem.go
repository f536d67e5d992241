package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Problem is one setting that can't be used.
type Problem struct {
	// Setting is the flag or the environment variable the value came from.
	Setting string
	// Value is what was given, cut where it is long; empty for a secret.
	Value string
	// Want says what is wrong and what the value should be.
	Want string
}

// String returns the problem in one line.
func (p Problem) String() string {
	if p.Value == "" {
		return p.Setting + ": " + p.Want
	}
	return p.Setting + " " + strconv.Quote(p.Value) + ": " + p.Want
}

// Problems is every mistake [Load] found, mistakes in the flags themselves
// first and then in the order of the settings. It is never empty when returned.
type Problems struct{ List []Problem }

// Error returns one problem a line under a heading.
func (p *Problems) Error() string {
	var b strings.Builder
	noun := "settings"
	if len(p.List) == 1 {
		noun = "setting"
	}
	fmt.Fprintf(&b, "%d %s can't be used:", len(p.List), noun)
	for _, one := range p.List {
		b.WriteString("\n  " + one.String())
	}
	return b.String()
}

func (p *Problems) add(setting, value, want string) {
	p.List = append(p.List, Problem{setting, shown(value), want})
}

// shown is a value as it may be printed: without the user and password of a
// URL, and cut where nobody reads on.
func shown(value string) string {
	const most = 120
	if scheme, rest, ok := strings.Cut(value, "://"); ok {
		if at := strings.LastIndexByte(rest, '@'); at >= 0 {
			value = scheme + "://" + redacted + rest[at:]
		}
	}
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "…"
	}
	return value
}
