package sqlite

import (
	"errors"
	"os"

	"github.com/kuratchi/dashboard/internal/fault"
)

// File is a database's file that is read as bytes. One that was made for this one
// reading is gone when it is closed.
type File struct {
	*os.File
	size int64
	once bool
}

// OpenFile opens a file for reading; once removes it when it is closed.
func OpenFile(path string, once bool) (*File, error) {
	f, err := os.Open(path) //nolint:gosec // the callers' own paths
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The copy can't be read. Check the disk.")
	}
	st, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, fault.Wrap(err, fault.Unavailable, "The copy can't be read. Check the disk.")
	}
	return &File{File: f, size: st.Size(), once: once}, nil
}

// Size is in bytes.
func (f *File) Size() int64 { return f.size }

// Close closes the file, and removes it if it was made for this one reading.
func (f *File) Close() error {
	err := f.File.Close()
	if f.once {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "A copy can't be removed. Check the disk.")
	}
	return nil
}
