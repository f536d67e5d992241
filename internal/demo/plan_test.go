package demo_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/demo"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/schema"
)

func TestTheFullDemo(t *testing.T) {
	t.Parallel()
	p := demo.PlanOf(demo.Full())
	if len(p.Orgs) != 40 || len(p.Names) != 60 {
		t.Errorf("%d organizations and %d names of databases", len(p.Orgs), len(p.Names))
	}
	if want := map[int]int{1: 5, 2: 9, 3: 45}; !maps.Equal(p.Ends, want) || p.Upgraded != 5 {
		t.Errorf("%v databases at each version and %d upgraded, want %v and 5", p.Ends, p.Upgraded, want)
	}
	if p.Drifted != 1 || p.Lost != 1 || p.Empty != 1 {
		t.Errorf("%d drifted, %d failed, %d empty", p.Drifted, p.Lost, p.Empty)
	}
	for name := range p.Names {
		if err := d1.CheckName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEverybodyHasAnAddress(t *testing.T) {
	t.Parallel()
	first, last := demo.Mails()
	for _, list := range [][]string{first, last} {
		seen := map[string]bool{}
		for _, form := range list {
			if seen[form] || form == "" || strings.Trim(form, "abcdefghijklmnopqrstuvwxyz-.") != "" {
				t.Errorf("%q is there twice or is no part of an address", form)
			}
			seen[form] = true
		}
	}
}

func TestVersion3OnlyAdds(t *testing.T) {
	t.Parallel()
	sources, err := demo.Versions()
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*schema.Schema
	for i, source := range sources {
		s, err := schema.Parse([]byte(source))
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != "organization" || s.Version != i+1 {
			t.Errorf("version %d says %s v%d", i+1, s.Name, s.Version)
		}
		parsed = append(parsed, s)
	}
	var changes []string
	for _, c := range schema.Diff(parsed[1], parsed[2]) {
		changes = append(changes, c.Object())
	}
	slices.Sort(changes)
	if got := strings.Join(changes, " "); got != "idx_sites_published sites.lastPublishedAt users.timezone" {
		t.Errorf("version 3 changes %s", got)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*demo.Options){
		"no organization":        func(o *demo.Options) { o.Organizations = 0 },
		"too many organizations": func(o *demo.Options) { o.Organizations, o.Databases = 41, 60 },
		"too few databases":      func(o *demo.Options) { o.Organizations, o.Databases = 8, 9 },
		"an empty organization":  func(o *demo.Options) { o.Organizations, o.Databases = 20, 19 },
		"a third database":       func(o *demo.Options) { o.Organizations, o.Databases = 8, 17 },
		"nobody":                 func(o *demo.Options) { o.Users = 0 },
		"more than have names":   func(o *demo.Options) { o.Users = 10_000_000 },
	} {
		o := demo.Full()
		change(&o)
		if err := demo.Fill(t.Context(), demo.Target{Clock: demo.NewClock(nil)}, o, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
