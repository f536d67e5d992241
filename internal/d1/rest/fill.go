package rest

import (
	"context"
	"crypto/md5" //nolint:gosec // what Cloudflare compares uploads by
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"
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

// importFile uploads a dump and waits until Cloudflare has run it.
func (p *Provider) importFile(ctx context.Context, id string, d dumpFile) error {
	start := call{what: "the import into the database %s", id: id, writes: true}
	ask := start
	ask.writes = false // it changes nothing, and may be asked again
	t, err := p.importStep(ctx, ask, map[string]any{"action": "init", "etag": d.sum})
	if err != nil {
		return err
	}
	if t.Filename == "" {
		return p.unread(ask)
	}
	if t.UploadURL != "" { // there is none for a file that Cloudflare has already
		if err := p.upload(ctx, ask, t.UploadURL, d); err != nil {
			return err
		}
	}
	t, err = p.importStep(ctx, start, map[string]any{"action": "ingest", "etag": d.sum, "filename": t.Filename})
	if err != nil {
		return err
	}
	return p.awaitImport(ctx, start, t)
}

// maxPoll is how rarely a long import is asked about.
const maxPoll = 5 * time.Second

// awaitImport asks about an import that was begun until it is over. That it can't
// ask, for whatever reason, says nothing of the import: only Cloudflare's own word
// that it failed does. So it waits for the budget where others are refused.
func (p *Provider) awaitImport(ctx context.Context, start call, t task) error {
	ask := start
	ask.writes = false
	pause := p.poll
	for n := int64(1); t.Status != "complete"; n++ {
		if t.AtBookmark == "" {
			return p.unread(start)
		}
		d1.Report(ctx, "Cloudflare imports the database", n, 0)
		if !sleep(ctx, pause) {
			return p.begun(ctx, start, ctx.Err())
		}
		pause = min(pause*3/2, max(p.poll, maxPoll))
		var err error
		t, err = p.importStep(d1.Background(ctx), ask, map[string]any{"action": "poll", "current_bookmark": t.AtBookmark})
		switch {
		case err != nil && t.Status == "error":
			return err
		case err != nil:
			return p.begun(ctx, start, err)
		}
	}
	return nil
}

// begun is the error of an import that was begun and can't be asked about.
func (p *Provider) begun(ctx context.Context, c call, err error) error {
	f := &Failure{Cause: "the import was begun", Sent: true, stopped: ctx.Err(), retryAfter: -1}
	kind, msg := f.words(c, p.subject(c))
	out := fault.Wrap(err, kind, "%s", msg)
	out.Ref = fault.RefOf(err)
	return out
}

func (p *Provider) importStep(ctx context.Context, c call, content map[string]any) (task, error) {
	params := cf.DatabaseImportParams{Body: cf.DatabaseImportParamsBody{}}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	var t task
	err := p.result(ctx, c, p.body(content, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.Import(ctx, c.id, params, opts...)
		return err
	}), &t)
	if err == nil {
		err = t.refused(c, p.subject(c))
	}
	return t, err
}

// upload puts a dump where Cloudflare reads it. Nothing is imported by that.
func (p *Provider) upload(ctx context.Context, c call, address string, d dumpFile) error {
	f, err := os.Open(d.path) //nolint:gosec // a path of our own making
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "The file for the import can't be read. Check the disk.")
	}
	defer func() { _ = f.Close() }()
	resp, err := p.fetch(ctx, http.MethodPut, address, &counter{ctx: ctx, r: f, total: d.size, step: "uploading the dump"}, d.size)
	if err != nil {
		if f, failed := failure(err); failed {
			return p.fault(f, c)
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if got := strings.Trim(resp.Header.Get("ETag"), `"`); got != d.sum {
		return fault.New(fault.Unavailable, "The dump arrived damaged at Cloudflare, so nothing was imported into %s. Try again.", p.name(c.id))
	}
	return nil
}
