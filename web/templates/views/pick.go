package views

import (
	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// OrgList are the first organizations of Total.
type OrgList struct {
	Orgs  []fleet.Org
	Total int
}

// OrgOptions are organizations to choose from, by their short names.
func OrgOptions(orgs []fleet.Org) []ui.Option {
	out := make([]ui.Option, len(orgs))
	for i, o := range orgs {
		out[i] = ui.Option{Value: o.Slug, Text: o.Name}
	}
	return out
}

// pick chooses an organization, or a new one.
func (l OrgList) pick(chosen, wrong string) ui.Picker {
	return ui.Picker{
		ID: "org", Value: chosen, Options: OrgOptions(l.Orgs), Total: l.Total, None: "a new one…", Source: paths.SearchOrgs,
		Placeholder: "its name, or nothing for a new one", Attrs: invalid("org", wrong),
	}
}

// SchemaList are the first schemas of Total.
type SchemaList struct {
	Schemas []fleet.Schema
	Total   int
}

// pick chooses a schema; text is what an option says, none what no schema means.
func (l SchemaList) pick(chosen, none string, text func(fleet.Schema) string, attrs templ.Attributes) ui.Picker {
	p := ui.Picker{ID: "schema", Value: chosen, Total: l.Total, None: none, Last: true, Placeholder: "a schema's name", Attrs: attrs}
	if none != "" {
		p.Placeholder += ", or nothing"
	}
	for _, s := range l.Schemas {
		p.Options = append(p.Options, ui.Option{Value: s.Name, Text: text(s)})
	}
	return p
}

func schemaName(s fleet.Schema) string { return s.Name }
