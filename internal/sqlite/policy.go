package sqlite

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/sqltext"
	driver "zombiezen.com/go/sqlite"
)

// functionsJSON lists every function of SQLite with D1's verdict, measured on workerd.
//
//go:embed functions.json
var functionsJSON []byte

// What functions.json says. [Open] returns errFunctions, so that a database never
// opens without the list.
var functions, errFunctions = readFunctions()

type verdict uint8

const (
	absent verdict = iota
	allowed
	refused
)

func readFunctions() (map[string]verdict, error) {
	var f struct{ Allowed, Refused, Absent []string }
	if err := json.Unmarshal(functionsJSON, &f); err != nil {
		return nil, fmt.Errorf("sqlite: functions.json: %w", err)
	}
	m := map[string]verdict{}
	for _, n := range f.Allowed {
		m[n] = allowed
	}
	for _, n := range f.Refused {
		m[n] = refused
	}
	// What ALTER TABLE calls by itself. No statement can name them.
	for _, n := range []string{"sqlite_rename_table", "sqlite_rename_column", "sqlite_rename_test", "sqlite_rename_quotefix",
		"sqlite_drop_column"} {
		m[n] = allowed
	}
	return m, nil
}

// transactionText is what D1 answers to BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE.
const transactionText = "To execute a transaction, please use the state.storage.transaction() or " +
	"state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. " +
	"The JavaScript API is safer because it will automatically roll back on exceptions, " +
	"and because it interacts correctly with Durable Objects' automatic atomic write coalescing."

const readOnlyText = "not authorized to write: SQLITE_READONLY"

// pragmaRule says who may use a PRAGMA.
type pragmaRule uint8

const (
	pragmaInspect pragmaRule = iota + 1 // reads the schema or data: everybody
	pragmaState                         // sets the connection up: writers
	pragmaWork                          // may write: writers
)

// pragmas are those D1 allows; every other one is refused.
var pragmas = map[string]pragmaRule{
	"table_list": pragmaInspect, "table_info": pragmaInspect, "table_xinfo": pragmaInspect,
	"foreign_key_list": pragmaInspect, "foreign_key_check": pragmaInspect,
	"index_list": pragmaInspect, "index_info": pragmaInspect, "index_xinfo": pragmaInspect,
	"quick_check": pragmaInspect, "data_version": pragmaInspect,
	"foreign_keys": pragmaState, "defer_foreign_keys": pragmaState, "recursive_triggers": pragmaState,
	"case_sensitive_like": pragmaState, "ignore_check_constraints": pragmaState,
	"legacy_alter_table": pragmaState, "reverse_unordered_selects": pragmaState,
	"optimize": pragmaWork,
}

// modules are those a virtual table may be of. The older D1 refuses the R*Tree,
// the one thing that is allowed here though one D1 refuses it: without it, no
// database that has one could come here from the newest.
var modules = []string{"fts5", "fts5vocab", "rtree", "rtree_i32"}

// Modules are the modules a virtual table may be of, in small letters.
func Modules() []string { return slices.Clone(modules) }

// authorize is SQLite's authorizer: it sees every action of a statement while
// the statement is compiled, through views and triggers.
func (c *Conn) authorize(a driver.Action) driver.AuthResult {
	if c.mode == trusted {
		return driver.AuthResultOK
	}
	op := a.Type()
	// An R*Tree compiles what would write its rows when it is first used. That runs
	// only for a statement that may write into the R*Tree.
	module := (c.mode == Read || c.watched != nil || c.accessed != nil) && writesRows(op) && c.raw.constructing()
	if c.watched != nil && !module {
		c.watch(a)
	}
	if c.accessed != nil && !module {
		c.access(a)
	}
	if c.foreign {
		return c.authorizeForeign(a, module)
	}
	switch op {
	case driver.OpSelect, driver.OpRecursive:
		return driver.AuthResultOK
	case driver.OpRead:
		return c.authorizeRead(a)
	case driver.OpFunction:
		return c.authorizeFunction(a)
	case driver.OpPragma:
		return c.authorizePragma(a)
	case driver.OpTransaction, driver.OpSavepoint:
		return c.deny(transactionText)
	case driver.OpAttach, driver.OpDetach,
		driver.OpCreateTempIndex, driver.OpCreateTempTable, driver.OpCreateTempTrigger, driver.OpCreateTempView,
		driver.OpDropTempIndex, driver.OpDropTempTable, driver.OpDropTempTrigger, driver.OpDropTempView:
		return c.deny("")
	}
	if c.mode == Read && !module {
		return c.deny(readOnlyText)
	}
	return c.authorizeWrite(a)
}

func writesRows(op driver.OpType) bool {
	return op == driver.OpInsert || op == driver.OpUpdate || op == driver.OpDelete
}

// deny refuses in SQLite's words, or in the given ones.
func (c *Conn) deny(words string) driver.AuthResult {
	if words != "" {
		c.denied = words
	}
	return driver.AuthResultDeny
}

func (c *Conn) authorizeRead(a driver.Action) driver.AuthResult {
	switch t := sqltext.Fold(a.Table()); {
	case isHidden(t):
		return c.deny("") // "access to _cf_KV.key is prohibited"
	case c.mode == Read && pragmas[strings.TrimPrefix(t, "pragma_")] == pragmaWork && strings.HasPrefix(t, "pragma_"):
		return c.deny(readOnlyText) // else it would show only once it runs
	case t == "dbstat", t == "sqlite_dbpage", // raw pages, past every other rule; D1 has neither
		t == "jsonb_each", t == "jsonb_tree": // the older D1 has neither
		return c.deny("no such table: " + t + ": SQLITE_ERROR")
	}
	return driver.AuthResultOK
}

func (c *Conn) authorizeFunction(a driver.Action) driver.AuthResult {
	_, name := actionArgs(&a)
	name = sqltext.Fold(name)
	switch functions[name] {
	case allowed:
		return driver.AuthResultOK
	case refused:
		if name == "load_extension" {
			return c.deny("not authorized: SQLITE_ERROR")
		}
		return c.deny("")
	}
	return c.deny(fmt.Sprintf("no such function: %s%%s: SQLITE_ERROR", name))
}

func (c *Conn) authorizePragma(a driver.Action) driver.AuthResult {
	rule := pragmas[sqltext.Fold(a.Pragma())]
	switch {
	case sqltext.Same(a.Pragma(), "page_size") && c.raw.constructing(): // a new R*Tree asks for it
		return driver.AuthResultOK
	case rule == 0, isHidden(sqltext.Fold(a.PragmaArg())):
		return c.deny("")
	case rule == pragmaInspect:
		return driver.AuthResultOK
	case rule == pragmaState && a.PragmaArg() == "":
		return driver.AuthResultOK
	case c.mode == Read:
		return c.deny(readOnlyText)
	}
	if rule == pragmaState {
		c.tainted = true
	}
	return driver.AuthResultOK
}

func (c *Conn) authorizeWrite(a driver.Action) driver.AuthResult {
	first, second := actionArgs(&a)
	switch a.Type() {
	case driver.OpAnalyze: // ANALYZE without a name visits D1's own table too
		return driver.AuthResultOK
	case driver.OpCreateVTable, driver.OpDropVTable:
		if !slices.Contains(modules, sqltext.Fold(second)) {
			return c.deny("")
		}
	}
	// The name is the first argument, or the second where the first is the
	// index, trigger or database it belongs to.
	if isHidden(sqltext.Fold(first)) || isHidden(sqltext.Fold(second)) {
		return c.deny("")
	}
	return driver.AuthResultOK
}

// isHidden reports whether a lower-case name is D1's own.
func isHidden(name string) bool { return strings.HasPrefix(name, "_cf_") }
