package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/config"
)

const docs = "../../docs/configuration.md"

// TestTheDocumentationHoldsEverySetting compares the table of the document with
// the table of the code, in both directions and in order.
func TestTheDocumentationHoldsEverySetting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	written := rows(t, string(text))
	at := 0
	for _, s := range config.Documented() {
		want := row(s)
		if got := written[s.Name]; got != want {
			t.Errorf("%s has\n%s\nin the document, want\n%s", s.Name, got, want)
		}
		delete(written, s.Name)
		i := strings.Index(string(text), want)
		if i < at {
			t.Errorf("%s is not where the code has it", s.Name)
		}
		at = i
	}
	for name := range written {
		t.Errorf("%s is documented and does not exist", name)
	}
}

// TestTheDocumentationNamesNoOtherVariable finds names in the prose that no
// setting has.
func TestTheDocumentationNamesNoOtherVariable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range config.Documented() {
		for _, name := range s.Env {
			known[name] = true
		}
	}
	word := func(r rune) bool { return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789", r) }
	for _, name := range strings.FieldsFunc(string(text), word) {
		if strings.HasPrefix(name, "KURATCHI_") && !known[name] {
			t.Errorf("%s is no setting", name)
		}
	}
}

// rows returns the rows of the document's table of settings by their first
// cell.
func rows(t *testing.T, text string) map[string]string {
	t.Helper()
	out := map[string]string{}
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "| Setting |"):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "|---"):
			name := strings.TrimSpace(strings.Split(line, "|")[1])
			if out[name] != "" {
				t.Errorf("%s is documented twice", name)
			}
			out[name] = line
		}
	}
	return out
}

// row is the row a setting has to have.
func row(s config.Doc) string {
	flag := "–"
	if s.Flag != "" {
		flag = "`--" + s.Flag + "`"
	}
	help := s.Help
	if s.Secret {
		help += " Secret."
	}
	cells := []string{s.Name, flag, "`" + strings.Join(s.Env, "`, `") + "`", code(s.Default), help, code(s.Example)}
	return "| " + strings.Join(cells, " | ") + " |"
}

func code(value string) string {
	if value == "" {
		return "–"
	}
	return "`" + value + "`"
}
