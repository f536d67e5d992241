package rest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	cf "github.com/cloudflare/cloudflare-go/v7/d1"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/google/uuid"

	"github.com/kuratchi/dashboard/internal/copier"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/sqlite"
)

// Points are bookmarks, which cost nothing and can't be listed, and the last
// states of retired databases: files in Options.Dir named
// <database id>.<moment>-<random>.db, with the point's id "file:" and that.

const (
	filePoint = "file:"
	pointTime = "20060102T150405.000"
	suffix    = ".db"
	unborn    = ".new"
)

var (
	fileRule     = regexp.MustCompile(`^[0-9a-zA-Z-]{1,64}\.\d{8}T\d{9}Z-[0-9a-f]{8}$`)
	bookmarkRule = regexp.MustCompile(`^[0-9a-zA-Z-]{1,200}$`)
)

// Keep returns the bookmark of now: one call. Cloudflare keeps it for 30 days, 7
// on its free plan.
func (p *Provider) Keep(ctx context.Context, id string) (d1.Point, error) {
	at := time.Now().UTC()
	b, err := p.bookmark(ctx, id, time.Time{})
	if err != nil {
		return d1.Point{}, err
	}
	return d1.Point{ID: b, At: at}, nil
}

// PointAt returns the bookmark of a moment: one call.
func (p *Provider) PointAt(ctx context.Context, id string, t time.Time) (d1.Point, error) {
	if t.After(time.Now()) {
		return d1.Point{}, fault.New(fault.Invalid, "The moment %s is in the future. Choose an earlier one.", t.UTC().Format(time.RFC3339))
	}
	b, err := p.bookmark(ctx, id, t)
	if err != nil {
		return d1.Point{}, err
	}
	return d1.Point{ID: b, At: t.UTC()}, nil
}

// Restore puts a database back to a bookmark: two calls, the second of which ends
// statements that are running there. Where its answer is lost, the bookmark is read: as
// it was before, nothing was changed, fault.Unavailable; that of the point, it was done.
// Any other one is fault.Unknown, since writes of others move it as a restore does, and
// Cloudflare keeps no list of restores. A "file:" point is filled in.
func (p *Provider) Restore(ctx context.Context, id, point string) error {
	if err := checkID(id); err != nil {
		return err
	}
	if strings.HasPrefix(point, filePoint) {
		path, err := p.pointPath(point)
		if err != nil {
			return err
		}
		if err := p.checkEmpty(ctx, id); err != nil {
			return err
		}
		_, err = p.fill(ctx, id, path, copier.Options{Known: true})
		return err
	}
	if !bookmarkRule.MatchString(point) {
		return fault.New(fault.NotFound, "This restore point is none of Cloudflare's bookmarks.")
	}
	before, err := p.bookmark(ctx, id, time.Time{})
	if err != nil {
		return err
	}
	c := call{what: "restoring the database %s", id: id, writes: true}
	return p.settle(ctx, c, p.restore(ctx, c, point), func(ctx context.Context) (bool, error) {
		now, err := p.bookmark(ctx, id, time.Time{})
		if err == nil && now != point && now != before {
			err = cantTell("Its bookmark has moved meanwhile, as it does by a restore and by anybody's write.")
		}
		return now == point, err
	})
}

// restore sends a restore to a bookmark.
func (p *Provider) restore(ctx context.Context, c call, point string) error {
	params := cf.DatabaseTimeTravelRestoreParams{}
	set(&params.AccountID.Value, &params.AccountID.Present, p.account)
	set(&params.Bookmark.Value, &params.Bookmark.Present, point)
	d1.Report(ctx, "Cloudflare restores the database", 0, 0)
	return p.result(ctx, c, func(ctx context.Context, opts ...option.RequestOption) error {
		_, err := p.api.Database.TimeTravel.Restore(ctx, c.id, params, opts...)
		return err
	}, nil)
}

// Points returns the last states of a retired database; bookmarks can't be listed.
func (p *Provider) Points(_ context.Context, id string) ([]d1.Point, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "The folder of copies can't be read. Check the disk.")
	}
	var out []d1.Point
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || !fileRule.MatchString(name) || !strings.HasPrefix(name, id+".") {
			continue
		}
		if info, err := e.Info(); err == nil {
			out = append(out, d1.Point{ID: filePoint + name, At: fileTime(name), Size: info.Size()})
		}
	}
	slices.Reverse(out) // the names sort by age
	return out, nil
}

// fileTime is the moment in a point's name.
func fileTime(name string) time.Time {
	_, moment, _ := strings.Cut(name, ".")
	moment, _, _ = strings.Cut(moment, "Z-")
	if len(moment) < 15 {
		return time.Time{}
	}
	at, _ := time.Parse(pointTime, moment[:15]+"."+moment[15:])
	return at
}

func (p *Provider) newPoint(id string) d1.Point {
	at := time.Now().UTC()
	moment := strings.Replace(at.Format(pointTime), ".", "", 1)
	return d1.Point{ID: fmt.Sprintf("%s%s.%sZ-%s", filePoint, id, moment, uuid.NewString()[:8]), At: at}
}

// pointPath returns the path of a "file:" point that is there.
func (p *Provider) pointPath(point string) (string, error) {
	name := strings.TrimPrefix(point, filePoint)
	gone := fault.New(fault.NotFound, "This copy is gone.")
	if !fileRule.MatchString(name) {
		return "", gone
	}
	path := filepath.Join(p.dir, name+suffix)
	if _, err := os.Stat(path); err != nil {
		return "", gone
	}
	return path, nil
}

// Forget removes the file of a retired database; a bookmark needs no removal.
func (p *Provider) Forget(_ context.Context, point string) error {
	if !strings.HasPrefix(point, filePoint) {
		return nil
	}
	path, err := p.pointPath(point)
	if err != nil {
		return nil //nolint:nilerr // gone already
	}
	if err := os.Remove(path); err != nil {
		return fault.Wrap(err, fault.Unavailable, "A kept copy can't be removed. Check the disk.")
	}
	return nil
}

// Copy reads the database, or opens the file of a retired one. What was read is gone
// when it is closed.
func (p *Provider) Copy(ctx context.Context, id, point string) (d1.File, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	if point != "" {
		path, err := p.pointPath(point)
		if err != nil && bookmarkRule.MatchString(point) {
			return nil, fault.New(fault.Invalid,
				"Cloudflare gives copies only of a database as it is now. Restore %s to that moment first, then copy it.", p.name(id))
		}
		if err != nil {
			return nil, err
		}
		return sqlite.OpenFile(path, false)
	}
	path := filepath.Join(p.dir, "copy-"+uuid.NewString()+suffix+unborn)
	if _, err := p.snapshot(ctx, id, path); err != nil {
		return nil, err
	}
	return sqlite.OpenFile(path, true)
}

// Retire copies a database into a file, looks whether it was written to meanwhile, and
// deletes it: five calls or more. A database that is written to all the time is
// fault.Conflict and stays.
func (p *Provider) Retire(ctx context.Context, id string) (d1.Point, error) {
	if err := checkID(id); err != nil {
		return d1.Point{}, err
	}
	point := p.newPoint(id)
	path := filepath.Join(p.dir, strings.TrimPrefix(point.ID, filePoint)+suffix)
	before := ""
	for n := 1; ; n++ {
		read, err := p.snapshot(ctx, id, path+unborn)
		if err != nil {
			return d1.Point{}, err
		}
		now, err := p.bookmark(ctx, id, time.Time{})
		if err != nil {
			_ = os.Remove(path + unborn)
			return d1.Point{}, err
		}
		// A bookmark may move without a write; two equal readings are as good.
		if read.bookmark == now || read.sum == before {
			break
		}
		before = read.sum
		_ = os.Remove(path + unborn)
		if n == maxReadings {
			return d1.Point{}, p.busy(id)
		}
	}
	if err := settleFile(path); err != nil {
		return d1.Point{}, fault.Wrap(err, fault.Unavailable,
			"The copy of the database %s can't be kept, so it was not removed. Check the disk.", p.name(id))
	}
	if st, err := os.Stat(path); err == nil {
		point.Size = st.Size()
	}
	d1.Report(ctx, "deleting", 0, 0)
	switch err := p.Delete(ctx, id); {
	case err == nil, fault.Is(err, fault.NotFound): // somebody was quicker: the file is all there is
		return point, nil
	case d1.NotRun(err): // it is there still, and so is what was copied
		_ = os.Remove(path)
		return d1.Point{}, err
	default: // it may be gone, or go yet, and then the file is all there is
		return d1.Point{}, err
	}
}

// settleFile gives a finished file its name for good.
func settleFile(path string) error {
	if err := os.Rename(path+unborn, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = dir.Sync() // not every system can
	return dir.Close()
}

// sweep removes the files a killed program was still making; another Provider of
// this process may be making younger ones.
func (p *Provider) sweep() {
	halves, _ := filepath.Glob(filepath.Join(p.dir, "*"+unborn+"*"))
	for _, path := range halves {
		if st, err := os.Stat(path); err == nil && time.Since(st.ModTime()) > 24*time.Hour {
			_ = os.Remove(path)
		}
	}
}
