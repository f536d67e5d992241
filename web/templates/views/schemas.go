package views

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/fleet/change"
	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/web/templates/paths"
	"github.com/kuratchi/dashboard/web/templates/ui"
)

// Schemas is a page of the schemas.
type Schemas struct {
	SchemaList
	Search string
	Page   fleet.Page
}

func (v Schemas) pager() ui.Pager {
	q := url.Values{}
	if v.Search != "" {
		q.Set("q", v.Search)
	}
	return ui.Pager{Path: paths.Schemas, Query: q, Page: v.Page.Number, Size: v.Page.Size, Total: v.Total, Noun: "schemas"}
}

// Schema is a schema with a page of its versions.
type Schema struct {
	Schema   fleet.Schema
	Versions []fleet.Version
	Total    int
	Page     fleet.Page
}

func (v Schema) pager() ui.Pager {
	return ui.Pager{Path: paths.Schema(v.Schema.Name), Page: v.Page.Number, Size: v.Page.Size, Total: v.Total, Noun: "versions"}
}

// Version is one version, read.
type Version struct {
	Version  fleet.Version
	Schema   *schema.Schema
	Latest   int
	Changes  []schema.Change
	Previous int
}

// Editor is the form for a new version, or for a new schema without a Name.
type Editor struct {
	Name string
	// Next is the version it becomes.
	Next   int
	Source string
	// Problems are the source's mistakes; Error is what else stands against it.
	Problems schema.Problems
	Error    string
	// Draft is what the source would be, nil before it was checked.
	Draft *change.Draft
	// Left is what of the database the source was written from isn't in it.
	Left []live.Left
}

func (v Editor) title() string {
	if v.Name == "" {
		return "New schema"
	}
	return v.Name + " v" + strconv.Itoa(v.Next)
}

// sourceLine is a line of a source with the mistakes in it.
type sourceLine struct {
	Number   int
	Text     string
	Problems []schema.Problem
}

// broken returns the lines that have mistakes.
func (v Editor) broken() []sourceLine {
	lines := strings.Split(v.Source, "\n")
	var out []sourceLine
	for _, p := range v.Problems {
		if n := len(out); n > 0 && out[n-1].Number == p.Line {
			out[n-1].Problems = append(out[n-1].Problems, p)
			continue
		}
		text := ""
		if p.Line <= len(lines) {
			text = strings.TrimRight(lines[p.Line-1], "\r")
		}
		out = append(out, sourceLine{Number: p.Line, Text: text, Problems: []schema.Problem{p}})
	}
	return out
}

// changeTone is how a change of a schema is shown: what adds, what alters, and what
// takes rows away.
func changeTone(c schema.Change) string {
	switch c.(type) {
	case schema.DropTable, schema.DropColumn:
		return "bad"
	case schema.DropIndex, schema.DropObject, schema.ChangeTable, schema.RenameTable, schema.RenameColumn:
		return "warn"
	}
	return "ok"
}

func changeKind(c schema.Change) string {
	switch c.(type) {
	case schema.DropTable, schema.DropColumn, schema.DropIndex, schema.DropObject:
		return "removes"
	case schema.ChangeTable:
		return "changes"
	case schema.RenameTable, schema.RenameColumn:
		return "renames"
	}
	return "adds"
}

func tableFacts(t schema.Table) string {
	facts := []string{plural(len(t.Columns), "column")}
	if n := len(t.Indexes); n > 0 {
		facts = append(facts, plural(n, "index"))
	}
	if n := len(t.ForeignKeys); n > 0 {
		facts = append(facts, plural(n, "foreign key"))
	}
	return strings.Join(facts, " · ")
}

func editorAction(v Editor) string {
	if v.Name == "" {
		return paths.Schemas
	}
	return paths.Versions(v.Name)
}

// since says what a draft is compared with.
func (v Editor) since() string {
	if v.Draft.Previous == nil {
		return "a new schema"
	}
	return "since v" + itoa(v.Draft.Previous.Version)
}
