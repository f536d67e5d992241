package sqlite

import (
	driver "zombiezen.com/go/sqlite"
)

// Access is one thing a statement is compiled to do, as SQLite's compiler tells the
// authorizer: to read a column, to write a table, to call a function.
type Access struct {
	// Kind is read, insert, update, delete, select or call.
	Kind string
	// Table and Column are what is read or written; Column is "" for a table as a
	// whole. For a call, Column is the function.
	Table, Column string
	// By is the trigger or view whose text says it, "" for the statement's own.
	By string
}

var accessKinds = map[driver.OpType]string{
	driver.OpRead: "read", driver.OpInsert: "insert", driver.OpUpdate: "update", driver.OpDelete: "delete",
	driver.OpSelect: "select", driver.OpFunction: "call",
}

// Accesses compiles a statement without running it, and returns what it was bound to,
// in the order of its text, and the names of the columns it returns. A name is bound to
// the nearest table that has it: a column that comes can take a name over that meant
// another one, without any error, and this is where it shows.
func (c *Conn) Accesses(sql string) (accesses []Access, columns []string, err error) {
	c.kept.clear() // a kept statement is not compiled again, and so not seen
	c.accessed = &accesses
	defer func() { c.accessed = nil }()
	st, err := c.Prepare(sql)
	if err != nil {
		return nil, nil, err
	}
	defer st.Close()
	return accesses, st.Columns(), nil
}

// access notes an action that was asked about while Accesses compiles.
func (c *Conn) access(a driver.Action) {
	kind, ok := accessKinds[a.Type()]
	if !ok {
		return
	}
	table, column := actionArgs(&a)
	*c.accessed = append(*c.accessed, Access{Kind: kind, Table: table, Column: column, By: a.Accessor()})
}
