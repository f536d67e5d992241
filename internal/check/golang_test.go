package check_test

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// spelled joins parts, so that this file doesn't hold what it looks for.
func spelled(parts ...string) string { return strings.Join(parts, "") }

// concurrent are the packages with a go statement or with locks, each with the
// place of one.
func concurrent(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, f := range goFiles(t) {
		switch {
		case f.isTest, strings.HasPrefix(f.pkg, "internal/d1/d1test"), f.pkg == "bench", strings.HasPrefix(f.pkg, "cmd/"):
			continue
		}
		for _, i := range f.syntax.Imports {
			if to, _ := strconv.Unquote(i.Path.Value); to == "sync" || strings.HasPrefix(to, "sync/") {
				found[f.pkg] = f.at(i)
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if s, ok := n.(*ast.GoStmt); ok {
				found[f.pkg] = f.at(s)
			}
			return true
		})
	}
	return found
}

// A reader finds what a package is where every other one says it: in doc.go, which
// holds nothing else.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.isTest || f.generated {
			continue
		}
		doc := path.Base(f.path) == "doc.go"
		if f.syntax.Doc != nil && !doc {
			t.Errorf("%s: the package comment stands here and not in doc.go", f.path)
		}
		if doc && len(f.syntax.Decls) > 0 {
			t.Errorf("%s holds more than the package comment", f.path)
		}
		if doc && f.syntax.Doc != nil {
			said[f.pkg] = true
			want := "Package " + f.syntax.Name.Name + " "
			if f.syntax.Name.Name == "main" {
				want = "Command " + path.Base(f.pkg) + " "
			}
			if text := f.syntax.Doc.Text(); !strings.HasPrefix(text, want) {
				t.Errorf("%s: the package comment begins with %.30q and not with %q", f.path, text, want)
			}
		}
	}
	for pkg := range mayImport {
		if !said[pkg] {
			t.Errorf("%s has no package comment in a doc.go", pkg)
		}
	}
}

// wellKnown are methods whose contract is an interface of the standard library.
var wellKnown = []string{"Error", "String", "Unwrap"}

// mute are the packages with methods of exported interfaces that say nothing yet.
var mute = allowance{}

// A method of an interface is a contract: who implements it has nothing else.
func TestInterfacesSayWhatTheyWant(t *testing.T) {
	t.Parallel()
	found, where := allowance{}, map[string][]string{}
	for _, f := range goFiles(t) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok || f.isTest || f.generated || !s.Name.IsExported() {
				return true
			}
			for _, m := range silent(s) {
				found[f.pkg]++
				where[f.pkg] = append(where[f.pkg], f.at(m)+": "+m.Name)
			}
			return true
		})
	}
	mute.compare(t, "mute", found, where)
}

// silent are the exported methods without a comment of a type that is an interface.
func silent(s *ast.TypeSpec) []*ast.Ident {
	i, ok := s.Type.(*ast.InterfaceType)
	if !ok {
		return nil
	}
	var found []*ast.Ident
	for _, m := range i.Methods.List {
		for _, name := range m.Names {
			if m.Doc == nil && m.Comment == nil && name.IsExported() {
				found = append(found, name)
			}
		}
	}
	return found
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		if f.isTest || f.generated {
			continue
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc == nil && d.Name.IsExported() && isExported(d.Recv) && !(d.Recv != nil && slices.Contains(wellKnown, d.Name.Name)) {
					t.Errorf("%s: %s has no comment", f.at(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if name := undocumented(d, s); name != "" {
						t.Errorf("%s: %s has no comment", f.at(s), name)
					}
				}
			}
		}
	}
}

// isExported says whether a receiver's type is, or whether there is none.
func isExported(recv *ast.FieldList) bool {
	if recv == nil {
		return true
	}
	x := recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.IsExported()
		default:
			return true
		}
	}
}

// undocumented is the exported name of a spec that no comment is about: neither
// its own, nor the one in front of its group.
func undocumented(d *ast.GenDecl, s ast.Spec) string {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Doc == nil && s.Comment == nil && (d.Doc == nil || d.Lparen.IsValid()) && s.Name.IsExported() {
			return s.Name.Name
		}
	case *ast.ValueSpec:
		if s.Doc != nil || s.Comment != nil || d.Doc != nil {
			return ""
		}
		for _, n := range s.Names {
			if n.IsExported() {
				return n.Name
			}
		}
	}
	return ""
}

// A file has one subject: at 300 lines look for a second one, at 600 stop.
func TestGoFilesStayShort(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		if n := strings.Count(read(t, f.path), "\n"); n > 600 && !f.generated {
			t.Errorf("%s has %d lines, more than 600", f.path, n)
		}
	}
}

var later = regexp.MustCompile(spelled(`\b(TO`, `DO|FIX`, `ME|XX`, `X|HA`, `CK)\b`))

func TestNothingIsLeftForLater(t *testing.T) {
	t.Parallel()
	for _, p := range files(t, `\.(go|templ|js|mjs|css|sh|md)$|(^|/)(Makefile|Dockerfile|run)$`) {
		if strings.HasPrefix(p, "web/static/dist/") {
			continue
		}
		text := read(t, p)
		for _, at := range later.FindAllStringIndex(text, -1) {
			t.Errorf("%s:%d: %s", p, lineOf(text, at[0]), text[at[0]:at[1]])
		}
	}
}

// A test that doesn't run says nothing; what a test needs is installed.
func TestNoTestIsSkipped(t *testing.T) {
	t.Parallel()
	for _, f := range goFiles(t) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			if ok && f.isTest && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, s.Sel.Name) &&
				slices.Contains([]string{"t", "tb", "b", "f"}, lastName(s.X)) {
				t.Errorf("%s: a call of %s", f.at(call), s.Sel.Name)
			}
			return true
		})
	}
}

// lastName is the name of x, or of the field it selects.
func lastName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}
