package check_test

import (
	"go/ast"
	"testing"
)

// maxMethods is how many methods an interface has of its own. Who implements or
// wraps one writes them all; larger ones fall into parts that embed each other.
const maxMethods = 9

// wide are the interfaces that are larger, with the number of their methods.
var wide = allowance{}

// ownMethods counts the methods of an interface without the ones it embeds.
func ownMethods(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		n += len(m.Names)
	}
	return n
}

func TestInterfacesStaySmall(t *testing.T) {
	t.Parallel()
	found, where := allowance{}, map[string][]string{}
	for _, f := range goFiles(t) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok || f.generated {
				return true
			}
			if i, ok := s.Type.(*ast.InterfaceType); ok && ownMethods(i) > maxMethods {
				name := f.pkg + "." + s.Name.Name
				found[name] = ownMethods(i)
				where[name] = []string{f.at(s)}
			}
			return true
		})
	}
	wide.compare(t, "wide", found, where)
}
