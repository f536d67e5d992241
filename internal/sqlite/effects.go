package sqlite

import (
	driver "zombiezen.com/go/sqlite"
)

// Effect is one thing a statement does by itself, not by a trigger: what SQLite's
// compiler tells the authorizer.
type Effect struct {
	// Kind is insert, update, delete, create, drop or alter.
	Kind string
	// Object is the table, index, view or trigger.
	Object string
}

var effectKinds = map[driver.OpType]string{
	driver.OpInsert: "insert", driver.OpUpdate: "update", driver.OpDelete: "delete", driver.OpAlterTable: "alter",
	driver.OpCreateTable: "create", driver.OpCreateIndex: "create", driver.OpCreateView: "create", driver.OpCreateTrigger: "create", driver.OpCreateVTable: "create",
	driver.OpDropTable: "drop", driver.OpDropIndex: "drop", driver.OpDropView: "drop", driver.OpDropTrigger: "drop", driver.OpDropVTable: "drop",
}

// Effects compiles a statement, in mode Write, and returns what it would do
// without doing it, and whether it only reads. SQLite's own tables aren't told.
func (c *Conn) Effects(sql string) (effects []Effect, readOnly bool, err error) {
	c.kept.clear() // a kept statement is not compiled again, and so not seen
	c.watched = &effects
	defer func() { c.watched = nil }()
	st, err := c.Prepare(sql)
	if err != nil {
		return nil, false, err
	}
	defer st.Close()
	return effects, st.ReadOnly(), nil
}

// watch notes an action that was asked about while Effects compiles.
func (c *Conn) watch(a driver.Action) {
	kind, ok := effectKinds[a.Type()]
	if !ok || a.Accessor() != "" {
		return
	}
	object, second := actionArgs(&a)
	if kind == "alter" { // its first argument is the database
		object = second
	}
	if object == "sqlite_master" || object == "sqlite_sequence" || object == "sqlite_temp_master" {
		return
	}
	e := Effect{Kind: kind, Object: object}
	for _, known := range *c.watched {
		if known == e {
			return
		}
	}
	*c.watched = append(*c.watched, e)
}
