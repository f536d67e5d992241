package schemas_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/kuratchi/dashboard/schemas"
)

// file is the shape of a schema file, read as strictly as encoding/json can.
type file struct {
	Name    string                       `json:"name"`
	Version int                          `json:"version"`
	Mixins  map[string]map[string]string `json:"mixins"`
	Tables  map[string]map[string]any    `json:"tables"`
	Indexes map[string]map[string]struct {
		Columns []string `json:"columns"`
		Unique  bool     `json:"unique"`
	} `json:"indexes"`
}

func mustRead(t *testing.T, name string) file {
	t.Helper()
	r, err := schemas.FS.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var f file
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// columns returns the columns of a table with its mixins expanded.
func (f file) columns(t *testing.T, table string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name, def := range f.Tables[table] {
		mixin, isMixin := strings.CutPrefix(name, "...")
		switch def := def.(type) {
		case string:
			out[name] = def
		case bool:
			if !isMixin || !def || f.Mixins[mixin] == nil {
				t.Errorf("%s.%s: true belongs to the name of a mixin", table, name)
			}
			maps.Copy(out, f.Mixins[mixin])
		default:
			t.Errorf("%s.%s is a %T", table, name, def)
		}
	}
	return out
}

func TestEveryFileIsWellFormed(t *testing.T) {
	names, err := fs.Glob(schemas.FS, "*.json")
	if err != nil || len(names) < 2 {
		t.Fatalf("files %v, error %v", names, err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			f := mustRead(t, name)
			if len(f.Tables) < 24 {
				t.Errorf("%d tables, want at least 24", len(f.Tables))
			}
			checkReferences(t, f)
			checkIndexes(t, f)
		})
	}
}

func checkReferences(t *testing.T, f file) {
	t.Helper()
	for table := range f.Tables {
		for name, def := range f.columns(t, table) {
			_, target, found := strings.Cut(def, "-> ")
			if !found {
				continue
			}
			parent, column, _ := strings.Cut(strings.Fields(target)[0], ".")
			if f.columns(t, parent)[column] == "" {
				t.Errorf("%s.%s refers to %s.%s, which does not exist", table, name, parent, column)
			}
		}
	}
}

// checkIndexes holds two rules of SQLite: an index's name is unique in the
// whole database, and its columns exist.
func checkIndexes(t *testing.T, f file) {
	t.Helper()
	owner := map[string]string{}
	for table, indexes := range f.Indexes {
		have := f.columns(t, table)
		for name, index := range indexes {
			if other := owner[name]; other != "" {
				t.Errorf("index %s is on %s and on %s", name, other, table)
			}
			owner[name] = table
			for _, column := range index.Columns {
				if have[column] == "" {
					t.Errorf("index %s names %s.%s, which does not exist", name, table, column)
				}
			}
		}
	}
}

func TestVersion2OnlyAddsColumns(t *testing.T) {
	old, next := mustRead(t, "organization.v1.json"), mustRead(t, "organization.v2.json")
	if old.Name != next.Name || old.Version != 1 || next.Version != 2 {
		t.Fatalf("%s %d and %s %d", old.Name, old.Version, next.Name, next.Version)
	}
	var added []string
	for table := range old.Tables {
		before, after := old.columns(t, table), next.columns(t, table)
		for name, def := range before {
			if after[name] != def {
				t.Errorf("%s.%s was %q and is %q", table, name, def, after[name])
			}
		}
		for name, def := range after {
			if before[name] != "" {
				continue
			}
			added = append(added, table+"."+name)
			checkAddable(t, table+"."+name, def)
		}
	}
	slices.Sort(added)
	want := "forms.submissionLimit leads.assignedTo sites.visibility users.lastLoginAt users.locale users.mfaEnabled"
	if got := strings.Join(added, " "); got != want {
		t.Errorf("added %s, want %s", got, want)
	}
}

// checkAddable refuses what SQLite's ALTER TABLE ADD COLUMN refuses.
func checkAddable(t *testing.T, name, def string) {
	t.Helper()
	for _, bad := range []string{"unique", "primary key", "default now", "default ("} {
		if strings.Contains(def, bad) {
			t.Errorf("%s: %q can't be added to a table: it says %s", name, def, bad)
		}
	}
	if strings.Contains(def, "not null") && !strings.Contains(def, "default ") {
		t.Errorf("%s: %q needs a default, rows exist", name, def)
	}
	if strings.Contains(def, "-> ") && strings.Contains(def, "default ") {
		t.Errorf("%s: %q refers to a table and has a default", name, def)
	}
}
