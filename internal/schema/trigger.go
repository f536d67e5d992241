package schema

import "github.com/kuratchi/dashboard/internal/sqltext"

// Trigger is what the head of a trigger's CREATE text says.
type Trigger struct {
	Name string
	// Event is insert, update or delete.
	Event string
	// Of are the columns of UPDATE OF, none for every column.
	Of    []string
	Table string
}

// ParseTrigger reads the head of a CREATE TRIGGER text.
func ParseTrigger(sql string) (Trigger, bool) {
	r, t := newReader(sql), Trigger{}
	_ = r.accept("create") && (r.accept("temp") || r.accept("temporary"))
	if !r.accept("trigger") {
		return t, false
	}
	r.accept("if", "not", "exists")
	var err error
	if t.Name, err = r.qualified(); err != nil {
		return t, false
	}
	_ = r.accept("before") || r.accept("after") || r.accept("instead", "of")
	for _, event := range []string{"insert", "update", "delete"} {
		if r.accept(event) {
			t.Event = event
		}
	}
	for more := t.Event == "update" && r.accept("of"); more; more = r.accept(",") {
		name, err := r.name()
		if err != nil {
			return t, false
		}
		t.Of = append(t.Of, name)
	}
	if t.Event == "" || !r.accept("on") {
		return t, false
	}
	t.Table, err = r.qualified()
	return t, err == nil
}

// InsertsByPosition lists the tables that a trigger's text inserts into without naming
// the columns: what goes where is decided by their order in the table.
func InsertsByPosition(sql string) (tables []string) {
	r := newReader(sql)
	for !r.done() {
		if !r.accept("into") {
			r.next()
			continue
		}
		table, err := r.qualified()
		if r.accept("as") {
			_, err = r.name()
		}
		if err == nil && !r.peek().Is("(") && !r.peek().Is("default") {
			tables = append(tables, table)
		}
	}
	return tables
}

// Excluded puts right what RENAME TABLE does to an upsert in a trigger: SQLite writes
// the table's new name where the text says excluded, so the row that was refused is no
// longer what is read, and the old value stays. was and renamed are the text before and
// after. It returns renamed with each excluded in its place again, and whether there was
// one to put right.
func Excluded(was, renamed string) (string, bool) {
	a, b := newReader(was).toks, newReader(renamed).toks
	if len(a) != len(b) {
		return renamed, false
	}
	out, at, found := "", 0, false
	for i, t := range a {
		if isWordOf(t, "excluded") && !isWordOf(b[i], "excluded") ||
			t.Kind == sqltext.Name && sqltext.Same(t.Ident(), "excluded") && !sqltext.Same(b[i].Ident(), "excluded") {
			out, at, found = out+renamed[at:b[i].Offset]+t.Text, b[i].Offset+len(b[i].Text), true
		}
	}
	return out + renamed[at:], found
}

// NamesColumns reports whether a view's CREATE text has a list of columns.
func NamesColumns(sql string) bool {
	r := newReader(sql)
	_ = r.accept("create") && (r.accept("temp") || r.accept("temporary"))
	if !r.accept("view") {
		return false
	}
	r.accept("if", "not", "exists")
	_, err := r.qualified()
	return err == nil && r.peek().Is("(")
}

// NamesColumn reports whether SQL may speak of a column of that name: a name before a dot
// is a table's, and so is one behind FROM, JOIN, INTO or UPDATE.
func NamesColumn(sql, column string) bool {
	toks := newReader(sql).toks
	for i, t := range toks {
		if !(t.IsName() && sqltext.Same(t.Ident(), column)) {
			continue
		}
		before := i > 0 && isWordOf(toks[i-1], "from", "join", "into", "update")
		after := i+1 < len(toks) && toks[i+1].Is(".")
		if !before && !after {
			return true
		}
	}
	return false
}
