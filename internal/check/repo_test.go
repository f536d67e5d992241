package check_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// root is the repository, from the folder go test runs the tests in.
const root = "../.."

// module is the path of the repository's Go module.
const module = "github.com/kuratchi/dashboard"

// allFiles are the paths of the repository's files, slashed, from its root.
var allFiles = sync.OnceValues(func() ([]string, error) {
	ignored, err := readIgnored()
	if err != nil {
		return nil, err
	}
	var found []string
	err = fs.WalkDir(os.DirFS(root), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p == ".git" || p != "." && ignored(p, d.IsDir()):
			if d.IsDir() {
				return fs.SkipDir
			}
		case d.Type().IsRegular():
			found = append(found, p)
		}
		return nil
	})
	return found, err
})

// readIgnored reads .gitignore, which is simple here: /folder/ at the root,
// folder/ anywhere, or a pattern for a file's name.
func readIgnored() (func(p string, dir bool) bool, error) {
	b, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		return nil, err
	}
	patterns := strings.Fields(string(b))
	return func(p string, dir bool) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			name, onlyDir := strings.CutSuffix(pattern, "/")
			subject := path.Base(p)
			if at, rooted := strings.CutPrefix(name, "/"); rooted {
				name, subject = at, p
			}
			ok, _ := path.Match(name, subject)
			return ok && (dir || !onlyDir)
		})
	}, nil
}

// files are those whose path matches, and there is at least one.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := allFiles()
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(pattern)
	var found []string
	for _, p := range all {
		if re.MatchString(p) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no file matches %s", pattern)
	}
	return found
}

// read returns a file's text.
func read(t *testing.T, p string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// isBinary says whether a text is none, such as a picture.
func isBinary(text string) bool { return strings.ContainsRune(text, 0) }

// lineOf is the number of the line that an offset is in.
func lineOf(text string, offset int) int { return 1 + strings.Count(text[:offset], "\n") }

// goFile is a parsed Go file.
type goFile struct {
	path      string // from the root
	pkg       string // its folder, from the root
	isTest    bool
	generated bool
	set       *token.FileSet
	syntax    *ast.File
}

// at is a node's place: path:line.
func (f goFile) at(n ast.Node) string {
	p := f.set.Position(n.Pos())
	p.Filename, p.Column = f.path, 0
	return p.String()
}

var allGo = sync.OnceValues(func() ([]goFile, error) {
	all, err := allFiles()
	if err != nil {
		return nil, err
	}
	var found []goFile
	for _, p := range all {
		if path.Ext(p) != ".go" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p)))
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, p, b, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		found = append(found, goFile{
			path: p, pkg: path.Dir(p), isTest: strings.HasSuffix(p, "_test.go"),
			generated: bytes.HasPrefix(b, []byte("// Code generated ")), set: set, syntax: syntax,
		})
	}
	return found, nil
})

// goFiles are all Go files of the repository.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	found, err := allGo()
	if err != nil {
		t.Fatal(err)
	}
	return found
}
