package browse

import "github.com/kuratchi/dashboard/internal/live"

// Column is a column into which a person types.
type Column struct{ live.Column }

func columnsOf(t *live.Table) []Column {
	out := make([]Column, len(t.Columns))
	for i, c := range t.Columns {
		out[i] = Column{c}
	}
	return out
}
