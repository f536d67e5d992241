package check_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// byASCII are the rooms in which names are SQLite's, which folds A to Z and nothing
// else: É and é are two tables.
var byASCII = regexp.MustCompile(`^internal/(schema|migrate|browse|orm|console|d1|live|shadow|sqltext)(/|$)`)

// unicodeFolds are the functions of the standard library that fold more letters.
var unicodeFolds = map[string][]string{
	"strings": {"EqualFold", "ToLower", "ToUpper", "ToTitle", "Title", "ToLowerSpecial", "ToUpperSpecial", "ToTitleSpecial"},
	"bytes":   {"EqualFold", "ToLower", "ToUpper", "ToTitle", "Title", "ToLowerSpecial", "ToUpperSpecial", "ToTitleSpecial"},
	"unicode": {"ToLower", "ToUpper", "ToTitle", "To", "SimpleFold"},
}

// foldingFlag is the one of a regular expression, for which the k of a keyword is
// the sign of a kelvin too.
var foldingFlag = regexp.MustCompile(`\(\?[a-zA-Z]*` + `i[a-zA-Z]*[-:)]`)

// foldedByUnicode are the packages that still do, with how often.
var foldedByUnicode = allowance{}

// unicodeFold is what folds by Unicode in a node of the syntax, "" for nothing.
func unicodeFold(n ast.Node) string {
	switch n := n.(type) {
	case *ast.SelectorExpr:
		pkg, ok := n.X.(*ast.Ident)
		if ok && slices.Contains(unicodeFolds[pkg.Name], n.Sel.Name) {
			return pkg.Name + "." + n.Sel.Name
		}
	case *ast.BasicLit:
		if n.Kind == token.STRING {
			return foldingFlag.FindString(n.Value)
		}
	case *ast.ImportSpec:
		to, _ := strconv.Unquote(n.Path.Value)
		if strings.HasPrefix(to, "golang.org/x/text/") || n.Name != nil && unicodeFolds[to] != nil {
			return "the import of " + to
		}
	}
	return ""
}

// Tests may fold by Unicode, to show what must not be the same.
func TestNamesFoldAsInSQLite(t *testing.T) {
	t.Parallel()
	found, where := allowance{}, map[string][]string{}
	for _, f := range goFiles(t) {
		if f.isTest || !byASCII.MatchString(f.pkg) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if what := unicodeFold(n); what != "" {
				found[f.pkg]++
				where[f.pkg] = append(where[f.pkg], f.at(n)+": "+what)
			}
			return true
		})
	}
	foldedByUnicode.compare(t, "foldedByUnicode", found, where)
}

// The rule sees what it is for.
func TestFoldsByUnicodeAreSeen(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		`import up "strings"`:                         1,
		`import "golang.org/x/text/cases"`:            1,
		`import "strings"`:                            0,
		`var x = strings.EqualFold`:                   1,
		`var x = strings.Map(unicode.ToUpper, "é")`:   1,
		`var x = bytes.ToLower(nil)`:                  1,
		`var x = strings.TrimSpace("ToLower")`:        0,
		"var x = regexp.MustCompile(`(?is)key`)":      1,
		"var x = regexp.MustCompile(`a(?s:.)(ii)`)":   0,
		"var x = regexp.MustCompile(`a(?i:b)|(?-i)`)": 1,
	} {
		syntax, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+source, 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		ast.Inspect(syntax, func(node ast.Node) bool {
			if unicodeFold(node) != "" {
				n++
			}
			return true
		})
		if n != want {
			t.Errorf("%s: %d are seen, want %d", source, n, want)
		}
	}
}
