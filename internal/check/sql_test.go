package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// withoutSQL are the rooms that leave every statement to internal/orm, the one compiler.
var withoutSQL = []string{"internal/browse"}

// statementText begins like a statement, or like a part of one. A lone UPDATE is a word,
// what a trigger is for, and SET NULL what a foreign key does.
var statementText = regexp.MustCompile(`(?s)^\s*((SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|PRAGMA|EXPLAIN)|` +
	`(FROM|WHERE|ORDER BY|GROUP BY|LIMIT|VALUES|RETURNING|JOIN|AND|OR))\s`)

// statementMakers are the functions of internal/d1 that take a statement's text.
var statementMakers = []string{"Query", "Exec", "Stmt"}

// statement is how a node of the syntax writes SQL by hand, "" for what doesn't.
func statement(n ast.Node) string {
	switch n := n.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil {
			return statementText.FindString(text)
		}
	case *ast.CallExpr:
		return statementMaker(n.Fun)
	case *ast.CompositeLit:
		if len(n.Elts) > 0 {
			return statementMaker(n.Type)
		}
	}
	return ""
}

func statementMaker(x ast.Expr) string {
	s, ok := x.(*ast.SelectorExpr)
	if ok && lastName(s.X) == "d1" && slices.Contains(statementMakers, s.Sel.Name) {
		return "d1." + s.Sel.Name
	}
	return ""
}

// Tests write SQL, to say what a page must show.
func TestTablesAreBrowsedThroughTheORM(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		if f.isTest || !slices.Contains(withoutSQL, f.pkg) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if what := statement(n); what != "" {
				t.Errorf("%s: %q is SQL by hand; let internal/orm compile it", f.at(n), what)
			}
			return true
		})
	}
}

// The rule sees what it is for.
func TestStatementsByHandAreSeen(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		`var x = "SELECT " + y`:                              1,
		"var x = `\n WHERE a = 1`":                           1,
		`var x = d1.Exec(text)`:                              1,
		`var x = d1.Stmt{SQL: text}`:                         1,
		`var x = d1.Query("SELECT 1")`:                       2,
		`var x = runs("UPDATE", "Select a row", "SET NULL")`: 0,
		`var x = []d1.Stmt{a, b}`:                            0,
		`var x = d1.Stmt{}`:                                  0,
		`var x = conn.Query(ctx, s)`:                         0,
	} {
		syntax, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+source, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		ast.Inspect(syntax, func(node ast.Node) bool {
			if statement(node) != "" {
				n++
			}
			return true
		})
		if n != want {
			t.Errorf("%s: %d are seen, want %d", source, n, want)
		}
	}
}
