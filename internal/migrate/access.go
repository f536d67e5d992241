package migrate

import (
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// rowid stands for a rowid that is no column: a column may be called so.
const rowid = "(rowid)"

// bound are accesses under names that can be compared.
func bound(accesses []sqlite.Access) []sqlite.Access {
	out := make([]sqlite.Access, len(accesses))
	for i, a := range accesses {
		out[i] = sqlite.Access{Kind: a.Kind, Table: sqltext.Fold(a.Table), Column: sqltext.Fold(a.Column)}
		if a.Column == "ROWID" { // so the compiler calls one that no column is
			out[i].Column = rowid
		}
	}
	return out
}

// renamedAccesses are accesses under the names the plan's renames give.
func (b *builder) renamedAccesses(accesses []sqlite.Access) []sqlite.Access {
	out := bound(accesses)
	for i, a := range out {
		if a.Kind != "call" {
			out[i].Table, out[i].Column = b.renamedTo(a.Table, a.Column)
		}
	}
	return out
}

// renamedTo follows a live table's and column's names through the plan's renames. They
// come back folded.
func (b *builder) renamedTo(table, column string) (string, string) {
	table, column = sqltext.Fold(table), sqltext.Fold(column)
	for _, c := range b.renamed {
		switch c := c.(type) {
		case schema.RenameTable:
			if table == sqltext.Fold(c.From) {
				table = sqltext.Fold(c.To)
			}
		case schema.RenameColumn:
			if table == sqltext.Fold(c.Table) && column == sqltext.Fold(c.From) {
				column = sqltext.Fold(c.To)
			}
		}
	}
	return table, column
}

// without is a list less the members of another, each as often as it has them.
func without(list, other []sqlite.Access) []sqlite.Access {
	rest := slices.Clone(other)
	var out []sqlite.Access
	for _, a := range list {
		if i := slices.Index(rest, a); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out = append(out, a)
		}
	}
	return out
}

// difference says what is read and written now and was not, and the other way.
func difference(more, missing []sqlite.Access) string {
	var parts []string
	if len(more) > 0 {
		parts = append(parts, "it is bound to "+accessWords(more))
	}
	if len(missing) > 0 {
		parts = append(parts, "no longer to "+accessWords(missing))
	}
	return strings.Join(parts, ", ")
}

// accessWords name what is read, written and called, each once.
func accessWords(accesses []sqlite.Access) string {
	var names []string
	for _, a := range accesses {
		name := a.Table
		switch {
		case a.Kind == "call":
			name = a.Column + "()"
		case a.Kind == "select":
			continue
		case a.Column != "":
			name += "." + a.Column
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "what it did"
	}
	return strings.Join(names, ", ")
}
