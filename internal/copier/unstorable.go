package copier

import (
	"errors"
	"regexp"
	"strings"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// The engine's words for rows that can't be stored, with a condition or a query that finds
// them: $1 is a class of values. A plus keeps SQLite from believing the constraint.
var unstorables = []struct {
	text *regexp.Regexp
	find func(table string, columns []string, class string) string
	why  string
}{
	{regexp.MustCompile(`^NOT NULL constraint failed: ()(.*)$`), func(table string, columns []string, _ string) string {
		return "SELECT count(*) FROM " + table + " WHERE typeof(" + columns[0] + ") = 'null'"
	}, "have no value in $2, which is NOT NULL"},
	{regexp.MustCompile(`^UNIQUE constraint failed: ()([^'].*)$`), func(table string, columns []string, _ string) string {
		return "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) n FROM " + table + " WHERE +" + strings.Join(columns, " IS NOT NULL AND +") +
			" IS NOT NULL GROUP BY +" + strings.Join(columns, ", +") + " HAVING count(*) > 1)"
	}, "have the same values as another row in $2, which is UNIQUE"},
	{regexp.MustCompile(`^cannot store (\w+) value in \w+ column (.*)$`), func(table string, columns []string, class string) string {
		return "SELECT count(*) FROM " + table + " WHERE typeof(" + columns[0] + ") LIKE '" + class + "%'"
	}, "hold $1 in $2, which can't hold that since the table is STRICT"},
}

// unstorable is the error of rows that no database could hold: of how many, as far as the
// source can count them. Any other error is returned as it is.
func (s *fileSink) unstorable(table string, err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || s.ctx.Err() != nil {
		return err
	}
	text := d1.Said(e.Text)
	for _, u := range unstorables {
		m := u.text.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		var columns []string
		for c := range strings.SplitSeq(m[2], ", ") {
			columns = append(columns, sqltext.Quote(strings.TrimPrefix(c, table+".")))
		}
		many := "Rows"
		if rows, err := s.src.Query(s.ctx, d1.Select(1, u.find(sqltext.Quote(table), columns, m[1]))); err == nil {
			many = "Rows (" + rows[0][0][0].Text() + ")"
		}
		why := strings.NewReplacer("$1", m[1], "$2", m[2]).Replace(u.why)
		return fault.Wrap(err, fault.Invalid, "%s of the table %s %s. No database can hold them, so nothing was written. "+
			"Mend them at their source first.", many, table, why)
	}
	if strings.HasPrefix(text, "UNIQUE constraint failed") {
		return fault.Wrap(err, fault.Invalid, "Rows of the table %s are the same to a unique index: %s. No database can hold them, so nothing "+
			"was written. Mend them at their source first.", table, strings.TrimPrefix(text, "UNIQUE constraint failed: "))
	}
	return err
}

// recomputed tells of how many rows a stored generated column has another value now.
func (s *fileSink) recomputed(t Table) error {
	var kept []string
	for _, c := range t.info.Columns {
		if c.Stored {
			kept = append(kept, sqltext.Quote(c.Name))
		}
	}
	key := t.Key
	if t.By != "" {
		key = []string{t.By}
	}
	if len(kept) == 0 || len(key) == 0 {
		return nil
	}
	had := t
	had.Columns, had.At = append(append([]string(nil), key...), kept...), 0
	condition := strings.Join(key, " = ? AND ") + " = ? AND (" + strings.Join(kept, " IS NOT ? OR ") + " IS NOT ?)"
	st, err := s.Prepare("SELECT 1 FROM " + sqltext.Quote(t.Name) + " WHERE " + condition)
	if err != nil {
		return err
	}
	defer st.Close()
	n := 0
	err = s.src.Rows(s.ctx, had, func(row []d1.Value) error {
		for i, v := range row {
			bind(st, i+1, v)
		}
		other, err := st.Step()
		st.Reset()
		if other {
			n++
		}
		return err
	})
	if n > 0 {
		s.note("Rows of %s whose stored generated columns were computed anew and have another value now: %d.", t.Name, n)
	}
	return err
}
