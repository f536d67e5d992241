package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/kuratchi/dashboard/internal/config"
	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
	"github.com/kuratchi/dashboard/internal/fault"
)

// standing is how the control plane of a data folder stands, in words.
type standing string

const (
	sound   standing = "is there"
	missing standing = "is missing"
	// empty is a file of no bytes, or a database without a table: a first start that
	// was killed leaves it too.
	empty   standing = "is empty"
	foreign standing = "is a database of something else"
	damaged standing = "is no database that can be read"
)

// standingOf looks at a file and changes nothing of what is in it.
func standingOf(ctx context.Context, path string) (standing, error) {
	head, err := headOf(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing, nil
	case err != nil:
		return "", fmt.Errorf("the file %s can't be read: %w", path, err)
	case head == "": // SQLite would throw its log away
		return empty, nil
	case head != "SQLite format 3\x00":
		return damaged, nil
	}
	conn, err := local.OpenFile(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	known, err := controlplane.Is(ctx, conn)
	if err == nil && known {
		return sound, nil
	}
	if err == nil {
		var r *d1.Result
		r, err = conn.Query(ctx, d1.Query("select 1 from sqlite_master where substr(name, 1, 4) <> '_cf_' "+
			"and substr(name, 1, 7) <> 'sqlite_' limit 1"))
		if err == nil && len(r.Rows) == 0 {
			return empty, nil
		}
	}
	switch e, ofSQLite := errors.AsType[*d1.Error](err); {
	case ofSQLite && brokenFile.MatchString(e.Text):
		return damaged, nil
	case err != nil:
		return "", err
	}
	return foreign, nil
}

// brokenFile is how SQLite says that a file is damaged: SQLITE_CORRUPT, SQLITE_NOTADB.
var brokenFile = regexp.MustCompile(`malformed|not a database`)

// headOf returns a file's first 16 bytes, or as many as it has.
func headOf(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // of the data folder
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 16)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return string(head[:n]), err
}

// checkFolder returns nil for a data folder that can be served: it has a control
// plane, or nothing that belongs to one. A folder that has lost its control plane must
// not be taken for a new one: whoever came first would be its owner, and none of its
// databases would be known. That is fault.Conflict, and a folder without anything
// fault.NotFound where there is to be one.
func checkFolder(ctx context.Context, cfg config.Config, toBe bool) error {
	s, err := standingOf(ctx, controlFile(cfg))
	if err != nil || s == sound {
		return err
	}
	left := whatIsLeft(cfg)
	if s != foreign && s != damaged && len(left) == 0 {
		if !toBe {
			return nil
		}
		return fault.New(fault.NotFound,
			"There is no dashboard in the data folder %s. Start it once, or give its folder with --data.", cfg.DataDir)
	}
	beside := ""
	if len(left) > 0 {
		beside = " Beside it there is: " + strings.Join(left, "; ") + "."
	}
	return fault.New(fault.Conflict, "The control plane of the data folder %s, its file control.db, %s.%s Nothing was changed. "+
		"Put a copy of it in its place with \"dashboard restore FILE\". For a new dashboard give an empty folder with --data.",
		cfg.DataDir, s, beside)
}

// whatIsLeft says in words what of a dashboard a folder holds beside its control plane.
func whatIsLeft(cfg config.Config) []string {
	var left []string
	if names := databaseNames(cfg); len(names) > 0 {
		left = append(left, fmt.Sprintf("%s, by the names of their files of %s", count(len(names), "database"), some(ownersOf(names))))
	}
	if n := len(matching(cfg, "databases", "copies", "*", "*.db")); n > 0 {
		left = append(left, count(n, "restore point"))
	}
	if n := len(matching(cfg, "d1", "*")); n > 0 {
		left = append(left, count(n, "file")+" of databases on D1")
	}
	if len(matching(cfg, "secret.key")) > 0 {
		left = append(left, "the key of stored secrets, secret.key")
	}
	if kept := matching(cfg, "control.db.before-*Z"); len(kept) > 0 {
		left = append(left, "an earlier control plane, "+filepath.Base(kept[len(kept)-1]))
	}
	// A database that is there is read together with its log.
	if head, _ := headOf(controlFile(cfg)); head == "" && len(matching(cfg, "control.db-wal")) > 0 {
		left = append(left, "the log of a control plane, control.db-wal")
	}
	return left
}

// matching returns the files of that shape in the data folder that hold anything.
func matching(cfg config.Config, shape ...string) []string {
	all, _ := filepath.Glob(filepath.Join(append([]string{globEscape(cfg.DataDir)}, shape...)...))
	return slices.DeleteFunc(all, func(path string) bool {
		info, err := os.Stat(path)
		return err != nil || info.IsDir() || info.Size() == 0
	})
}

// globEscape keeps a folder's name from being a pattern.
func globEscape(dir string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(dir)
}

// databaseNames are the names of the databases whose files are in the folder.
func databaseNames(cfg config.Config) []string {
	var names []string
	for _, path := range matching(cfg, "databases", "*.*.db") {
		name, _, _ := strings.Cut(filepath.Base(path), ".")
		names = append(names, name)
	}
	return names
}

// proposedName is the form of a name that nobody chose.
var proposedName = regexp.MustCompile(`^(.+)-org-\d+$`)

// ownersOf returns whose databases of these names are: an organization's short name
// where the name has it, else the name itself.
func ownersOf(names []string) []string {
	var owners []string
	for _, name := range names {
		if m := proposedName.FindStringSubmatch(name); m != nil {
			name = m[1]
		}
		owners = append(owners, name)
	}
	slices.Sort(owners)
	return slices.Compact(owners)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
