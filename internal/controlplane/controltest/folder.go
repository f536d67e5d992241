package controltest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/kuratchi/dashboard/internal/controlplane"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/d1/local"
)

// Folder is a new data folder that is open until the test ends.
type Folder struct {
	// Dir is the folder; what else a test keeps in files can be in it too.
	Dir string
	// Control is the connection to the control plane's file, and Store the control plane.
	Control d1.Conn
	Store   *controlplane.Store
	// Engine has the databases of the folder.
	Engine *local.Engine
}

// ControlFile is the path of the control plane's file.
func (f *Folder) ControlFile() string { return filepath.Join(f.Dir, "control.db") }

// New opens a new data folder by that clock. wrap, which may be nil, is what the store gets
// in place of the connection.
func New(tb testing.TB, now func() time.Time, wrap func(d1.Conn) d1.Conn) *Folder {
	tb.Helper()
	f := &Folder{Dir: tb.TempDir()}
	f.Control = Conn(tb, f.ControlFile())
	conn := f.Control
	if wrap != nil {
		conn = wrap(conn)
	}
	var err error
	if f.Store, err = controlplane.Open(tb.Context(), conn, now); err != nil {
		tb.Fatal(err)
	}
	if f.Engine, err = local.Open(filepath.Join(f.Dir, "databases"), local.Options{}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Engine.Close() })
	return f
}

// Conn opens a file of one database until the test ends; one that isn't there is made.
func Conn(tb testing.TB, path string) d1.Conn {
	tb.Helper()
	conn, err := local.OpenFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}
