package rest

import (
	"context"
	"crypto/md5" //nolint:gosec // what Cloudflare compares uploads by
	"encoding/hex"
	"io"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
)

// maxImport is the largest dump Cloudflare imports.
const maxImport = 5 << 30

// Fill imports a file into an empty database: four calls or more, and the database
// answers nobody meanwhile. What D1 can't take is fault.Invalid before anything is
// sent.
func (p *Provider) Fill(ctx context.Context, id string, in d1.FillInput) (d1.Filled, error) {
	if err := checkID(id); err != nil {
		return d1.Filled{}, err
	}
	if err := p.checkEmpty(ctx, id); err != nil {
		return d1.Filled{}, err
	}
	return p.fill(ctx, id, in.Path, copier.Options{LeaveOut: in.LeaveOut})
}

// checkEmpty is fault.Conflict for a database that holds something.
func (p *Provider) checkEmpty(ctx context.Context, id string) error {
	c, err := p.Open(ctx, id)
	if err != nil {
		return err
	}
	empty, err := d1.IsEmpty(ctx, c)
	if err == nil && !empty {
		err = fault.New(fault.Conflict, "The database %s isn't empty, so it can't be filled from a file. Make a new one for it.", p.name(id))
	}
	return err
}

// fill imports a file into a database that is empty.
func (p *Provider) fill(ctx context.Context, id, path string, o copier.Options) (d1.Filled, error) {
	text := dumpFile{path: filepath.Join(p.dir, "import-"+uuid.NewString()+".sql"+unborn)}
	defer func() { _ = os.Remove(text.path) }()
	filled, err := text.write(ctx, path, o)
	if err != nil {
		return d1.Filled{}, err
	}
	if err := p.importFile(ctx, id, text); err != nil {
		return d1.Filled{}, err
	}
	return filled, nil
}

// dumpFile is an SQLite file as SQL, on its way to Cloudflare.
type dumpFile struct {
	path string
	size int64
	sum  string // its MD5, in hexadecimal digits
}

// write makes the file at d.path from an SQLite file, and notes its size and MD5.
func (d *dumpFile) write(ctx context.Context, path string, o copier.Options) (d1.Filled, error) {
	src, err := copier.OpenFile(path)
	if err != nil {
		return d1.Filled{}, err
	}
	defer func() { _ = src.Close() }()
	f, err := os.OpenFile(d.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // a path of our own making
	if err != nil {
		return d1.Filled{}, unwritten(err)
	}
	h := md5.New() //nolint:gosec // as above
	filled, err := copier.ToText(ctx, src, io.MultiWriter(f, h), o)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = unwritten(cerr)
	}
	if err != nil {
		return d1.Filled{}, err
	}
	st, err := os.Stat(d.path)
	if err != nil {
		return d1.Filled{}, fault.Wrap(err, fault.Unavailable, "The file for the import can't be read. Check the disk.")
	}
	if st.Size() > maxImport {
		return d1.Filled{}, fault.New(fault.Invalid, "The database's dump has %d MB; Cloudflare imports 5 GB at most.", st.Size()>>20)
	}
	d.size, d.sum = st.Size(), hex.EncodeToString(h.Sum(nil))
	return filled, nil
}

func unwritten(err error) error {
	return fault.Wrap(err, fault.Unavailable, "The file for the import can't be written. Check the disk.")
}
