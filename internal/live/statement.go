package live

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/schema"
)

// made are the types of what can be made, in an order that works.
var made = []string{"table", "index", "view", "trigger"}

// Types are the types of rows of sqlite_master, in an order in which all can be made.
func Types() []string { return slices.Clone(made) }

// Statements make what is of these types anew, all of the schema without any, in an
// order that works. The ledgers are left out.
func (d *Database) Statements(types ...string) []string { return statements(d.Rows, types) }

// AllStatements make all of it anew, the ledgers too.
func (d *Database) AllStatements() []string { return statements(slices.Concat(d.Rows, d.Ledgers), nil) }

func statements(rows []schema.MasterRow, types []string) []string {
	if len(types) == 0 {
		types = made
	}
	var out []string
	for _, kind := range types {
		for _, r := range rows {
			if r.Type == kind && r.SQL != "" {
				out = append(out, r.SQL)
			}
		}
	}
	return out
}
