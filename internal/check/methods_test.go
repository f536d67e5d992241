package check_test

import (
	"go/ast"
	"testing"
)

// maxOfType is how many methods a type declares, those of its embedded types not counted. In
// the rooms of many subjects it is less: a type there that has more is several subjects.
const (
	maxOfType   = 40
	maxOfDomain = 25
)

// domain are the rooms of many subjects.
var domain = []string{"internal/fleet/...", "internal/handlers", "internal/controlplane", "internal/desk"}

// broad are the types that still declare more, with the number of their methods: exactly, so
// that a cut is noted here and nothing grows back.
var broad = allowance{
	"internal/d1/local.Engine":  41,  // d1.Provider and its extras, beside what keeps and checks files
	"internal/d1/rest.Provider": 60,  // the same, with what waits for Cloudflare
	"internal/demo.filler":      41,  // a method for each kind of rows it makes up
	"internal/migrate.builder":  133, // all statements of a plan are written by it
	"internal/sqlite.Conn":      52,  // the engine's rules, its copies and its checks on one connection
}

// receiver is the name of the type that a function is a method of, "" for none.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) != 1 {
		return ""
	}
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr: // of a type with a parameter
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func TestTypesHaveOneSubject(t *testing.T) {
	t.Parallel()
	counted, where := allowance{}, map[string][]string{}
	limits := map[string]int{}
	for _, f := range goFiles(t) {
		if f.isTest || f.generated {
			continue
		}
		limit := maxOfType
		if matches(domain, f.pkg) {
			limit = maxOfDomain
		}
		for _, d := range f.syntax.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && receiver(m) != "" {
				name := f.pkg + "." + receiver(m)
				limits[name] = limit
				counted[name]++
				where[name] = []string{f.at(m) + " and before"}
			}
		}
	}
	found := allowance{}
	for name, n := range counted {
		if n > limits[name] {
			found[name] = n
		}
	}
	broad.compare(t, "broad", found, where)
}
