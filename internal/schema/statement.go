package schema

// Rename is what an ALTER TABLE … RENAME says: of a table, or of a column where
// Column has its old name.
type Rename struct{ Table, Column, To string }

// ParseRename reads an ALTER TABLE … RENAME statement.
func ParseRename(sql string) (Rename, bool) {
	r := newReader(sql)
	if !r.accept("alter", "table") {
		return Rename{}, false
	}
	table, err := r.qualified()
	if err != nil || !r.accept("rename") {
		return Rename{}, false
	}
	out := Rename{Table: table}
	if !r.accept("to") {
		r.accept("column")
		if out.Column, err = r.name(); err != nil || !r.accept("to") {
			return Rename{}, false
		}
	}
	out.To, err = r.name()
	return out, err == nil
}

// Defines reports whether a statement is CREATE, ALTER or DROP and makes no table
// of a SELECT.
func Defines(sql string) bool {
	r := newReader(sql)
	if r.accept("alter") || r.accept("drop") {
		return true
	}
	if !r.accept("create") {
		return false
	}
	_ = r.accept("temp") || r.accept("temporary")
	if !r.accept("table") {
		return true
	}
	r.accept("if", "not", "exists")
	_, err := r.qualified()
	return err == nil && r.peek().Is("(")
}

// DropStatement is what a DROP says: of a table, index, view or trigger, or of a
// column where Column has its name.
type DropStatement struct{ Kind, Name, Column string }

// ParseDrop reads a DROP statement, or an ALTER TABLE … DROP COLUMN.
func ParseDrop(sql string) (DropStatement, bool) {
	r := newReader(sql)
	if r.accept("alter", "table") {
		table, err := r.qualified()
		if err != nil || !r.accept("drop") {
			return DropStatement{}, false
		}
		r.accept("column")
		column, err := r.name()
		return DropStatement{Kind: "column", Name: table, Column: column}, err == nil
	}
	if !r.accept("drop") {
		return DropStatement{}, false
	}
	for _, kind := range []string{"table", "index", "view", "trigger"} {
		if r.accept(kind) {
			r.accept("if", "exists")
			name, err := r.qualified()
			return DropStatement{Kind: kind, Name: name}, err == nil
		}
	}
	return DropStatement{}, false
}
