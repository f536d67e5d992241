package views

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/kuratchi/dashboard/internal/live"
	"github.com/kuratchi/dashboard/internal/schema"
)

// here marks the entry of a list that is shown.
func here(is bool) templ.Attributes {
	if !is {
		return nil
	}
	return templ.Attributes{"aria-current": "true"}
}

func structureFacts(s *live.Structure) string {
	facts := []string{s.Kind}
	add := func(ok bool, word string) {
		if ok {
			facts = append(facts, word)
		}
	}
	add(len(s.PrimaryKey) > 0, "primary key "+join(s.PrimaryKey))
	add(s.Autoincrement, "autoincrement")
	add(s.Strict, "strict")
	add(s.WithoutRowID, "without rowid")
	add(len(s.Triggers) > 0, plural(len(s.Triggers), "trigger"))
	return strings.Join(facts, " · ")
}

func nullWords(c live.Column) string {
	if c.NotNull {
		return "not null"
	}
	return "null"
}

func keyWords(c live.Column) string {
	var words []string
	if c.PK {
		words = append(words, "primary")
	}
	if c.Unique && !c.PK {
		words = append(words, "unique")
	} else if c.Indexed && !c.PK {
		words = append(words, "indexed")
	}
	if c.Generated {
		words = append(words, "generated")
	}
	return join(words)
}

func actionWords(fk schema.ForeignKey) string {
	var words []string
	if fk.OnDelete != "" {
		words = append(words, "on delete "+strings.ToLower(fk.OnDelete))
	}
	if fk.OnUpdate != "" {
		words = append(words, "on update "+strings.ToLower(fk.OnUpdate))
	}
	return join(words)
}

func indexColumns(ix schema.Index) string {
	cols := make([]string, len(ix.Columns))
	for i, c := range ix.Columns {
		cols[i] = c.Expr
		if c.Collate != "" {
			cols[i] += " collate " + strings.ToLower(c.Collate)
		}
		if c.Desc {
			cols[i] += " desc"
		}
	}
	return join(cols)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
