package handlers

import (
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"os"
	"path/filepath"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
)

// upload is a database's file that came in a form, in a folder of its own with what
// stands beside it: its log or its journal.
type upload struct {
	// path is the database's.
	path string
	// leaveOut is the form's tick.
	leaveOut bool
	dir      string
	// names are the files' own, in the order they came. They stand in the folder under
	// their numbers until it is known what each is.
	names []string
}

const (
	// maxFiles is more than a database has: itself, its log, the log's index, its journal.
	maxFiles = 8
	// leaveOutField is the tick that leaves out what D1 can't have. An error at it says
	// that the tick would help.
	leaveOutField = "leave_out"
)

// readUpload writes the files of a form to a folder while they come. Whoever gets it
// without an error has to drop it.
func (s settings) readUpload(c echo.Context, field string) (*upload, error) {
	u, whole := &upload{}, false
	defer func() {
		if !whole {
			u.drop()
		}
	}()
	if err := s.readParts(c, u, field); err != nil {
		return nil, err
	}
	if err := u.pair(field); err != nil {
		return nil, err
	}
	whole = true
	return u, nil
}

// readParts reads a form to its end.
func (s settings) readParts(c echo.Context, u *upload, field string) error {
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return readingError(err)
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // what NextPart returns at the end
			_, err = io.Copy(io.Discard, c.Request().Body) // what comes after the form counts too
			return readingError(err)
		}
		if err != nil {
			return readingError(err)
		}
		switch {
		case part.FormName() == leaveOutField:
			u.leaveOut = true
		case part.FormName() == field && part.FileName() != "":
			if err := s.savePart(u, part); err != nil {
				return err
			}
		}
	}
}

// drop removes the files, with all that SQLite lays beside them.
func (u *upload) drop() {
	if u.dir != "" {
		_ = os.RemoveAll(u.dir)
	}
}

// file is where the file of that number stands until it has its name.
func (u *upload) file(i int) string { return filepath.Join(u.dir, strconv.Itoa(i)) }

// savePart writes one file of a form.
func (s settings) savePart(u *upload, part *multipart.Part) (err error) {
	if len(u.names) == maxFiles {
		return fault.New(fault.Invalid, "These are more than %d files. Choose one database, with its log (-wal) if it has one.",
			maxFiles).At("file")
	}
	if u.dir == "" {
		if u.dir, err = s.uploadDir(); err != nil {
			return roomError(err)
		}
	}
	f, err := os.OpenFile(u.file(len(u.names)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return roomError(err)
	}
	u.names = append(u.names, baseName(part.FileName()))
	_, err = io.Copy(f, part)
	closed := f.Close()
	if _, disk := errors.AsType[*fs.PathError](err); disk { // every other is of reading
		return roomError(err)
	}
	if err != nil {
		return readingError(err)
	}
	if closed != nil {
		return roomError(closed)
	}
	return nil
}

// pair gives the files the names by which SQLite finds one beside the other.
func (u *upload) pair(field string) error {
	p, err := pairFiles(u.names)
	if err != nil {
		return err.At(field)
	}
	u.path = filepath.Join(u.dir, "upload.db")
	for end, i := range map[string]int{"": p.database, "-wal": p.log, "-journal": p.journal} {
		if i < 0 {
			continue
		}
		if err := os.Rename(u.file(i), u.path+end); err != nil {
			return roomError(err)
		}
	}
	return nil
}

func roomError(err error) error {
	return fault.Wrap(err, fault.Unavailable, "There is no room for the file. Nothing was changed.")
}

// uploadDir makes a folder for one upload, readable by this program alone.
func (s settings) uploadDir() (string, error) {
	if s.Uploads != "" {
		if err := os.MkdirAll(s.Uploads, 0o700); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(s.Uploads, "upload-")
}
