package keep

import (
	"context"
	"errors"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/fault"
	"github.com/kuratchi/dashboard/internal/fleet"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

// Download returns a database, or one of its restore points, as an SQLite file.
// The caller must Close it. An archived database can be downloaded too, and of a
// deleted one its last state.
func (cp *Copies) Download(ctx context.Context, a auth.Actor, name, point string) (d1.File, error) {
	if err := a.May(fleet.OpDownload.Needs); err != nil {
		return nil, err
	}
	d, err := cp.store.Database(ctx, name)
	if err != nil {
		return nil, err
	}
	switch {
	case d.State == fleet.Deleted && point == "":
		point = d.FinalPoint
	case d.State != fleet.Ready && d.State != fleet.Archived:
		return nil, fault.New(fault.Conflict, "The database %s is %s; there is nothing to download.", d.Name, d.State)
	case point != "":
		p, err := cp.points.Point(ctx, d, point)
		if err == nil {
			err = checkPointPlace(d, p)
		}
		if err != nil {
			return nil, err
		}
		point = p.Mark
	}
	file := d1.File(nil)
	if point == "" {
		file = cp.takeExport(d.ID)
	}
	if file == nil {
		if file, err = cp.fleet.Places.Of(d).Copy(ctx, d.ProviderID, point); err != nil {
			return nil, err
		}
	}
	j := operation.Job{About: fleet.About(d), End: func(ctx context.Context, e audit.Entry, _ error) error { return cp.store.Record(ctx, e) }}
	j.About.Target = point
	if err := cp.fleet.Door.Do(ctx, a, fleet.OpDownload.Kind, j); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Export is a database's copy that is ready to be downloaded.
type Export struct {
	Size int64
	// At is when it was made, zero for none.
	At time.Time
}

// exportFile is an export with its file.
type exportFile struct {
	Export
	file d1.File
}

// exportLifetime is how long an export waits to be downloaded.
const exportLifetime = 30 * time.Minute

// PrepareExport makes a database's copy for Download, which on D1 takes a while. How
// far it is is in Work, and its end in ReadyExport.
func (cp *Copies) PrepareExport(ctx context.Context, a auth.Actor, name string) error {
	if err := a.May(fleet.OpExport.Needs); err != nil {
		return err
	}
	return cp.fleet.Hold(ctx, name, fleet.OpExport, func(ctx context.Context, d fleet.Database) error {
		return cp.fleet.Follow(ctx, a, d, fleet.OpExport, fleet.Job{}, func(ctx context.Context) error {
			file, err := cp.fleet.Places.Of(d).Copy(ctx, d.ProviderID, "")
			if err != nil {
				return err
			}
			cp.keepExport(d.ID, &exportFile{Export: Export{Size: file.Size(), At: cp.now()}, file: file})
			return nil
		})
	})
}

// ReadyExport returns the database's export that is ready; its At is zero for none.
func (cp *Copies) ReadyExport(d id.Database) Export {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	if p := cp.exports[d]; p != nil && cp.now().Sub(p.At) < exportLifetime {
		return p.Export
	}
	return Export{}
}

// takeExport hands the export out, once; nil for none.
func (cp *Copies) takeExport(d id.Database) d1.File {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	p := cp.exports[d]
	delete(cp.exports, d)
	if p == nil {
		return nil
	}
	return p.file
}

// keepExport keeps one export a database, and drops those that waited too long.
func (cp *Copies) keepExport(d id.Database, p *exportFile) {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	now := cp.now()
	for other, old := range cp.exports {
		if other == d || now.Sub(old.At) >= exportLifetime && cp.steady() {
			_ = old.file.Close()
			delete(cp.exports, other)
		}
	}
	if p != nil {
		cp.exports[d] = p
	}
}

// dropExports removes what nobody downloaded.
func (cp *Copies) dropExports() {
	cp.mu.Lock()
	defer cp.mu.Unlock()
	for d, p := range cp.exports {
		_ = p.file.Close()
		delete(cp.exports, d)
	}
}

// Import fills an empty database from an SQLite file, and returns what came and what
// didn't: leaveOut leaves out what D1 can't have. One that holds something is
// fault.Conflict, and a file that isn't one, or that can't come whole, fault.Invalid;
// nothing is changed then. What came is in Work too, and in the audit log.
func (cp *Copies) Import(ctx context.Context, a auth.Actor, name, path string, leaveOut bool) (filled d1.Filled, err error) {
	err = cp.fleet.Do(ctx, a, name, fleet.OpImport, func(_ context.Context, d fleet.Database) (fleet.Job, error) {
		return fleet.Job{Job: operation.Job{Work: func(ctx context.Context, out *audit.Entry) (err error) {
			filled, err = cp.fleet.Places.Of(d).Fill(ctx, d.ProviderID, d1.FillInput{Path: path, LeaveOut: leaveOut})
			if err == nil {
				out.Detail, out.Rows = filledWords(filled), filled.Rows
				cp.fleet.Holds.NoteFilled(d, filled)
			}
			return err
		}}}, nil
	})
	return filled, err
}
