package sqlite

import (
	"slices"

	"github.com/kuratchi/dashboard/internal/sqltext"
	driver "zombiezen.com/go/sqlite"
)

// Effect is one thing a statement does, as SQLite's compiler tells the authorizer.
// The first of them is what the statement itself says; the others may come from
// foreign keys and triggers.
type Effect struct {
	// Kind is insert, update, delete, create, drop, alter, analyze, reindex,
	// pragma for one that sets something, or explain.
	Kind string
	// Object is the table, index, view, trigger or pragma.
	Object string
	// By is the trigger that does it, "" for the statement and for a foreign key.
	By string
}

var effectKinds = map[driver.OpType]string{
	driver.OpInsert: "insert", driver.OpUpdate: "update", driver.OpDelete: "delete", driver.OpAlterTable: "alter",
	driver.OpCreateTable: "create", driver.OpCreateIndex: "create", driver.OpCreateView: "create", driver.OpCreateTrigger: "create",
	driver.OpCreateVTable: "create",
	driver.OpDropTable:    "drop", driver.OpDropIndex: "drop", driver.OpDropView: "drop", driver.OpDropTrigger: "drop",
	driver.OpDropVTable: "drop",
	driver.OpAnalyze:    "analyze", driver.OpReindex: "reindex", driver.OpPragma: "pragma",
}

// Effects compiles a statement, in mode Write, and returns what it may do without
// doing it, and whether it only reads. One that sets something of the connection
// doesn't only read, though SQLite says so.
func (c *Conn) Effects(sql string) (effects []Effect, readOnly bool, err error) {
	c.kept.clear() // a kept statement is not compiled again, and so not seen
	c.watched = &effects
	defer func() { c.watched = nil }()
	st, err := c.Prepare(sql)
	if err != nil {
		return nil, false, err
	}
	defer st.Close()
	readOnly = st.ReadOnly()
	for _, e := range effects {
		readOnly = readOnly && e.Kind != "pragma"
	}
	if c.raw.explains(st.raw) {
		effects = []Effect{{Kind: "explain"}}
	}
	return effects, readOnly, nil
}

// watch notes an action that was asked about while Effects compiles.
func (c *Conn) watch(a driver.Action) {
	kind, ok := effectKinds[a.Type()]
	if !ok {
		return
	}
	object, second := actionArgs(&a)
	switch {
	case kind == "alter": // its first argument is the database
		object = second
	case kind == "pragma":
		rule := pragmas[sqltext.Fold(object)]
		if rule != pragmaWork && (rule != pragmaState || second == "") {
			return
		}
	case object == "sqlite_master", object == "sqlite_temp_master":
		return
	}
	e := Effect{Kind: kind, Object: object, By: a.Accessor()}
	if !slices.Contains(*c.watched, e) {
		*c.watched = append(*c.watched, e)
	}
}
