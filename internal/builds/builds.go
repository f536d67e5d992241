package builds

import (
	"archive/tar"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed testdata/*.tar.gz
var archives embed.FS

const suffix = ".tar.gz"

// The owner of every folder.
const (
	OwnerEmail    = "ada@acme.test"
	OwnerPassword = "correct horse battery"
)

// Names returns the folders that are kept, the oldest first.
func Names() []string {
	entries, _ := archives.ReadDir("testdata") // it is embedded, so it is there
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), suffix)
	}
	return names
}

// Unpack writes the folder of that name into dir, which must be empty.
func Unpack(name, dir string) error {
	f, err := archives.Open("testdata/" + name + suffix)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(h.Name) {
			return fmt.Errorf("builds: %s holds the name %q", name, h.Name)
		}
		if err := write(filepath.Join(dir, h.Name), r); err != nil {
			return err
		}
	}
}

func write(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}

// Pack writes the files of a folder as an archive. It holds their names within the
// folder and what is in them, and nothing of the machine or of who made it.
func Pack(dir string, w io.Writer) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		err = t.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Mode: 0o600, Size: int64(len(content)), Format: tar.FormatUSTAR})
		if err == nil {
			_, err = t.Write(content)
		}
		return err
	})
	return errors.Join(err, t.Close(), z.Close())
}
