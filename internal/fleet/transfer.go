package fleet

import (
	"context"
	"time"

	"github.com/kuratchi/dashboard/internal/audit"
	"github.com/kuratchi/dashboard/internal/auth"
	"github.com/kuratchi/dashboard/internal/d1"
	"github.com/kuratchi/dashboard/internal/id"
	"github.com/kuratchi/dashboard/internal/operation"
)

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
func (f *Fleet) PrepareExport(ctx context.Context, a auth.Actor, name string) error {
	if err := a.May(OpExport.Needs); err != nil {
		return err
	}
	return f.hold(ctx, name, OpExport, func(ctx context.Context, d Database) error {
		return f.follow(ctx, a, d, OpExport, Job{}, func(ctx context.Context) error {
			file, err := f.provider(d).Copy(ctx, d.ProviderID, "")
			if err != nil {
				return err
			}
			f.keepExport(d.ID, &exportFile{Export: Export{Size: file.Size(), At: f.now()}, file: file})
			return nil
		})
	})
}

// withProgress is a context whose long calls note their progress with the database's work.
func (f *Fleet) withProgress(ctx context.Context, d Database) context.Context {
	return d1.WithProgress(ctx, func(step string, done, total int64) { f.noteProgress(d, step, done, total) })
}

// ReadyExport returns the database's export that is ready; its At is zero for none.
func (f *Fleet) ReadyExport(d id.Database) Export {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.exports[d]; p != nil && f.now().Sub(p.At) < exportLifetime {
		return p.Export
	}
	return Export{}
}

// takeExport hands the export out, once; nil for none.
func (f *Fleet) takeExport(d id.Database) d1.File {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.exports[d]
	delete(f.exports, d)
	if p == nil {
		return nil
	}
	return p.file
}

// keepExport keeps one export a database, and drops those that waited too long.
func (f *Fleet) keepExport(d id.Database, p *exportFile) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for other, old := range f.exports {
		if other == d || now.Sub(old.At) >= exportLifetime && f.steady() {
			_ = old.file.Close()
			delete(f.exports, other)
		}
	}
	if p != nil {
		f.exports[d] = p
	}
}

// dropExports removes what nobody downloaded.
func (f *Fleet) dropExports() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for d, p := range f.exports {
		_ = p.file.Close()
		delete(f.exports, d)
	}
}

// Import fills an empty database from an SQLite file, and returns what came and what
// didn't: leaveOut leaves out what D1 can't have. One that holds something is
// fault.Conflict, and a file that isn't one, or that can't come whole, fault.Invalid;
// nothing is changed then. What came is in Work too, and in the audit log.
func (f *Fleet) Import(ctx context.Context, a auth.Actor, name, path string, leaveOut bool) (filled d1.Filled, err error) {
	err = f.Do(ctx, a, name, OpImport, func(_ context.Context, d Database) (Job, error) {
		return Job{Job: operation.Job{Work: func(ctx context.Context, out *audit.Entry) (err error) {
			filled, err = f.provider(d).Fill(ctx, d.ProviderID, d1.FillInput{Path: path, LeaveOut: leaveOut})
			if err == nil {
				out.Detail, out.Rows = filledWords(filled), filled.Rows
				f.noteFilled(d, filled)
			}
			return err
		}}}, nil
	})
	return filled, err
}
