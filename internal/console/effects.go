package console

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/shadow"
	"github.com/kuratchi/dashboard/internal/sqltext"
)

// look fills in what the compiler tells of a statement, and changes the copy as
// the statement changes the schema. What can't be made on the copy is missing from what
// it tells, never from what the trial counts.
func (st *statement) look(s *shadow.Copy) {
	effects, readOnly, err := s.Effects(st.part.SQL)
	if err != nil {
		st.writes, st.unjudged = true, d1.Words(err.Error())
		if wrong := d1.NewError(err.Error()); unreadable(wrong) {
			st.unreadable = wrong
		}
		return
	}
	if readOnly {
		if sqltext.IsSelect(st.part.SQL) {
			st.columns = columnsOf(s, st.part.SQL)
		}
		return
	}
	st.writes, st.stmt.Mode = true, d1.Write
	for _, e := range effects {
		switch e.Kind {
		case "drop", "alter":
			st.fixed = fixedDanger(st.part.SQL, e)
			s.Follow(st.part.SQL)
			return
		case "create":
			s.Follow(st.part.SQL)
			return
		case "analyze", "reindex", "pragma", "explain":
			return
		}
	}
	if len(effects) == 0 {
		st.unjudged = "it is no statement that is known here"
		return
	}
	st.verb, st.table = effects[0].Kind, effects[0].Object
	st.columns = columnsOf(s, st.part.SQL)
	own := "" // an upsert's update of its own table is the statement's
	if st.verb == "insert" {
		own = "update"
	}
	for _, e := range effects[1:] {
		if e.By == "" && e.Kind == own && e.Object == st.table {
			st.exact = true
			continue
		}
		st.sides = append(st.sides, e)
	}
	view := is(s, st.table, "view") // its rows are its triggers'
	st.exact = !view && st.verb != "delete" &&
		(st.exact || st.verb == "insert" && len(st.sides) > 0 || sqltext.HasWord(st.part.SQL, "replace") || replaces(s, st.table))
	st.adds = st.verb == "insert" && !st.exact && len(st.sides) == 0 && st.table != sequences
	st.counted = !view && (st.exact || st.verb != "insert")
	st.virtual = is(s, st.table, "virtual")
	for _, e := range st.sides {
		virtual := is(s, e.Object, "virtual")
		st.virtual = st.virtual || virtual
		switch {
		case virtual, sqltext.Same(e.Object, st.table) && e.Kind != "delete":
		case e.Kind != "insert":
			st.others = appendNew(st.others, e.Object)
		case is(s, e.Object, "table"):
			st.grows = appendNew(st.grows, e.Object)
		}
	}
}

// columnsOf are the columns of a statement's rows, nil for one that has none.
func columnsOf(s *shadow.Copy, sql string) []string {
	st, err := s.Prepare(sql)
	if err != nil {
		return nil
	}
	defer st.Close()
	if columns := st.Columns(); len(columns) > 0 {
		return columns
	}
	return nil
}

func appendNew(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// calls reports whether a text calls a function.
func calls(sql string, function string) bool {
	was := false
	for t := range sqltext.Code(sql) {
		if was && t.Is("(") {
			return true
		}
		was = sqltext.Same(t.Ident(), function)
	}
	return false
}

// replaces reports whether a table's own constraints replace rows.
func replaces(s *shadow.Copy, table string) bool {
	sql := s.Text("SELECT group_concat(sql, ' ') FROM sqlite_master WHERE tbl_name = " + sqltext.QuoteText(table) + " COLLATE NOCASE")
	return sqltext.HasWord(sql, "replace")
}

// is reports whether an object of the copy is of a type: table, view or virtual.
func is(s *shadow.Copy, object, kind string) bool {
	return s.Text("SELECT type FROM pragma_table_list WHERE name = "+sqltext.QuoteText(object)+" COLLATE NOCASE") == kind
}
