package shadow

import (
	"strings"

	"github.com/kuratchi/dashboard/internal/schema"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// Fires returns a statement that fires a trigger of the copy: to be compiled, since a name
// in a trigger is bound only then.
func (s *Copy) Fires(trigger schema.MasterRow) (string, error) {
	table := sqltext.Quote(trigger.Table)
	head, _ := schema.ParseTrigger(trigger.SQL)
	switch head.Event {
	case "insert":
		return "INSERT INTO " + table + " DEFAULT VALUES", nil
	case "delete":
		return "DELETE FROM " + table, nil
	}
	names, err := s.Texts("SELECT name FROM pragma_table_xinfo(" + sqltext.QuoteText(trigger.Table) + ") WHERE hidden = 0")
	for i, name := range names {
		names[i] = sqltext.Quote(name) + " = " + sqltext.Quote(name)
	}
	return "UPDATE " + table + " SET " + strings.Join(names, ", "), err
}
