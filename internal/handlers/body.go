package handlers

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/labstack/echo/v4"

	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/handlers/middleware"
)

// readBody reads the form of a POST, so that a handler finds all of its fields, or
// leaves it to a handler that takes a file.
func readBody(c echo.Context, r Route) error {
	switch {
	case r.Method != http.MethodPost:
		return nil
	case r.Takes:
		return middleware.Limit(c, r.limit())
	default:
		return readForm(c, r.limit())
	}
}

// readForm reads a form of either kind, of n bytes at most: all of it is in memory then.
func readForm(c echo.Context, n int64) error {
	if err := middleware.Limit(c, n); err != nil {
		return err
	}
	r := c.Request()
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(n) // what is beyond would go to a file, and nothing is
	}
	if err == nil || errors.Is(err, http.ErrNotMultipart) {
		_, err = io.Copy(io.Discard, r.Body) // what comes after the last field counts too
	}
	return readingError(err)
}

// readingError gives what went wrong with reading a body its words.
func readingError(err error) error {
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge || err == nil || errors.Is(err, middleware.ErrSlow) {
		return err // which have words of their own
	}
	return fault.Wrap(err, fault.Invalid, "What was sent can't be read as a form. Nothing was changed.")
}

// saveUpload writes the file of a form to one of its own while it comes. drop removes it, with
// all that SQLite lays beside it, and has to be called if err isn't set.
func (s *Server) saveUpload(c echo.Context, field string) (path string, drop func(), err error) {
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return "", nil, readingError(err)
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // what NextPart returns at the end
			return "", nil, fault.New(fault.Invalid, "Choose a file. Nothing was changed.").At(field)
		}
		if err != nil {
			return "", nil, readingError(err)
		}
		if part.FormName() == field && part.FileName() != "" {
			return s.savePart(part, c.Request().Body)
		}
	}
}

// savePart writes a part to a file in a folder of its own.
func (s *Server) savePart(part, body io.Reader) (path string, drop func(), err error) {
	dir, err := s.uploadDir()
	if err != nil {
		return "", nil, roomError(err)
	}
	path = filepath.Join(dir, "upload.db")
	if err := writePart(path, part, body); err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, err
	}
	return path, func() { _ = os.RemoveAll(dir) }, nil
}

// writePart writes a part to a new file and reads its body to the end.
func writePart(path string, part, body io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return roomError(err)
	}
	_, err = io.Copy(f, part)
	closed := f.Close()
	if _, disk := errors.AsType[*fs.PathError](err); disk { // every other is of reading
		return roomError(err)
	}
	if err == nil && closed != nil {
		return roomError(closed)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, body) // what comes after the file counts too
	}
	return readingError(err)
}

func roomError(err error) error {
	return fault.Wrap(err, fault.Unavailable, "There is no room for the file. Nothing was changed.")
}

// uploadDir makes a folder for one upload, readable by this program alone.
func (s *Server) uploadDir() (string, error) {
	if s.Uploads != "" {
		if err := os.MkdirAll(s.Uploads, 0o700); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(s.Uploads, "upload-")
}
